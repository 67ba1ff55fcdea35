from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.generate.pixel_diffusion.data import Clips, Shelf, draw, to_frames, to_video
from pipeline.generate.pixel_diffusion.presets import preset
from pipeline.generate.pixel_diffusion.text import NgramEncoder
from pipeline.generate.pixel_diffusion.train import Training, load_checkpoint, thinned, train
from pipeline.generate.pixel_diffusion.trainer import Trainer, generator_for
from pipeline.messages import Finished, Progress
from renderer.errors import Refusal
from tests.pipeline.generate.pixel_diffusion.moving import squares

TOY = preset("toy", "base")


def run(out: Path, steps: int, stage: str = "base", *, resume: bool = False, workers: int = 0) -> list[object]:
    training = Training(preset("toy", stage), out, steps=steps, resume=resume, workers=workers, device="cpu")
    return list(train(training, squares))


@pytest.mark.parametrize("stage", ["base", "upsampler"])
def test_a_run_cut_in_two_is_bit_for_bit_the_run_in_one(tmp_path: Path, stage: str) -> None:
    run(tmp_path / "one", 9, stage)
    run(tmp_path / "two", 4, stage)
    run(tmp_path / "two", 9, stage, resume=True)
    one, two = (load_checkpoint(tmp_path / name / f"{stage}.pt") for name in ("one", "two"))
    for part in ("model", "average"):
        assert all(torch.equal(value, two[part][name]) for name, value in one[part].items())
    assert (tmp_path / "one" / f"{stage}.safetensors").read_bytes() == (
        tmp_path / "two" / f"{stage}.safetensors"
    ).read_bytes()


def test_videos_made_by_other_processes_are_the_same(tmp_path: Path) -> None:
    run(tmp_path / "alone", 6)
    run(tmp_path / "helped", 6, workers=1)
    one, two = (load_checkpoint(tmp_path / name / "base.pt") for name in ("alone", "helped"))
    assert all(torch.equal(value, two["model"][name]) for name, value in one["model"].items())


def test_a_toy_learns_and_says_so(tmp_path: Path) -> None:
    said = run(tmp_path, 200)
    end = said[-1]
    assert isinstance(end, Finished)
    losses = end.summary["held_out"]
    assert losses["unconditional"][0] < 0.1  # guessing the mean is 1
    assert losses["unconditional"][2] < 0.7
    assert losses["unconditional"] == sorted(losses["unconditional"])  # the more noise, the harder
    assert losses["first"][3] < losses["unconditional"][3]  # a known frame helps where noise hides the video
    assert any(isinstance(message, Progress) and message.loss is not None for message in said)


def test_the_context_and_the_prompt_are_dropped_now_and_then(tmp_path: Path) -> None:
    trainer = Trainer(TOY, NgramEncoder(64))
    with Shelf(tmp_path, squares, TOY.network, 8, 0, 0) as shelf:
        batches = [draw(shelf, TOY.train, TOY.network, 0, generator_for(0, step)) for step in range(100)]
    seen = [trainer.conditions(batch, generator_for(1, step)) for step, batch in enumerate(batches)]
    assert 0.03 < np.mean([float((told.text_mask.sum(1) == 0).float().mean()) for told in seen]) < 0.2
    assert 0.03 < np.mean([float((told.context == 0).float().mean()) for told in seen]) < 0.2


def test_known_frames_are_clean_and_the_others_hidden(tmp_path: Path) -> None:
    trainer = Trainer(TOY, NgramEncoder(64))
    with Shelf(tmp_path, squares, TOY.network, 8, 0, 0) as shelf:
        for step in range(20):
            batch = draw(shelf, TOY.train, TOY.network, step, generator_for(0, step))
            told = trainer.conditions(batch, generator_for(1, step))
            shown = told.mask[:, None, :, None, None].expand_as(batch.video) > 0
            assert torch.equal(told.known[shown], batch.video[shown])
            assert float(told.known[~shown].abs().sum()) == 0


def test_mirrored_videos_keep_their_sides_in_the_prompt(tmp_path: Path) -> None:
    def sided(seed: int, count: int, frames: int, size: tuple[int, int]) -> Clips:
        made = squares(seed, count, frames, size)
        made.frames[..., :2, :] = 255
        return Clips(made.frames, ("a square on the right",) * count, made.contexts)

    with Shelf(tmp_path, sided, TOY.network, 8, 0, 0) as shelf:
        for step in range(5):
            batch = draw(shelf, TOY.train, TOY.network, step, generator_for(0, step))
            assert float(batch.video[..., :2].min()) == 1


def test_pixels_survive_the_way_there_and_back() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5, 3), dtype=np.uint8)
    assert np.array_equal(to_frames(to_video(frames)), frames)


def test_a_run_is_not_begun_over_another(tmp_path: Path) -> None:
    run(tmp_path, 1)
    with pytest.raises(Refusal, match="--resume"):
        run(tmp_path, 2)
    with pytest.raises(Refusal, match="another configuration or seed"):
        list(train(Training(TOY, tmp_path, steps=2, seed=5, resume=True, workers=0), squares))


def test_a_checkpoint_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "base.pt").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(Refusal, match="can't be read"):
        run(tmp_path, 2, resume=True)


def test_broken_videos_are_refused(tmp_path: Path) -> None:
    run(tmp_path, 1)
    (chunk,) = (path for path in (tmp_path / "videos" / "base").glob("0_*.safetensors"))
    chunk.write_bytes(b"\xff" * 64)
    with pytest.raises(Refusal, match="delete the file"):
        run(tmp_path, 2, resume=True)


def test_numbers_that_are_none_end_the_training(tmp_path: Path) -> None:
    trainer = Trainer(TOY, NgramEncoder(64))
    with torch.no_grad():
        trainer.model.network.embed.weight.fill_(float("nan"))
        trainer.model.network.out.weight.fill_(1.0)
    with Shelf(tmp_path, squares, TOY.network, 8, 0, 0) as shelf, pytest.raises(Refusal, match="left the numbers"):
        trainer.train_step(draw(shelf, TOY.train, TOY.network, 0, generator_for(0, 0)))


def test_a_long_curve_is_thinned_by_means() -> None:
    curve = [(step, float(step)) for step in range(1000)]
    thin = thinned(curve)
    assert len(thin) == 200
    assert thin[0] == (4, 2.0)
    assert thinned([]) == []


def test_closing_a_run_keeps_its_steps_and_stopping_it_leaves_weights(tmp_path: Path) -> None:
    closed = train(Training(TOY, tmp_path, workers=0, device="cpu"), squares)
    while not isinstance(next(closed), Progress):
        pass
    closed.close()
    kept = load_checkpoint(tmp_path / "base.pt")["step"]
    assert kept > 0
    left = iter([False, False, True])
    said = list(train(Training(TOY, tmp_path, resume=True, workers=0, device="cpu"), squares, lambda: next(left)))
    assert isinstance(said[-1], Finished)
    assert said[-1].summary["steps"] == kept + 2
    assert (tmp_path / "base.safetensors").is_file()

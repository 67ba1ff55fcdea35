"""Video judges on tiny models made from configurations with random weights: real loading, real shapes, no download."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.lift import judges
from pipeline.lift.judges import ASPECTS, judged, prepared, sampled, within

transformers = pytest.importorskip("transformers", reason="the extra `judges` (transformers) is not installed")

CARD = 'Some words.\n```python\nREGRESSION_QUERY_PROMPT = """\nthe prompt is "{text_prompt}"\n"""\n```\n'
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>", "<image>", "<fake_token_around_image>"]
WORDS = ["a", "panda", "ball", "the", "prompt", "is"]
FRAMES = np.random.default_rng(0).integers(0, 255, (5, 24, 40, 3)).astype(np.uint8)


def save_tokenizer(place: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    made = Tokenizer(WordLevel({word: i for i, word in enumerate([*SPECIAL, *WORDS])}, unk_token="<unk>"))
    made.pre_tokenizer = Whitespace()
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        additional_special_tokens=SPECIAL[4:],
    )  # fmt: skip
    fast.save_pretrained(place)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both judges, tiny."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    clip = transformers.XCLIPConfig(
        text_config={**small, "vocab_size": 64, "max_position_embeddings": 12, "eos_token_id": 2},
        vision_config={
            **small, "image_size": 32, "patch_size": 16, "num_frames": 4, "mit_hidden_size": 16,
            "mit_intermediate_size": 32, "mit_num_hidden_layers": 1, "mit_num_attention_heads": 2,
        },
        projection_dim=16, prompt_layers=1, prompt_num_attention_heads=2,
    )  # fmt: skip
    transformers.XCLIPModel(clip).save_pretrained(folder / "x-clip")
    save_tokenizer(folder / "x-clip")
    numbers = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    (folder / "x-clip" / "preprocessor_config.json").write_text(json.dumps(numbers))
    text = {**small, "model_type": "mistral", "vocab_size": 64, "num_key_value_heads": 1, "pad_token_id": 0}
    score = transformers.Idefics2Config(
        text_config=text, vision_config={**small, "image_size": 56, "patch_size": 14},
        perceiver_config={
            "resampler_n_latents": 3, "resampler_depth": 1, "resampler_n_heads": 2, "resampler_head_dim": 16,
            "num_key_value_heads": 1, "hidden_size": 32,
        },
        image_token_id=4, num_labels=5,
    )  # fmt: skip
    score.save_pretrained(folder / "videoscore")
    (folder / "videoscore" / "README.md").write_text(CARD)
    size = {"longest_edge": 56, "shortest_edge": 28}
    (folder / "videoscore" / "preprocessor_config.json").write_text(json.dumps({"size": size}))
    save_tokenizer(folder / "videoscore")
    judges.scorer_class()(score).save_pretrained(folder / "videoscore")
    return folder


def test_both_judges_speak(weights: Path) -> None:
    verdict = judged(FRAMES, "a panda", weights)
    assert verdict.absent == {}
    assert set(verdict.figures) == {"x_clip", *(f"videoscore_{name}" for name in ASPECTS)}
    assert all(np.isfinite(value) for value in verdict.figures.values())
    assert judged(FRAMES, "a panda", weights).figures == pytest.approx(verdict.figures)


def test_they_look_at_the_frames_and_read_the_prompt(weights: Path) -> None:
    first = judged(FRAMES, "a panda", weights).figures
    for other in (judged(255 - FRAMES, "a panda", weights), judged(FRAMES, "the ball {text_prompt}", weights)):
        assert other.absent == {}
        assert all(other.figures[name] != value for name, value in first.items())


def test_x_clip_is_a_scaled_cosine(weights: Path) -> None:
    scale = float(transformers.XCLIPModel.from_pretrained(weights / "x-clip").logit_scale.detach().exp())
    assert abs(judged(FRAMES, "a panda", weights).figures["x_clip"]) <= scale * (1 + 1e-5)


@pytest.mark.parametrize(
    ("spoil", "judge", "words"),
    [
        (lambda place: (place / "videoscore" / "README.md").unlink(), "videoscore", "model card"),
        (lambda place: shutil.rmtree(place / "x-clip"), "x-clip", "are not in"),
        (lambda place: (place / "x-clip" / "model.safetensors").write_bytes(b"x" * 64), "x-clip", "can't be used"),
        (lambda place: (place / "videoscore" / "config.json").write_text("{"), "videoscore", "can't be used"),
        (lambda place: (place / "x-clip" / "model.safetensors").unlink(), "x-clip", "can't be used"),
    ],
)
def test_what_is_missing_or_damaged_is_absent_with_a_reason(
    weights: Path, tmp_path: Path, spoil: object, judge: str, words: str
) -> None:
    shutil.copytree(weights, tmp_path / "w")
    assert callable(spoil)
    spoil(tmp_path / "w")
    verdict = judged(FRAMES, "a panda", tmp_path / "w")
    assert set(verdict.absent) == {judge} and words in verdict.absent[judge]
    assert "\n" not in verdict.absent[judge] and verdict.figures


def test_weights_of_another_model_are_told_apart(weights: Path, tmp_path: Path) -> None:
    shutil.copytree(weights, tmp_path / "w")
    config = json.loads((tmp_path / "w" / "videoscore" / "config.json").read_text())
    transformers.Idefics2Model(transformers.Idefics2Config(**config)).save_pretrained(tmp_path / "w" / "videoscore")
    assert "can't be used" in judged(FRAMES, "a panda", tmp_path / "w").absent["videoscore"]


def test_without_transformers_or_a_prompt_they_are_absent(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(judged(FRAMES, "", weights).absent) == {"x-clip", "videoscore"}
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    verdict = judged(FRAMES, "a panda", weights)
    assert verdict.figures == {} and all("not installed" in reason for reason in verdict.absent.values())


def test_the_cache_is_looked_at_and_nothing_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a judge went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(judges, "REPOSITORIES", {name: f"nobody/{name}-nowhere" for name in judges.REPOSITORIES})
    verdict = judged(FRAMES, "a panda")
    assert verdict.figures == {}
    assert all("Hugging Face cache" in reason for reason in verdict.absent.values())


def test_frames_are_spread_and_normalised() -> None:
    assert [int(f[0, 0, 0]) for f in sampled(np.arange(9, dtype=np.uint8).reshape(9, 1, 1, 1), 3)] == [0, 4, 8]
    assert len(sampled(FRAMES, 8)) == 8
    white = prepared(np.full((1, 8, 8, 3), 255, np.uint8), (4, 4), (0.5,) * 3, (0.25,) * 3)
    assert white.shape == (1, 3, 4, 4) and float(white.min()) == pytest.approx(2.0, abs=1e-5)


@pytest.mark.parametrize(
    ("size", "fitted"), [((1080, 1920), (551, 980)), ((256, 256), (378, 378)), ((400, 600), (400, 600))]
)
def test_sizes_are_idefics2s(size: tuple[int, int], fitted: tuple[int, int]) -> None:
    assert within(size, {}) == fitted

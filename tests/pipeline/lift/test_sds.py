"""Score distillation: the textbook's gradient, a known optimum, what a look is, and exact continuation."""

from __future__ import annotations

import dataclasses
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.generate.served_refiner import ServedRefiner
from pipeline.generate.serving import PriorServer
from pipeline.lift import sds
from pipeline.lift.checkpoint import load_checkpoint, save_checkpoint
from pipeline.lift.footage import Footage
from pipeline.lift.schedule import (
    CAMERAS,
    MULTI_VIEW_SDS,
    PER_FRAME,
    SPLATS,
    TEMPORAL,
    TEMPORAL_SDS,
    Distillation,
    Phase,
    Schedule,
    undistilled,
)
from pipeline.lift.trainer import Trainer
from pipeline.lift.views import VirtualVideo, Window
from renderer.camera import Camera
from renderer.diff.deformation import NodeField
from tests.fakes import priors
from tests.fakes.latent import LatentToy
from tests.fakes.servers import running
from tests.pipeline.lift.test_trainer import assert_same, footage, run, shown, truth

SHAPE = (3, 5, 2, 3)
LOOK = Distillation(radius=0.05, supersampling=4)
REUSED = dataclasses.replace(LOOK, steps=2, reuse=3)


def network(z: Tensor, noise: float) -> Tensor:
    """Some smooth function that is no denoiser at all: the identities must hold for any prediction."""
    return torch.sin(3.0 * z + noise) + 0.3 * z.flip(2)


def noise_of(video: Tensor, seed: int) -> Tensor:
    return sds.noise_like(video, seed)


def textbook(prior: priors.DdpmPrior, x: Tensor, eps: Tensor, sigma: float) -> Tensor:
    """Gradient of 0.5 ||x - x0||^2 by the score: weight x (predicted - true), in the model's own terms."""
    noisy = x + sigma * eps
    if isinstance(prior, priors.SnapPrior):
        s, d2, n = sigma / prior.IN, prior.DATA**2, prior.IN
        predicted = (prior.velocity(noisy, sigma) + n * s * noisy / n) / (d2 + n * s**2)
        return n * s * (predicted - eps)
    if isinstance(prior, priors.FlowPrior):
        t = sigma / (1.0 + sigma)
        return t * (network((1.0 - t) * x + t * eps, t) - (eps - x))
    if isinstance(prior, priors.EdmPrior):
        d2 = prior.DATA**2
        root = math.sqrt(sigma**2 + d2)
        predicted = sigma * noisy / root**2 - network(noisy / root, sigma) * prior.DATA / root
        return sigma * (predicted - eps)
    alpha = 1.0 / math.sqrt(1.0 + sigma**2)
    predicted = network(alpha * x + alpha * sigma * eps, sigma)
    return (alpha * sigma / alpha) * (predicted - eps)


@pytest.mark.parametrize("kind", [priors.DdpmPrior, priors.EdmPrior, priors.SnapPrior, priors.FlowPrior])
@pytest.mark.parametrize("time", [0.2, 0.6, 0.9])
def test_the_gradient_is_score_distillation_in_every_parameterisation(
    kind: type[priors.DdpmPrior], time: float
) -> None:
    prior = kind(network, SHAPE)
    x = (
        torch.rand(1, *SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 2 - 1
    ).requires_grad_()
    target = sds.OneStep(prior).target(x, time, "dynamic", 7)
    assert not target.requires_grad
    sds.distillation_loss(x, target).backward()
    sigma = sds.sigma_at(time, prior.sigma_range)
    expected = textbook(prior, x.detach(), noise_of(x.detach(), 7), sigma)
    counted = x[:, :, 1:].numel()
    assert x.grad is not None
    torch.testing.assert_close(x.grad[:, :, 1:] * counted / 2, expected[:, :, 1:], rtol=1e-9, atol=1e-9)
    assert not x.grad[:, :, 0].any()  # the first frame is given


def random_prior(frames: int = 4, size: tuple[int, int] = (2, 3)) -> priors.GaussianPrior:
    g = torch.Generator().manual_seed(3)
    n = 3 * frames * size[0] * size[1]
    half = torch.randn(n, n, generator=g, dtype=torch.float64) / n**0.5
    mean = torch.rand(3, frames, *size, generator=g) - 0.5
    return priors.GaussianPrior(mean, 0.3 * half @ half.T + 0.01 * torch.eye(n, dtype=torch.float64))


@pytest.mark.parametrize("steps", [1, 4])
def test_the_known_optimum_of_a_gaussian_prior_is_reached(steps: int) -> None:
    prior = random_prior()
    first = torch.rand(3, 2, 3, generator=torch.Generator().manual_seed(5)) - 0.5
    mask = torch.zeros(4, dtype=torch.bool)
    mask[0] = True
    known = torch.zeros(3, 4, 2, 3)
    known[:, 0] = first
    optimum = prior.given(known, mask)[0].reshape(3, 4, 2, 3).float()
    video = torch.zeros(1, 3, 4, 2, 3)
    video[0, :, 0] = first
    video.requires_grad_()
    adam = torch.optim.Adam([video], lr=0.01)
    how = dataclasses.replace(Distillation(), steps=steps, t_min=0.3)
    teacher = sds.teacher_of(prior, how)
    before = float((video - optimum)[0, :, 1:].abs().mean().detach())
    for i in range(300):
        adam.param_groups[0]["lr"] = 0.01 * (1 - i / 300)
        adam.zero_grad()
        target = teacher.target(video.detach(), sds.annealed_time(i / 300, how), "dynamic", i)
        sds.distillation_loss(video, target).backward()
        adam.step()
    after = float((video - optimum)[0, :, 1:].abs().mean().detach())
    assert after < 0.2 * before
    assert torch.equal(video[0, :, 0], first)


def test_several_steps_end_on_what_a_certain_prior_knows() -> None:
    prior = priors.GaussianPrior(torch.full((3, 3, 2, 2), 0.4), 1e-8 * torch.eye(36, dtype=torch.float64))
    video = torch.zeros(1, 3, 3, 2, 2)
    target = sds.SeveralSteps(prior, 4).target(video, 0.7, "dynamic", 0)
    torch.testing.assert_close(target[:, :, 1:], torch.full((1, 3, 2, 2, 2), 0.4), atol=1e-3, rtol=0)
    assert prior.asked == 4


def test_noise_levels_are_edms_and_annealing_is_hifas() -> None:
    assert sds.sigma_at(0.0, (0.002, 80.0)) == pytest.approx(0.002)
    assert sds.sigma_at(1.0, (0.002, 80.0)) == pytest.approx(80.0)
    assert sds.sigma_at(7 / 17, (0.002, 80.0)) == pytest.approx(1.088, abs=2e-3)  # EDM's 18 levels, the eleventh
    how = Distillation()
    times = [sds.annealed_time(i / 100, how) for i in range(101)]
    assert times[0] == how.t_max and times[-1] == pytest.approx(how.t_min)
    assert times[25] == pytest.approx((how.t_max + how.t_min) / 2)
    assert all(a > b for a, b in itertools.pairwise(times))


def test_area_downsampling_and_windows_of_real_pictures() -> None:
    image = torch.arange(24.0).reshape(4, 6, 1).expand(4, 6, 3)
    small = sds.shrunk(image[None], (2, 3))
    assert small.shape == (1, 3, 1, 2, 3)
    assert float(small[0, 0, 0, 0, 0]) == pytest.approx((0 + 1 + 6 + 7) / 4)
    part = sds.cut_out(image, Window(-1, 4, 3, 4))
    assert part[..., 0].tolist() == [[4, 5, 5, 5], [4, 5, 5, 5], [10, 11, 11, 11]]


# -- with the trainer -------------------------------------------------------------------------------------------------


def table(how: Distillation = LOOK, steps: int = 8) -> Schedule:
    both = {"l1": 1.0, "norm": 0.01, "diff": 0.01, "rigid": 0.1, "rot": 0.1, MULTI_VIEW_SDS: 5.0, TEMPORAL_SDS: 20.0}
    return Schedule(
        name="tiny", field="nodes",
        phases=(
            Phase("a", 4, "freeze-time", (SPLATS, PER_FRAME, CAMERAS), {"l1": 1.0, "small-motion": 0.01}),
            Phase(
                "views", steps, "freeze-time", (SPLATS, PER_FRAME, CAMERAS), {"l1": 1.0, MULTI_VIEW_SDS: 5.0},
                distillation=how,
            ),
            Phase("motion", 4, "reference", (TEMPORAL,), {"l1": 1.0}),
            Phase("joint", steps, "both", (SPLATS, PER_FRAME, TEMPORAL, CAMERAS), both, distillation=how),
        ),
    )  # fmt: skip


def trainer(schedule: Schedule, prior: object | None, film: Footage | None = None) -> Trainer:
    torch.manual_seed(0)
    raw = truth()
    raw["means"] = raw["means"] + 0.004 * torch.randn(raw["means"].shape)
    fields = [NodeField(raw["means"][::24], [0.0, 1.0, 2.0, 3.0], 0.0) for _ in range(2)]
    distiller = None if prior is None else sds.Distiller(prior, 0, "a blob")  # type: ignore[arg-type]
    return Trainer(schedule, film or footage(), raw, fields[0], fields[1], 0, distiller)


def still(size: tuple[int, int] = (3, 4)) -> priors.GaussianPrior:
    return priors.like_the_first_frame(4, size)


def test_a_scene_goes_where_the_prior_is_certain_it_should() -> None:
    size, colour = (2, 3), torch.tensor([0.8, 0.2, 0.5])
    mean = (2 * colour - 1).reshape(3, 1, 1, 1).expand(3, 4, *size).contiguous()
    prior = priors.GaussianPrior(mean, 1e-4 * torch.eye(mean.numel(), dtype=torch.float64))
    row = Phase("views", 60, "freeze-time", (SPLATS,), {"l1": 0.0, MULTI_VIEW_SDS: 5.0}, distillation=LOOK)
    subject = trainer(Schedule("tiny", (row,), "nodes"), prior)

    def off() -> float:
        views = [
            shown({k: v.detach() for k, v in subject.population.params.items()}, 0.0, c) for c in film.cameras[1:3]
        ]
        return float(torch.stack([(v.mean((0, 1)) - colour).abs().mean() for v in views]).mean())

    film = subject.footage
    before = off()
    run(subject, 60)
    assert off() < 0.5 * before


def test_without_a_model_the_rows_are_as_they_were() -> None:
    asked = trainer(table(), None)
    plain = trainer(undistilled(table()), None)
    steps = asked.schedule.total_steps
    assert run(asked, steps) == run(plain, steps)
    assert_same(asked.state(), plain.state())


def test_distillation_draws_nothing_from_the_trainers_random_numbers() -> None:
    with_model, without = trainer(table(), still()), trainer(undistilled(table()), None)
    a, b = run(with_model, 12), run(without, 12)
    assert a[:4] == b[:4] and a[4:] != b[4:]
    assert torch.equal(with_model.random.get_state(), without.random.get_state())
    assert with_model.visits.queue == without.visits.queue


@pytest.mark.parametrize(("cut", "how"), [(7, LOOK), (12, REUSED), (19, LOOK), (22, REUSED)])
def test_resuming_within_a_row_that_distils_is_bit_exact(how: Distillation, cut: int, tmp_path: Path) -> None:
    whole = trainer(table(how), still())
    expected = run(whole, whole.schedule.total_steps)
    before = trainer(table(how), still())
    run(before, cut)
    save_checkpoint(before.state(), tmp_path / "checkpoint.pt")
    after = trainer(table(how), still())
    after.restore(load_checkpoint(tmp_path / "checkpoint.pt"))
    assert run(after, whole.schedule.total_steps - cut) == expected[cut:]
    assert_same(after.state(), whole.state())


def test_the_joint_row_takes_turns_and_moves_the_frames_that_it_looks_at() -> None:
    joint = table().phases[3]
    kinds = [sds.kind_at(joint, step, footage()) for step in range(4)]
    assert kinds == [MULTI_VIEW_SDS, TEMPORAL_SDS, MULTI_VIEW_SDS, TEMPORAL_SDS]
    later = dataclasses.replace(joint, distillation=Distillation(start=3, every=2))
    assert [sds.kind_at(later, step, footage()) for step in range(8)] == [
        None, None, None, MULTI_VIEW_SDS, None, TEMPORAL_SDS, None, MULTI_VIEW_SDS
    ]  # fmt: skip
    still_film = dataclasses.replace(footage(), reference_frames=(0,), reference_images=footage().reference_images[:1])
    assert {sds.kind_at(joint, step, still_film) for step in range(4)} == {MULTI_VIEW_SDS}
    assert sds.kind_at(table().phases[0], 0, footage()) is None


def test_a_step_of_time_moves_every_frame_on_its_way_and_not_the_canonical_one() -> None:
    only = {"l1": 0.0, TEMPORAL_SDS: 20.0}
    row = Phase("joint", 4, "reference", (SPLATS, TEMPORAL), only, distillation=LOOK)
    subject = trainer(Schedule("tiny", (row,), "nodes"), still())
    with torch.no_grad():
        subject.population.params["rgb"][:80] = 1.0
        assert isinstance(subject.temporal, NodeField)
        for k, table_row in enumerate(subject.temporal.translation):
            table_row += 0.05 * k
    before = [row.detach().clone() for row in subject.temporal.translation]
    subject.step()
    assert subject.distiller is not None and subject.distiller.times[0] == 0.0
    moved = [not torch.equal(a, b) for a, b in zip(before, subject.temporal.translation, strict=True)]
    assert moved == [False, True, True, True]


@dataclasses.dataclass(eq=False)
class Redoer:
    """A model that is asked for whole videos and keeps what it was asked."""

    n_frames: int = 4
    size: tuple[int, int] = (3, 4)
    asked: list[tuple[float, int, str, str, int]] = dataclasses.field(default_factory=list)
    firsts: list[Tensor] = dataclasses.field(default_factory=list)

    def refine(self, video: Tensor, strength: float, steps: int, prompt: str, context: str, seed: int) -> Tensor:
        assert not video.requires_grad
        self.asked.append((strength, steps, prompt, context, seed))
        self.firsts.append(video[0, :, 0])
        return video * 0.5


def test_a_model_that_redoes_videos_is_asked_now_and_then_and_its_answer_serves_meanwhile() -> None:
    model = Redoer()
    row = Phase(
        "joint", 40, "both", (SPLATS, TEMPORAL), {"l1": 1.0, MULTI_VIEW_SDS: 5.0, TEMPORAL_SDS: 20.0}, distillation=LOOK
    )
    subject = trainer(Schedule("tiny", (row,), "nodes"), model)
    run(subject, 2 * sds.REFINED_REUSE)
    assert [context for *_, context, _ in model.asked] == ["freeze_time", "dynamic"]
    run(subject, 1)
    assert len(model.asked) == 3 and len({seed for *_, seed in model.asked}) == 3
    assert {steps for _, steps, *_ in model.asked} == {sds.REFINED_STEPS}
    assert {prompt for _, _, prompt, *_ in model.asked} == {"a blob"}
    assert model.asked[2][0] < model.asked[0][0]  # annealed


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_scene_goes_where_a_latent_model_is_certain_wherever_that_runs(elsewhere: bool) -> None:
    """Denoise in several steps, then regress; the model works on latents, in this process or behind a connection."""
    toy = LatentToy(colour=(0.6, -0.6, 0.0))
    colour = (torch.tensor(toy.colour) + 1) / 2
    row = Phase("views", 48, "freeze-time", (SPLATS,), {"l1": 0.0, MULTI_VIEW_SDS: 5.0}, distillation=LOOK)

    def off(subject: Trainer) -> float:
        raw = {k: v.detach() for k, v in subject.population.params.items()}
        views = [shown(raw, 0.0, camera).mean((0, 1)) for camera in subject.footage.cameras[1:3]]
        return float(torch.stack([(view - colour).abs().mean() for view in views]).mean())

    def distilled(model: object, steps: int) -> tuple[float, list[float]]:
        subject = trainer(Schedule("tiny", (row,), "nodes"), model)
        before = off(subject)
        losses = run(subject, steps)
        return off(subject) / before, losses

    if not elsewhere:
        left, _ = distilled(toy, 48)
        assert left < 0.7 and {steps for _, steps, *_ in toy.asked} == {sds.REFINED_STEPS}
        assert len(toy.asked) == 48 // sds.REFINED_REUSE
        return
    with running(PriorServer(toy, "toy", "127.0.0.1", 0)) as server:
        there = distilled(ServedRefiner(server.address), 10)
    assert there == distilled(LatentToy(), 10)


def test_the_condition_is_the_real_frame_where_there_is_one() -> None:
    film = dataclasses.replace(footage(), freeze_images=torch.full_like(footage().freeze_images, 0.75))
    model = Redoer()
    row = Phase("views", 4, "freeze-time", (SPLATS,), {"l1": 1.0, MULTI_VIEW_SDS: 5.0}, distillation=LOOK)
    run(trainer(Schedule("tiny", (row,), "nodes"), model, film), 1)
    torch.testing.assert_close(model.firsts[0], torch.full((3, 3, 4), 0.5))  # 0.75 in [-1, 1]
    camera = film.cameras[0]
    video = VirtualVideo((camera,) * 2, (2.0, 2.0), reference=2)
    first = sds.first_frame(video, film)
    assert first is not None and torch.equal(first, film.reference_images[2])
    assert sds.first_frame(VirtualVideo((camera,), (0.0,)), film) is None


def test_a_video_through_a_window_is_that_part_of_the_whole_render() -> None:
    subject = trainer(table(), None)
    camera = subject.footage.cameras[1]
    video = VirtualVideo((camera, camera), None)
    whole = sds.pictures(video, Window(0, 0, *camera.size), camera.size, 1, lambda _: subject.splats().activate())
    part = sds.pictures(video, Window(8, 16, 20, 28), (20, 28), 1, lambda _: subject.splats().activate(), skip=1)
    assert part.shape == (1, 3, 1, 20, 28)
    torch.testing.assert_close(
        part[0, :, 0], whole[0, :, 1, 8:28, 16:44], atol=4e-3, rtol=0
    )  # 3DGS's clamp of wide angles


def test_numbers_of_a_camera_come_back_exactly() -> None:
    camera = footage().cameras[2]
    assert Camera.from_json(camera.to_json()) == camera
    assert np.isfinite(camera.K).all()

"""Growth: who splits, who is cloned, who is pruned, and that canonical splats are left out when they must be."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipeline.lift.densify import GROW_SCALE, Population
from pipeline.lift.schedule import Growth

RULE = Growth(start=0, stop=1000, tau_grad=1e-3, tau_alpha=5e-3)


def population(n: int = 10, scale: float = 0.5 * GROW_SCALE, opacity: float = 0.5) -> Population:
    raw = {
        "means": torch.arange(3.0 * n).reshape(n, 3),
        "scales": torch.full((n, 3), scale).log(),
        "quats": torch.tensor([[1.0, 0, 0, 0]]).repeat(n, 1),
        "opacities": torch.full((n,), opacity).logit(),
        "rgb": torch.rand(n, 3),
    }
    params = {k: nn.Parameter(v) for k, v in raw.items()}
    optimisers: dict[str, torch.optim.Optimizer] = {k: torch.optim.Adam([p]) for k, p in params.items()}
    people = Population(params, optimisers)
    sum((p.square().sum() for p in params.values()), start=torch.zeros(())).backward()
    for optimiser in optimisers.values():
        optimiser.step()
        optimiser.zero_grad()
    return people


def press(people: Population, *rows: int) -> None:
    """Give these rows a gradient above the threshold."""
    people.stats["grad"][list(rows)] = 10 * RULE.tau_grad
    people.stats["seen"][:] = 1


def aligned(people: Population) -> bool:
    lengths = {len(p) for p in people.params.values()} | {len(s) for s in people.stats.values()}
    state = {len(v["exp_avg"]) for o in people.optimisers.values() for v in o.state.values()}
    return len(lengths | state) == 1


def test_small_splats_with_gradient_are_cloned() -> None:
    people = population()
    press(people, 2, 5)
    people.grow(RULE, only_new=False, prune_big=False)
    assert len(people) == 12 and aligned(people)
    torch.testing.assert_close(people.params["means"][10], people.params["means"][2])
    assert float(people.stats["grad"].abs().max()) == 0.0


def test_large_splats_with_gradient_are_split_into_two_smaller_ones() -> None:
    people = population(scale=4 * GROW_SCALE)
    before = people.params["scales"].detach().exp()[0]
    press(people, 3)
    people.grow(RULE, only_new=False, prune_big=False)
    assert len(people) == 11 and aligned(people)
    torch.testing.assert_close(people.params["scales"].detach().exp()[-1], before / 1.6, rtol=1e-2, atol=0)


def test_faint_and_oversized_splats_are_pruned() -> None:
    people = population()
    with torch.no_grad():
        people.params["opacities"][1] = torch.tensor(1e-3).logit()
        people.params["scales"][4] = torch.tensor(2.0).log()
    people.prune(RULE.tau_alpha, only_new=False, prune_big=False)
    assert len(people) == 9
    people.prune(RULE.tau_alpha, only_new=False, prune_big=True)
    assert len(people) == 8 and aligned(people)


def test_growth_stops_at_the_limit_and_takes_the_most_wanting() -> None:
    people = population()
    press(people, 1, 2, 3)
    people.stats["grad"][2] *= 5
    people.grow(Growth(0, 1000, tau_grad=1e-3, limit=11), only_new=False, prune_big=False)
    assert len(people) == 11
    torch.testing.assert_close(people.params["means"][10], people.params["means"][2])


def test_new_splats_are_seeded_once_beside_pressing_canonical_ones() -> None:
    people = population()
    press(people, 0, 7)
    people.seed_new(RULE)
    assert len(people) == 12
    assert people.stats["is_new"].tolist() == [False] * 10 + [True] * 2


def test_only_new_splats_grow_and_die_in_the_growth_of_new_splats() -> None:
    people = population()
    press(people, 0, 7)
    people.seed_new(RULE)
    canonical = people.params["means"][:10].detach().clone()
    press(people, 1, 11)
    with torch.no_grad():
        people.params["opacities"][3] = -20.0
        people.params["opacities"][10] = -20.0
    people.grow(RULE, only_new=True, prune_big=False)
    # 11 was cloned, 10 was pruned; 1 did not grow and 3 did not die.
    assert len(people) == 12 and int(people.stats["is_new"].sum()) == 2
    torch.testing.assert_close(people.params["means"][:10], canonical)


def test_an_opacity_reset_only_lowers() -> None:
    people = population(opacity=0.5)
    with torch.no_grad():
        people.params["opacities"][0] = torch.tensor(0.006).logit()
    people.reset_opacities(RULE.tau_alpha)
    alpha = people.params["opacities"].detach().sigmoid()
    torch.testing.assert_close(alpha[1:], torch.full((9,), 2 * RULE.tau_alpha))
    torch.testing.assert_close(alpha[0], torch.tensor(0.006))


def test_screen_gradients_count_in_half_images_and_only_where_seen() -> None:
    people = population(3)
    means2d = torch.zeros(1, 3, 2, requires_grad=True)
    means2d.grad = torch.tensor([[[3e-3, 0.0], [0.0, 4e-3], [1.0, 1.0]]])
    radii = torch.tensor([[[2, 2], [1, 3], [0, 0]]])
    people.observe(means2d, radii, (100, 200))
    expected: Tensor = torch.tensor([0.3, 0.2, 0.0])
    torch.testing.assert_close(people.stats["grad"], expected)
    assert people.stats["seen"].tolist() == [1.0, 1.0, 0.0]

"""The matte: still where the picture is still, free where it changes, by vote where the view sees nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from renderer.camera import Camera
from renderer.diff.deformation import NodeField
from renderer.diff.matte import Matte
from renderer.diff.splats import ActiveSplats

SIZE = (40, 60)


def matte(pose: np.ndarray | None = None) -> Matte:
    """The right half of the picture changes; the surface lies at depth 2."""
    changing = torch.zeros(SIZE, dtype=torch.bool)
    changing[:, 30:] = True
    made = Matte(changing, Camera.from_fov(np.eye(4) if pose is None else pose, 1.0, SIZE))
    made.observe(torch.full(SIZE, 2.0))
    return made


def wall(x: float, z: float = 2.0, count: int = 12) -> torch.Tensor:
    return torch.tensor([x, 0.0, z]) + torch.linspace(-0.05, 0.05, count)[:, None] * torch.tensor([1.0, 1.0, 0.0])


def test_visible_splats_move_only_where_the_picture_changes() -> None:
    moving = matte().moving(torch.cat([wall(-0.5), wall(0.5)]))
    assert not moving[:12].any() and moving[12:].all()


def test_hidden_splats_do_as_their_visible_neighbours() -> None:
    behind_right, behind_left = wall(0.5, 2.3), wall(-0.5, 2.3)
    outside_left = wall(-3.0)
    moving = matte().moving(torch.cat([wall(-0.5), wall(0.5), behind_left, behind_right, outside_left]))
    assert moving[36:48].all()
    assert not moving[24:36].any() and not moving[48:].any()


def test_the_pose_of_the_camera_counts() -> None:
    turned = np.diag([-1.0, 1.0, -1.0, 1.0])
    moving = matte(turned).moving(torch.cat([wall(-0.5, -2.0), wall(0.5, -2.0)]))
    assert moving[:12].all() and not moving[12:].any()


def test_with_too_few_visible_splats_only_what_stands_still_for_sure_does() -> None:
    moving = matte().moving(torch.tensor([[-0.5, 0.0, 2.0], [0.5, 0.0, 2.0], [-0.5, 0.0, 3.0]]))
    assert moving.tolist() == [False, True, True]


@pytest.mark.parametrize("turn", [0.0, 0.4])
def test_a_field_with_a_matte_leaves_still_splats_untouched_and_the_others_as_without(turn: float) -> None:
    means = torch.cat([wall(-0.5), wall(0.5)])
    n = len(means)
    quats = torch.tensor([[1.0, 0.0, 0.0, 0.0]]).repeat(n, 1)
    splats = ActiveSplats(means, quats, torch.full((n, 3), 0.01), torch.ones(n), torch.zeros(n, 3))
    fields = [NodeField(means[::4], (0, 1), 0.0, matte=m) for m in (None, matte())]
    for field in fields:
        with torch.no_grad():
            field.translation[1].fill_(0.1)
            field.rotation[1].fill_(turn)
        field.bind(splats)
    free, held = (field.offsets(splats, 1.0).apply(splats) for field in fields)
    torch.testing.assert_close(held.means[:12], means[:12])
    torch.testing.assert_close(held.quats[:12], quats[:12])
    torch.testing.assert_close(held.means[12:], free.means[12:])
    torch.testing.assert_close(held.quats[12:], free.quats[12:])


def test_what_it_observed_is_part_of_the_state() -> None:
    made = NodeField(wall(0.0), (0, 1), 0.0, matte=matte())
    fresh = Matte(torch.zeros(SIZE, dtype=torch.bool), Camera.from_fov(np.eye(4), 1.0, SIZE))
    other = NodeField(wall(0.0), (0, 1), 0.0, matte=fresh)
    other.load_state_dict(made.state_dict())
    assert other.matte is not None and torch.equal(other.matte.depth, torch.full(SIZE, 2.0))

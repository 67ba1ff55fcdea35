"""Laws of the deformation fields: identity where it must be, rigidity where it is promised, the network of D.3."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from renderer.diff.deformation import DeformationField, DeformationMlp, MlpField, NodeField
from renderer.diff.quaternions import quaternion_multiply, quaternion_rotate, rotation_from_vector
from renderer.diff.skinning import spread_nodes
from renderer.diff.splats import ActiveSplats

CODES = [0.0, 1.0, 2.0, 4.0]


def make_splats(n: int = 64, seed: int = 0) -> ActiveSplats:
    g = torch.Generator().manual_seed(seed)
    means = torch.randn(n, 3, generator=g, dtype=torch.float64) * 0.3 + torch.tensor([0.0, 0.0, 1.5])
    quats = nn.functional.normalize(torch.randn(n, 4, generator=g, dtype=torch.float64), dim=-1)
    scales = torch.rand(n, 3, generator=g, dtype=torch.float64) * 0.05 + 0.01
    return ActiveSplats(
        means, quats, scales, torch.rand(n, generator=g).double(), torch.rand(n, 3, generator=g).double()
    )


def node_field(splats: ActiveSplats, network: bool = False, canonical: float = 1.0) -> NodeField:
    return NodeField(splats.means[spread_nodes(splats.means, 12)], CODES, canonical, network)


def disturb(module: nn.Module, seed: int = 1) -> None:
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=g, dtype=parameter.dtype))


@pytest.fixture(params=["mlp", "nodes", "node network"])
def field(request: pytest.FixtureRequest) -> DeformationField:
    splats = make_splats()
    if request.param == "mlp":
        return MlpField(1.0, 4.0).double()
    return node_field(splats, network=request.param == "node network")


def test_identity_at_birth(field: DeformationField) -> None:
    splats = make_splats()
    moved = field.offsets(splats, 3.0).apply(splats)
    torch.testing.assert_close(moved.means, splats.means)
    torch.testing.assert_close(moved.quats, splats.quats)
    torch.testing.assert_close(moved.scales, splats.scales)


def test_identity_at_the_canonical_code_after_training(field: DeformationField) -> None:
    disturb(field)
    splats = make_splats()
    offsets = field.offsets(splats, 1.0)
    assert max(float(x.detach().abs().max()) for x in (offsets.dx, offsets.dq, offsets.ds)) < 1e-12
    elsewhere = field.offsets(splats, 3.0)
    assert float(elsewhere.dx.detach().abs().max()) > 1e-3


def test_motion_is_continuous_in_the_code(field: DeformationField) -> None:
    disturb(field)
    splats = make_splats()
    near, far = field.offsets(splats, 2.0), field.offsets(splats, 2.0 + 1e-6)
    assert float((near.dx - far.dx).detach().abs().max()) < 1e-3


def test_controls_agree_with_offsets_of_the_network() -> None:
    splats = make_splats()
    field = MlpField(1.0, 4.0, control_count=len(splats)).double()
    disturb(field)
    motion = field.controls(splats, torch.tensor([2.0], dtype=torch.float64))
    order = torch.cdist(motion.x0, splats.means).argmin(1)
    torch.testing.assert_close(motion.offsets.dx[0], field.offsets(splats, 2.0).dx[order])


def test_network_has_the_shape_of_appendix_d3() -> None:
    mlp = DeformationMlp()
    layers = [layer for layer in mlp.layers if isinstance(layer, nn.Linear)]
    inputs = 63 + 21
    assert [layer.in_features for layer in layers] == [inputs, 256, 256, 256, 256, 256 + inputs, 256, 256]
    assert {layer.out_features for layer in layers} == {256}
    assert [head.out_features for head in mlp.heads if isinstance(head, nn.Linear)] == [3, 4, 3]


def common_motion(field: NodeField, code: int, turn: Tensor, shift: Tensor) -> None:
    """Give every node the same rigid motion of space: x -> R x + shift."""
    q = rotation_from_vector(turn)
    with torch.no_grad():
        field.rotation[code].copy_(turn.expand(len(field.positions), 3))
        field.translation[code].copy_(
            quaternion_rotate(q.expand(len(field.positions), 4), field.positions) + shift - field.positions
        )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-0.8, 0.8), min_size=6, max_size=6))
def test_nodes_moving_alike_move_splats_rigidly(numbers: list[float]) -> None:
    splats = make_splats()
    field = node_field(splats, canonical=0.0)
    turn, shift = torch.tensor(numbers[:3]).double(), torch.tensor(numbers[3:]).double()
    common_motion(field, 2, turn, shift)
    moved = field.offsets(splats, 2.0).apply(splats)
    q = rotation_from_vector(turn).expand(len(splats), 4)
    torch.testing.assert_close(moved.means, quaternion_rotate(q, splats.means) + shift)
    torch.testing.assert_close(moved.quats, quaternion_multiply(q, splats.quats))
    torch.testing.assert_close(moved.scales, splats.scales)


def test_carry_hands_motion_outwards_only() -> None:
    field = node_field(make_splats(), canonical=1.0)
    disturb(field)
    before = [row.detach().clone() for row in field.translation]
    shift = torch.full_like(field.positions, 0.25)
    field.carry(1, 2, shift)
    torch.testing.assert_close(field.translation[2].detach(), before[1] + shift)
    torch.testing.assert_close(field.translation[3].detach(), before[1] + shift)
    torch.testing.assert_close(field.translation[0].detach(), before[0])


def test_between_stored_codes_parameters_mix_linearly() -> None:
    field = node_field(make_splats(), canonical=0.0)
    disturb(field)
    t, _ = field.motion(torch.tensor([2.0, 3.0, 4.0], dtype=torch.float64))
    torch.testing.assert_close(t[1], 0.5 * (t[0] + t[2]))


def test_nodes_that_may_not_move_stay_whatever_is_learned() -> None:
    splats = make_splats()
    nodes = splats.means[spread_nodes(splats.means, 12)]
    mobile = torch.arange(12) % 2 == 0
    field = NodeField(nodes, CODES, 1.0, mobile=mobile)
    disturb(field)
    translation, rotation = field.motion(torch.tensor([3.0], dtype=torch.float64))
    still = torch.cat([translation, rotation], -1)[0][~mobile]
    assert float(still.detach().abs().max()) == 0.0
    assert float(translation[0][mobile].detach().abs().min()) > 0.0

"""Deformation fields: how splats leave the canonical frame (Eq. 1, section 3.3, Appendix D.3).

A field answers two questions for a code c (a reference time or a freeze-time frame index, float): which offsets
do these splats get, and which offsets do its control points get (what the regularisers look at). Both kinds are zero at
the canonical code by construction, delta(x, c) = F(x, c) - F(x, c0), and zero everywhere at birth.

* `MlpField`: the paper's network, evaluated on every splat.
* `NodeField`: the linear-blend-skinning substitute that section 3.1 names: a few hundred nodes carry rigid
  motions, each splat blends its nearest ones. The motions are free parameters or the paper's network on the nodes.
"""

from __future__ import annotations

import bisect
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from renderer.diff.matte import Matte
from renderer.diff.quaternions import rotation_from_vector
from renderer.diff.skinning import Skinning, blend, skin
from renderer.diff.splats import ActiveSplats

MIN_SCALE = 1e-6


@dataclass(frozen=True, eq=False)
class Offsets:
    """dx [..., N, 3] scene units, dq [..., N, 4] added to the unit quaternion, ds [..., N, 3] added to the scale."""

    dx: Tensor
    dq: Tensor
    ds: Tensor

    def apply(self, splats: ActiveSplats) -> ActiveSplats:
        """x + dx, normalise(q + dq), max(s + ds, eps): Eq. 1 with the scales of Appendix D.3."""
        return ActiveSplats(
            splats.means + self.dx,
            nn.functional.normalize(splats.quats + self.dq, dim=-1),
            (splats.scales + self.ds).clamp_min(MIN_SCALE),
            splats.opacities,
            splats.rgb,
        )


@dataclass(frozen=True, eq=False)
class ControlMotion:
    """What a field does to its control points at C codes: x0 [P, 3] canonical, offsets [C, P, ...].

    `offsets.dq` is relative to the control's own canonical orientation `q0` [P, 4].
    """

    x0: Tensor
    q0: Tensor
    offsets: Offsets

    @property
    def quats(self) -> Tensor:
        """[C, P, 4] unit orientations at each code."""
        return nn.functional.normalize(self.q0 + self.offsets.dq, dim=-1)


class DeformationField(nn.Module, ABC):
    """See the module docstring; `bind` must follow every change of the number or order of splats."""

    canonical_code: float

    @abstractmethod
    def bind(self, splats: ActiveSplats) -> None:
        """Prepare for these splats (neighbourhoods); cheap to call again."""

    @abstractmethod
    def offsets(self, splats: ActiveSplats, code: float) -> Offsets:
        """Offsets of the bound splats at one code; zero at the canonical code."""

    @abstractmethod
    def controls(self, splats: ActiveSplats, codes: Tensor) -> ControlMotion:
        """Offsets of the control points at codes [C]."""


def positional_encoding(x: Tensor, frequencies: int) -> Tensor:
    """gamma of NeRF with identity: [..., D] -> [..., D (2 L + 1)], sin and cos of 2^l x (Deformable-3DGS)."""
    bands = 2.0 ** torch.arange(frequencies, dtype=x.dtype, device=x.device)
    angles = (x[..., None, :] * bands[:, None]).flatten(-2)
    return torch.cat([x, angles.sin(), angles.cos()], -1)


class DeformationMlp(nn.Module):
    """F of Appendix D.3: 8 x 256 ReLU, the input concatenated again at layer 4, three linear heads born zero.

    Ten frequencies for position and code, as Deformable-3DGS (the paper doesn't give them). Codes are expected
    in about [0, 1].
    """

    def __init__(self, rotation_dims: int = 4, width: int = 256, depth: int = 8, frequencies: int = 10) -> None:
        super().__init__()
        self.frequencies = frequencies
        inputs = (3 + 1) * (2 * frequencies + 1)
        self.skip = depth // 2
        sizes = [inputs] + [width] * depth
        self.layers = nn.ModuleList(
            nn.Linear(sizes[i] + (inputs if i == self.skip + 1 else 0), width) for i in range(depth)
        )
        self.heads = nn.ModuleList(nn.Linear(width, dims) for dims in (3, rotation_dims, 3))
        for head in self.heads:
            assert isinstance(head, nn.Linear)
            # Default-initialised heads throw the scene about when the network switches on after the warm-up.
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    def forward(self, x: Tensor, code: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x [N, 3], code [N, 1] -> dx [N, 3], rotation [N, rotation_dims], ds [N, 3]."""
        inputs = torch.cat([positional_encoding(x, self.frequencies), positional_encoding(code, self.frequencies)], -1)
        h = inputs
        for i, layer in enumerate(self.layers):
            h = torch.relu(layer(h))
            if i == self.skip:
                h = torch.cat([inputs, h], -1)
        dx, rotation, ds = (head(h) for head in self.heads)
        return dx, rotation, ds

    def difference(self, x: Tensor, codes: Tensor, canonical: float) -> tuple[Tensor, Tensor, Tensor]:
        """F(x, c) - F(x, c0) for codes [C]: three tensors [C, N, .]."""
        n, c = x.shape[0], codes.shape[0]
        every = torch.cat([codes, codes.new_tensor([canonical])])
        grid_x = x.expand(c + 1, n, 3).reshape(-1, 3)
        grid_c = every[:, None].expand(c + 1, n).reshape(-1, 1)
        parts = self.forward(grid_x, grid_c)
        shaped = [part.reshape(c + 1, n, -1) for part in parts]
        dx, rotation, ds = (part[:-1] - part[-1:] for part in shaped)
        return dx, rotation, ds


class MlpField(DeformationField):
    """The paper's field: `DeformationMlp` on every splat.

    Args:
        canonical_code, code_span: codes are mapped to (code - canonical) / span, so the network sees about [-1, 1].
        control_count: how many random splats the regularisers look at in one step.
    """

    def __init__(self, canonical_code: float, code_span: float, control_count: int = 2048) -> None:
        super().__init__()
        self.canonical_code = canonical_code
        self.code_span = max(code_span, 1.0)
        self.control_count = control_count
        self.mlp = DeformationMlp()

    def bind(self, splats: ActiveSplats) -> None:
        del splats

    def _unit(self, codes: Tensor) -> Tensor:
        return (codes - self.canonical_code) / self.code_span

    def offsets(self, splats: ActiveSplats, code: float) -> Offsets:
        codes = self._unit(splats.means.new_tensor([code]))
        # Positions are detached as in Deformable-3DGS: the field follows the splats, it doesn't push them.
        dx, dq, ds = self.mlp.difference(splats.means.detach(), codes, 0.0)
        return Offsets(dx[0], dq[0], ds[0])

    def controls(self, splats: ActiveSplats, codes: Tensor) -> ControlMotion:
        n = len(splats)
        pick = torch.randperm(n, device=splats.means.device)[: min(n, self.control_count)]
        x, q = splats.means.detach()[pick], splats.quats.detach()[pick]
        return ControlMotion(x, q, Offsets(*self.mlp.difference(x, self._unit(codes), 0.0)))


class NodeField(DeformationField):
    """Rigidly moving nodes, blended by nearest neighbours.

    x' = sum_m w_m (R_m (x - p_m) + p_m + t_m), q' = normalise(sum_m w_m r_m) q; scales stay (ds = 0).

    Args:
        positions: [M, 3] node rest positions p (fixed).
        codes: increasing codes at which free motions are stored; between them parameters are mixed linearly.
        canonical_code: the code with identity motion; it must be one of `codes` for free motions.
        network: evaluate the paper's MLP on the nodes instead of free parameters.
        mobile: [M] bool, nodes that may move at all (None: every one). Where nothing is seen to move, an optimiser that
            scales every gradient up to its rate would only add noise.
        matte: which splats stand still whatever their nodes do (None: not one).
    """

    NEIGHBOURS = 4

    positions: Tensor
    codes: Tensor
    mobile: Tensor

    def __init__(
        self,
        positions: Tensor,
        codes: Sequence[float],
        canonical_code: float,
        network: bool = False,
        mobile: Tensor | None = None,
        matte: Matte | None = None,
    ) -> None:
        super().__init__()
        self.matte = matte
        free = torch.ones(len(positions), dtype=torch.bool) if mobile is None else mobile
        self.register_buffer("mobile", free.to(positions)[:, None])
        self.canonical_code = canonical_code
        self.register_buffer("positions", positions.detach().clone())
        self.register_buffer("codes", torch.tensor(list(codes), dtype=positions.dtype, device=positions.device))
        self.code_span = max(float(self.codes[-1] - self.codes[0]), 1.0)
        self.mlp = DeformationMlp(rotation_dims=3).to(positions) if network else None
        if self.mlp is None:
            # One parameter a code: an optimiser then leaves the codes alone that a step has not looked at.
            self.translation = nn.ParameterList(positions.new_zeros(positions.shape) for _ in codes)
            self.rotation = nn.ParameterList(positions.new_zeros(positions.shape) for _ in codes)
        self.skinning: Skinning | None = None

    def bind(self, splats: ActiveSplats) -> None:
        means = splats.means.detach()
        self.skinning = skin(means, self.positions, min(self.NEIGHBOURS, self.positions.shape[0]))
        if self.matte is not None:
            moving = self.matte.moving(means)[:, None]
            self.skinning = Skinning(self.skinning.nodes, self.skinning.weights * moving)

    def motion(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Node translations [C, M, 3] and rotation vectors [C, M, 3] at codes [C], zero at the canonical code."""
        if self.mlp is not None:
            unit = (codes - self.canonical_code) / self.code_span
            dx, rotation, _ = self.mlp.difference(self.positions, unit, 0.0)
            return dx * self.mobile, rotation * self.mobile
        home = codes.new_tensor([self.canonical_code])
        translation = self._mix(self.translation, codes) - self._mix(self.translation, home)
        rotation = self._mix(self.rotation, codes) - self._mix(self.rotation, home)
        return translation * self.mobile, rotation * self.mobile

    def _mix(self, rows: nn.ParameterList, codes: Tensor) -> Tensor:
        table, last = torch.stack(list(rows)), len(self.codes) - 1
        if last == 0:
            return table.expand(len(codes), -1, -1)
        high = torch.searchsorted(self.codes, codes.contiguous(), right=True).clamp(1, last)
        low = high - 1
        weight = ((codes - self.codes[low]) / (self.codes[high] - self.codes[low])).clamp(0.0, 1.0)[:, None, None]
        return table[low] * (1.0 - weight) + table[high] * weight

    @torch.no_grad()
    def carry(self, source: int, target: int, shift: Tensor) -> None:
        """Start the free motion of stored code `target`, and of all beyond it, at that of `source` plus shift [M, 3].

        The network has nothing to carry.
        """
        if self.mlp is None:
            for row in range(target, len(self.codes)) if target > source else range(target, -1, -1):
                self.translation[row].copy_(self.translation[source] + shift)
                self.rotation[row].copy_(self.rotation[source])

    def stored_around(self, codes: Sequence[float]) -> set[int]:
        """Rows of the stored codes that the motions at `codes` are mixed of, without the canonical one."""
        stored = self.codes.tolist()
        rows = set()
        for code in codes:
            low = max(bisect.bisect_right(stored, code) - 1, 0)
            rows |= {low} if stored[low] >= code else {low, min(low + 1, len(stored) - 1)}
        return {row for row in rows if stored[row] != self.canonical_code}

    def only(self, rows: Collection[int]) -> None:
        """Drop the gradients of all stored codes but `rows`: regularisers alone would move codes not looked at."""
        if self.mlp is None:
            for table in (self.translation, self.rotation):
                for index, parameter in enumerate(table):
                    if index not in rows:
                        parameter.grad = None

    def offsets(self, splats: ActiveSplats, code: float) -> Offsets:
        if self.skinning is None or self.skinning.nodes.shape[0] != len(splats):
            self.bind(splats)
        assert self.skinning is not None
        translation, rotation = self.motion(self.codes.new_tensor([code]))
        turn = rotation_from_vector(rotation[0])
        dx, dq = blend(turn, translation[0], self.positions, self.skinning, splats.means, splats.quats)
        return Offsets(dx, dq, torch.zeros_like(splats.scales))

    def controls(self, splats: ActiveSplats, codes: Tensor) -> ControlMotion:
        del splats
        translation, rotation = self.motion(codes)
        identity = torch.zeros_like(rotation_from_vector(self.positions))
        identity[:, 0] = 1.0
        dq = rotation_from_vector(rotation) - identity
        return ControlMotion(self.positions, identity, Offsets(translation, dq, torch.zeros_like(translation)))

"""The compressed-token transformer of the prior: pixels in many narrow tokens, most of the work in few wide latents.

After FIT (arXiv 2305.12689) and Snap Video (arXiv 2402.14797): pixel tokens attend within their group, each group's
latents read from it, all latents attend to one another and to the prompt, and each group reads its latents back. One
difference: a patch is told by its frequencies (an orthonormal cosine transform), and each of them also reaches the
output directly, by a factor that depends on the noise and the prompt. That alone is a Wiener filter, whatever the
width of the network: its few channels are left with what a filter can't know.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.generate.pixel_diffusion.config import CONTEXTS, NetworkConfig, Triple

_FREQUENCIES = 6
"""Octaves of a position's Fourier features; 2**5 half waves over the video tell its patches apart."""


@dataclass(frozen=True, eq=False)
class Conditions:
    """What a video is denoised by, [B] of each.

    Attributes:
        known: [B, 3, T, h, w] frames in [-1, 1], zero where not known; mask: [B, T] float, 1 where known.
        text: [B, L, D] tokens of the prompt; text_mask: [B, L] bool, no token: no prompt.
        context: [B] rows of `CONTEXTS`.
        extra: [B, 3, T, h, w], the enlarged small video, for the upsampler.
        window: (t, y, x) of the first pixel of the crop in the whole video; zeros: all of it.
    """

    known: Tensor
    mask: Tensor
    text: Tensor
    text_mask: Tensor
    context: Tensor
    extra: Tensor | None = None
    window: Triple = (0, 0, 0)

    def part(self, rows: slice) -> Conditions:
        """Those of some of the videos."""
        extra = None if self.extra is None else self.extra[rows]
        known, mask, text, there = self.known[rows], self.mask[rows], self.text[rows], self.text_mask[rows]
        return Conditions(known, mask, text, there, self.context[rows], extra, self.window)

    def beside(self, other: Conditions) -> Conditions:
        """Those of both, of the same sizes and window."""
        pairs = ("known", "mask", "text", "text_mask", "context", "extra")
        both = {name: (getattr(self, name), getattr(other, name)) for name in pairs}
        joined = {name: None if a is None else torch.cat([a, b]) for name, (a, b) in both.items()}
        return Conditions(**joined, window=self.window)  # type: ignore[arg-type]


class Attention(nn.Module):
    """Multi-head attention of `x` to `y` (itself when None), with normalised queries and keys."""

    def __init__(self, width: int, other: int, head: int) -> None:
        super().__init__()
        self.heads, self.head = width // head, head
        self.q = nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(other, 2 * width, bias=False)
        self.out = nn.Linear(width, width)
        self.norm_q, self.norm_k = nn.RMSNorm(head, eps=1e-6), nn.RMSNorm(head, eps=1e-6)

    def forward(self, x: Tensor, y: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """x [N, n, width], y [N, m, other], mask [N, m] bool, True where y may be looked at."""
        y = x if y is None else y
        n, m = x.shape[1], y.shape[1]
        q = self.norm_q(self.q(x).view(-1, n, self.heads, self.head)).transpose(1, 2)
        k, v = self.kv(y).view(-1, m, 2, self.heads, self.head).unbind(2)
        k = self.norm_k(k).transpose(1, 2)
        allowed = None if mask is None else mask[:, None, None, :]
        seen = F.scaled_dot_product_attention(q, k.to(q.dtype), v.transpose(1, 2).to(q.dtype), attn_mask=allowed)
        out: Tensor = self.out(seen.transpose(1, 2).reshape(-1, n, self.heads * self.head))
        return out


class Modulation(nn.Module):
    """A layer norm whose scale and shift depend on what the video is denoised by; at birth a plain norm."""

    def __init__(self, width: int, cond: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.gain = nn.Linear(cond, 2 * width)
        nn.init.zeros_(self.gain.weight)
        nn.init.zeros_(self.gain.bias)

    def forward(self, x: Tensor, cond: Tensor) -> Tensor:
        """x [B * k, n, width] by cond [B, cond], k groups for each video."""
        scale, shift = self.gain(cond).repeat_interleave(len(x) // len(cond), 0)[:, None].chunk(2, -1)
        out: Tensor = self.norm(x) * (1 + scale) + shift
        return out


class Neighbours(nn.Module):
    """What stands beside a token along each axis of the grid, channel by channel; nothing beyond the grid's ends.

    Attention has to learn from nothing which tokens are near; this says so.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(3, 2, width))

    def forward(self, x: Tensor, grid: Triple) -> Tensor:
        """x [N, t * y * x, width] on a `grid` of (t, y, x) tokens."""
        cells = x.unflatten(1, grid)
        out = torch.zeros_like(cells)
        for sides, weights in zip(_beside(cells), self.weights.to(x.dtype), strict=True):
            out = out + sides[0] * weights[0] + sides[1] * weights[1]
        return out.flatten(1, 3)


def _beside(cells: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The (before, after) neighbours of cells [N, t, y, x, ...] along t, y and x, zero beyond the ends."""
    sides = []
    for axis in (1, 2, 3):
        edge = torch.zeros_like(cells.narrow(axis, 0, 1))
        rest = cells.shape[axis] - 1
        before = torch.cat([edge, cells.narrow(axis, 0, rest)], axis)
        after = torch.cat([cells.narrow(axis, 1, rest), edge], axis)
        sides.append((before, after))
    return sides


class Layer(nn.Module):
    """Self-attention and a feed-forward step over the tokens that are together; four times wider inside.

    `near`: tokens lie on a grid, and hear their neighbours on it besides.
    """

    def __init__(self, width: int, head: int, cond: int, *, near: bool = False) -> None:
        super().__init__()
        self.near = Neighbours(width) if near else None
        self.before, self.attention = Modulation(width, cond), Attention(width, width, head)
        self.between = Modulation(width, cond)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))

    def forward(self, x: Tensor, cond: Tensor, grid: Triple = (1, 1, 1)) -> Tensor:
        calm = self.before(x, cond)
        x = x + self.attention(calm)
        if self.near is not None:
            x = x + self.near(calm, grid)
        fed: Tensor = x + self.feed(self.between(x, cond))
        return fed


class Block(nn.Module):
    """Local layers, read, global layers, write."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        c, d, head = config.channels, config.latent_channels, config.head
        self.group = config.group
        self.local = nn.ModuleList(Layer(c, head, d, near=True) for _ in range(config.local_layers))
        self.read_z, self.read_x, self.read = nn.LayerNorm(d), nn.LayerNorm(c), Attention(d, c, head)
        self.hear_z, self.hear = nn.LayerNorm(d), Attention(d, d, head)
        self.globally = nn.ModuleList(Layer(d, head, d) for _ in range(config.global_layers))
        self.write_x, self.write_z, self.write = nn.LayerNorm(c), nn.LayerNorm(d), Attention(c, d, head)

    def forward(self, x: Tensor, z: Tensor, cond: Tensor, told: Tensor, told_mask: Tensor) -> tuple[Tensor, Tensor]:
        """x [B * G, n, C], z [B * G, m, D], cond [B, D], told [B, L, D] -> x, z."""
        for layer in self.local:
            x = layer(x, cond, self.group)
        z = z + self.read(self.read_z(z), self.read_x(x))
        everyone = z.reshape(len(cond), -1, z.shape[-1])
        everyone = everyone + self.hear(self.hear_z(everyone), told, told_mask)
        for layer in self.globally:
            everyone = layer(everyone, cond)
        z = everyone.reshape(z.shape)
        return x + self.write(self.write_x(x), self.write_z(z)), z


class VideoTransformer(nn.Module):
    """F of the preconditioning: a scaled noisy video and conditions -> [B, 3, T, h, w], any size of whole patches."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        c, d = config.channels, config.latent_channels
        token = math.prod(config.patch)
        self.embed = nn.Linear(token * (16 + config.extra), c)
        self.place_x, self.place_z = nn.Linear(6 * _FREQUENCIES, c), nn.Linear(6 * _FREQUENCIES, d)
        self.latents = nn.Parameter(torch.randn(config.latents, d) * 0.5)
        self.noise = nn.Sequential(nn.Linear(64, d), nn.SiLU(), nn.Linear(d, d))
        self.context = nn.Embedding(len(CONTEXTS), d)
        self.text, self.gist = nn.Linear(config.text_width, d), nn.Linear(config.text_width, d)
        self.nothing = nn.Parameter(torch.randn(d) * 0.1)  # what latents hear beside the prompt, or instead of one
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.blocks))
        self.last = Modulation(c, d)
        self.filter = nn.Linear(d, token * (15 + config.extra))  # a factor for each frequency
        self.out = nn.Linear(c, token * 3)
        self._start()

    def _start(self) -> None:
        for block in self.blocks:
            assert isinstance(block, Block)
            for attention in (block.read, block.hear, block.write):
                nn.init.normal_(attention.out.weight, std=0.02)
            for layer in (*block.local, *block.globally):
                assert isinstance(layer, Layer)
                nn.init.normal_(layer.attention.out.weight, std=0.02)
                nn.init.normal_(layer.feed[2].weight, std=0.02)  # type: ignore[arg-type]
        nn.init.normal_(self.context.weight, std=0.1)
        for module in (self.filter, self.out):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)

    def forward(self, scaled: Tensor, noise: Tensor, conditions: Conditions) -> Tensor:
        """`scaled` [B, 3, T, h, w] has unit variance; `noise` [B] is ln(s) / 4."""
        mask = conditions.mask[:, None, :, None, None].to(scaled.dtype)
        shown = [scaled, _held(conditions.known, conditions.mask), mask.expand(-1, 1, -1, *scaled.shape[3:])]
        if self.config.extra:
            assert conditions.extra is not None, "the upsampler is shown a small video"
            shown.append(conditions.extra)
        video = self._padded(torch.cat(shown, 1))
        grid = self._grid(video)
        turn = _frequencies(self.config.patch).to(scaled)
        cells = _with_neighbours(_cells(video, self.config.patch) @ turn.T)
        tokens = _grouped(cells, self.config.group, grid)
        cond, told, told_mask = self._told(noise, conditions)
        here, group = self._places(grid, conditions.window, scaled.device)
        x = self.embed(tokens) + self.place_x(here).repeat(len(scaled), 1, 1)
        z = (self.latents + self.place_z(group)[:, None]).repeat(len(scaled), 1, 1)
        for block in self.blocks:
            x, z = block(x, z, cond, told, told_mask)
        made = (self.out(self.last(x, cond)) + self._filtered(tokens, cond)).to(scaled.dtype)
        t, h, w = scaled.shape[2:]
        return _joined(made.unflatten(-1, (3, -1)) @ turn, self.config, grid)[:, :, :t, :h, :w]

    def _filtered(self, tokens: Tensor, cond: Tensor) -> Tensor:
        """Each frequency by its own factor, of the noisy, the known and the small video and of what is noisy beside.

        Added up: [B * G, n, 3 * P].
        """
        kinds = 5 + self.config.extra // 3
        factors = self.filter(cond).repeat_interleave(len(tokens) // len(cond), 0)
        parts = tokens.unflatten(-1, (16 + self.config.extra, -1))
        parts = torch.cat([parts[..., :6, :], parts[..., 7:, :]], -2).unflatten(-2, (kinds, 3))
        out: Tensor = (parts * factors.view(len(tokens), 1, kinds, 3, -1)).sum(-3).flatten(-2)
        return out

    def _told(self, noise: Tensor, conditions: Conditions) -> tuple[Tensor, Tensor, Tensor]:
        """The one vector [B, D] that modulates every layer, and what latents listen to, [B, L + 2, D] with its mask."""
        turns = noise[:, None] * torch.exp(torch.linspace(0, 3, 32, device=noise.device))
        level = self.noise(torch.cat([turns.sin(), turns.cos()], -1))
        context = self.context(conditions.context)
        words = self.text(conditions.text)
        there = conditions.text_mask[..., None].to(words.dtype)
        gist = (conditions.text * there).sum(1) / there.sum(1).clamp(min=1)
        heard = (there.sum(1) > 0).to(words.dtype)
        told = torch.cat([self.nothing.expand(len(noise), 1, -1), (level + context)[:, None], words], 1)
        always = torch.ones(len(noise), 2, dtype=torch.bool, device=noise.device)
        return F.silu(level + context + self.gist(gist) * heard), told, torch.cat([always, conditions.text_mask], 1)

    def _padded(self, video: Tensor) -> Tensor:
        """Whole groups, by repeating the last pixels."""
        whole = [p * g for p, g in zip(self.config.patch, self.config.group, strict=True)]
        t, h, w = (-n % side for n, side in zip(video.shape[2:], whole, strict=True))
        return F.pad(video, (0, w, 0, h, 0, t), mode="replicate") if t or h or w else video

    def _grid(self, video: Tensor) -> Triple:
        t, h, w = (n // p // g for n, p, g in zip(video.shape[2:], self.config.patch, self.config.group, strict=True))
        return t, h, w

    def _places(self, grid: Triple, window: Triple, device: torch.device) -> tuple[Tensor, Tensor]:
        """Fourier features of tokens [G, n, 36] and of group centres [G, 36], from places in the whole video."""
        config, axes = self.config, []
        whole = (config.frames, *config.size)
        for count, patch, group, first, length in zip(grid, config.patch, config.group, window, whole, strict=True):
            axes.append((first + patch * (torch.arange(count * group, device=device) + 0.5)) / length)
        at = torch.stack(torch.meshgrid(*axes, indexing="ij"), 0)[None]
        tokens = _grouped(at.float().movedim(1, -1), config.group, grid)
        return _fourier(tokens), _fourier(tokens.mean(1))


def _held(known: Tensor, mask: Tensor) -> Tensor:
    """Known frames [B, 3, T, h, w] by `mask` [B, T], each held until the next: the nearest one wherever none is known.

    The mask says which are real; zeros where no frame of the video is.
    """
    at = torch.arange(mask.shape[1], device=mask.device)
    far = (at[:, None] - at).abs() + (mask == 0)[:, None, :] * 2 * len(at)
    nearest = far.argmin(-1)[:, None, :, None, None].expand_as(known)
    there = (mask > 0).any(1).to(known.dtype)
    return known.gather(2, nearest) * there.view(-1, 1, 1, 1, 1)


def _fourier(at: Tensor) -> Tensor:
    turns = at[..., None] * (math.pi * 2.0 ** torch.arange(_FREQUENCIES, device=at.device) / 2)
    return torch.cat([turns.sin(), turns.cos()], -1).flatten(-2)


def _grouped(cells: Tensor, group: Triple, grid: Triple) -> Tensor:
    """[B, t, y, x, ...] cells -> [B * G, n, c], with all that a cell holds in one row."""
    b = len(cells)
    (gt, gy, gx), (nt, ny, nx) = group, grid
    split = cells.reshape(b, nt, gt, ny, gy, nx, gx, -1).permute(0, 1, 3, 5, 2, 4, 6, 7)
    return split.reshape(b * nt * ny * nx, gt * gy * gx, split.shape[-1])


def _cells(video: Tensor, patch: Triple) -> Tensor:
    """[B, c, T, h, w] -> cells [B, t, y, x, c, P] of whole patches, P = pt * py * px."""
    b, c, t, h, w = video.shape
    pt, py, px = patch
    cells = video.reshape(b, c, t // pt, pt, h // py, py, w // px, px).permute(0, 2, 4, 6, 1, 3, 5, 7)
    return cells.reshape(b, t // pt, h // py, w // px, c, pt * py * px)


def _with_neighbours(cells: Tensor) -> Tensor:
    """Cells [B, t, y, x, c, P] with 9 channels more: the noisy video of both neighbours along t, y and x, added up."""
    sums = [before + after for before, after in _beside(cells[..., :3, :])]
    return torch.cat([cells, *sums], -2)


@cache
def _frequencies(patch: Triple) -> Tensor:
    """[P, P]: rows are orthonormal cosines (DCT-II along each axis) over the P = pt * py * px places of a patch."""
    whole = torch.ones(1, 1, dtype=torch.float64)
    for n in patch:
        at, k = torch.arange(n, dtype=torch.float64), torch.arange(n, dtype=torch.float64)[:, None]
        cosines = torch.cos(math.pi / n * (at + 0.5) * k) * math.sqrt(2 / n)
        cosines[0] /= math.sqrt(2)
        whole = torch.kron(whole, cosines)
    return whole.float()


def _joined(tokens: Tensor, config: NetworkConfig, grid: Triple) -> Tensor:
    """The inverse of `_cells` and `_grouped`, for 3 channels."""
    (gt, gy, gx), (nt, ny, nx), (pt, py, px) = config.group, grid, config.patch
    b = len(tokens) // (nt * ny * nx)
    cells = tokens.reshape(b, nt, ny, nx, gt, gy, gx, 3, pt, py, px).permute(0, 7, 1, 4, 8, 2, 5, 9, 3, 6, 10)
    return cells.reshape(b, 3, nt * gt * pt, ny * gy * py, nx * gx * px)

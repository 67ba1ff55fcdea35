"""Between what is wanted of a provider and what it can do: lengths, sizes, places of known frames, and their pixels.

`made` gives a request of any length, size and set of known frames to a provider in goes that its `Ability` allows, and
puts the known frames back bit for bit. Provenance of what comes out is plain JSON data:

    provider, title, licence
    pieces: one a go, in order; of each: frames (those that were new in it), places (where they stood in what the
            provider made), seed, and all that the provider told
    seams: [frame, score] of each seam, see `pipeline.generate.seams`
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.generate.canvas import Canvas, canvas_for
from pipeline.generate.colour import colour_matched
from pipeline.generate.pieces import Piece, pieces
from pipeline.generate.provider import Ability, Frames, Known, Made, Making, Origin, VideoProvider
from pipeline.generate.seams import seam_scores, seams_of
from pipeline.project.provenance import piece_in
from pipeline.project.take import VideoRequest
from renderer.errors import Refusal

SIZE = (288, 512)
"""(height, width) px where neither the request nor the provider says: the paper's."""
FPS = 12.0
FRAMES = 16
MAX_BYTES = 2 << 30
SEEDS = 1 << 31


@dataclass(frozen=True, eq=False)
class Video:
    """Frames in the making, and where each comes from."""

    frames: Frames
    origins: tuple[Origin, ...]
    provenance: Mapping[str, Any]


def settled(request: VideoRequest, ability: Ability, known: Known) -> VideoRequest:
    """The request with what it left to the provider: frames, size, rate, and no context that the provider lacks.

    Raises `Refusal` for a kind, a length or known frames that the provider cannot make, for more than memory holds, and
    when the provider needs something first.
    """
    if ability.needs:
        raise Refusal(ability.needs)
    if request.kind not in ability.kinds:
        kinds = ", ".join(kind.replace("_", "-") for kind in ability.kinds)
        raise Refusal(f"{ability.title} makes no {request.kind.replace('_', '-')} videos, only: {kinds}.")
    size = (int(known.frames.shape[1]), int(known.frames.shape[2])) if len(known.positions) else request.size
    if not all(size):
        size = ability.sizes[0] if ability.sizes else SIZE
    count = request.n_frames or max(2, min(FRAMES, ability.longest))
    if count * size[0] * size[1] * 3 > MAX_BYTES:
        raise Refusal(
            f"{count} frames of {size[1]}x{size[0]} need more than {MAX_BYTES >> 30} GB of memory; ask for fewer, or "
            "smaller ones."
        )
    pieces(count, known.positions, ability)
    return replace(request, n_frames=count, size=size, fps=request.fps or FPS)


def made(provider: VideoProvider, request: VideoRequest, known: Known) -> Generator[Making, None, Video]:
    """Make the video of a settled request; `known` stands as in the request, at its size.

    Yields where it is, over all goes, with previews in the order of the wanted video. Raises `Refusal` for what the
    provider cannot do, and when what it hands back is no video of that length and size.
    """
    ability, count = provider.ability, request.n_frames
    plan, canvas = pieces(count, known.positions, ability), canvas_for(request.size, ability)
    frames = np.zeros((count, *request.size, 3), np.uint8)
    if known.positions:
        frames[list(known.positions)] = known.frames
    given = known.origins or tuple(Origin() for _ in known.positions)
    origins = dict(zip(known.positions, given, strict=True))
    strengths = dict(zip(known.positions, known.strengths, strict=True))
    told: list[dict[str, Any]] = []
    for number, piece in enumerate(plan):
        asked = replace(
            request, n_frames=piece.length, size=canvas.made, seed=(request.seed + 7919 * number) % SEEDS, known=()
        )
        went = _known(piece, frames, canvas, strengths, origins)
        result = yield from _placed(provider.generate(asked, went), piece, number, len(plan))
        _check(result, asked, ability)
        _take_over(result, piece, canvas, frames)
        record = {"frames": list(piece.new), "places": [piece.place(i) for i in piece.new], "seed": asked.seed}
        told.append({**result.provenance, **record})
        origins |= {i: Origin(piece.place(i), told[-1]) for i in piece.new}
    provenance = {"provider": ability.name, "title": ability.title, "licence": ability.licence, "pieces": told}
    return scored(Video(frames, tuple(origins[i] for i in range(count)), provenance))


def scored(video: Video) -> Video:
    """The video with its seams in its provenance: where new frames meet given ones, or those of another piece."""
    maker = {i: number for number, piece in enumerate(video.provenance["pieces"]) for i in piece["frames"]}
    breaks = [i for i in maker if i + 1 in maker and maker[i] != maker[i + 1]]
    seams = seams_of(len(video.frames), maker, breaks)
    scores = [[i, round(score, 3)] for i, score in zip(seams, seam_scores(video.frames, seams), strict=True)]
    return replace(video, provenance={**video.provenance, "seams": scores})


def origin_in(provenance: Mapping[str, Any], frame: int) -> Origin | None:
    """Where a new frame of a video with this provenance comes from; None for one that was given to it."""
    found = piece_in(provenance, frame)
    return None if found is None else Origin(*found)


def _known(
    piece: Piece, frames: Frames, canvas: Canvas, strengths: Mapping[int, float], origins: Mapping[int, Origin]
) -> Known:
    """The known frames of a piece as the provider sees them: at its size, where they stand in what it makes."""
    order = sorted(piece.known, key=piece.place)
    pictures = canvas.lay(frames[order]) if order else np.zeros((0, *canvas.made, 3), np.uint8)
    return Known(
        pictures, tuple(map(piece.place, order)), tuple(strengths.get(i, 1.0) for i in order),
        tuple(origins[i] for i in order),
    )  # fmt: skip


def _placed(
    going: Generator[Making, None, Made], piece: Piece, number: int, count: int
) -> Generator[Making, None, Made]:
    """What a provider reports of one piece, counted over all of them; closing this closes the provider."""
    try:
        while True:
            try:
                step = next(going)
            except StopIteration as over:
                result: Made = over.value
                return result
            preview = step.preview
            if preview is not None and len(preview) == piece.length:
                preview = preview[list(piece.places)]
            yield Making(number * step.steps + step.step, count * step.steps, preview, step.stage)
    finally:
        going.close()


def _check(result: Made, asked: VideoRequest, ability: Ability) -> None:
    got = result.frames
    wanted = (asked.n_frames, *asked.size, 3)
    if got.shape != wanted or got.dtype != np.uint8:
        shape = "x".join(map(str, got.shape))
        raise Refusal(
            f"{ability.title} handed back {shape} of {got.dtype} where {'x'.join(map(str, wanted))} of uint8 was asked "
            "for; report this to its makers, or choose another provider."
        )


def _take_over(result: Made, piece: Piece, canvas: Canvas, frames: Frames) -> None:
    """Put the new frames of a piece into the wanted video; known ones are not touched."""
    pictures = canvas.cut(result.frames[list(piece.places)])
    start = piece.frames.start
    at = [i - start for i in piece.known]
    matched = colour_matched(pictures, at, frames[list(piece.known)])
    frames[list(piece.new)] = matched[[i - start for i in piece.new]]

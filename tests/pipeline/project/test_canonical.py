"""The closest pair of frames, whatever the two sizes."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.project.canonical import closest_pair


@pytest.mark.parametrize("size", [(96, 128), (48, 64), (20, 30)])
def test_the_shared_frame_is_found_across_sizes_and_noise(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    ramp = rng.integers(0, 255, (9, 12, 16, 3))
    reference = np.repeat(np.repeat(ramp[:5], 8, axis=1), 8, axis=2).astype(np.uint8)
    rows = np.arange(size[0]) * 12 // size[0]
    columns = np.arange(size[1]) * 16 // size[1]
    freeze = ramp[[8, 7, 3, 6]][:, rows][:, :, columns]
    noisy = np.clip(freeze + rng.normal(0, 6, freeze.shape), 0, 255).astype(np.uint8)
    assert closest_pair(reference, noisy) == (3, 2)


def test_equal_pairs_take_the_first() -> None:
    grey = np.full((3, 8, 8, 3), 90, np.uint8)
    assert closest_pair(grey, grey) == (0, 0)

"""Matches from flow and from networks: they lie where the picture went, keep off what moves, and have one form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.poses.found_matches import dense_tracks, followed_by_flow, learned, learned_is_installed
from pipeline.poses.settings import PoseSettings
from pipeline.poses.tracks import grey
from tests.pipeline.poses.scenes import texture

SHIFT = 3


@pytest.fixture(scope="module")
def sliding() -> np.ndarray:
    """[4, 96, 128, 3]: a smooth picture that slides to the left by `SHIFT` px a frame."""
    wide = np.round(255 * texture(np.random.default_rng(0)))[:96].astype(np.uint8)
    return np.stack([wide[:, SHIFT * k : SHIFT * k + 128] for k in range(4)])


def _read(path: Path) -> list[tuple[tuple[int, int], np.ndarray, np.ndarray]]:
    with np.load(path, allow_pickle=False) as data:
        starts, offsets = data["feature_offsets"], data["row_offsets"]
        out = []
        for k, (a, b) in enumerate(data["pairs"].tolist()):
            rows = data["rows"][offsets[k] : offsets[k + 1]]
            out.append(((a, b), data["xy"][starts[a] + rows[:, 0]], data["xy"][starts[b] + rows[:, 1]]))
        return out


def test_flow_follows_the_picture(sliding: np.ndarray, tmp_path: Path) -> None:
    followed_by_flow(sliding, None, tmp_path / "found.npz", lambda: None)
    found = _read(tmp_path / "found.npz")
    assert [pair for pair, _, _ in found] == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    for (a, b), first, second in found:
        assert len(first) > 100
        off = second - first - [-SHIFT * (b - a), 0.0]
        assert np.median(np.linalg.norm(off, axis=1)) < 0.2


def test_nothing_is_followed_on_an_even_wall_or_where_things_move(sliding: np.ndarray) -> None:
    even = np.full((3, 60, 80), 128, np.uint8)
    assert len(dense_tracks(even, None).xy) == 0
    moving = np.zeros(sliding.shape[:3], bool)
    moving[1:, :, :64] = True
    xy = dense_tracks(grey(sliding), moving).xy
    before, after = xy[:, 0], xy[:, 1]
    followed = np.isfinite(before[:, 0]) & np.isfinite(after[:, 0])
    assert followed.sum() > 50
    assert after[followed, 0].min() > 63


def test_flow_can_be_cancelled(sliding: np.ndarray, tmp_path: Path) -> None:
    def check() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        followed_by_flow(sliding, None, tmp_path / "found.npz", check)
    assert not (tmp_path / "found.npz").exists()


@pytest.mark.skipif(not learned_is_installed(), reason="the learned matcher is an optional extra")
def test_networks_match_the_picture(sliding: np.ndarray, tmp_path: Path) -> None:
    said = list(learned(sliding[::3], None, PoseSettings(), tmp_path, lambda: False))
    assert {message["text"] for message in said} == {"finding features", "matching features"}
    (pair, first, second), *rest = _read(tmp_path / "found.npz")
    assert pair == (0, 1) and not rest
    assert len(first) > 30
    assert np.median(np.linalg.norm(second - first - [-3.0 * SHIFT, 0.0], axis=1)) < 1.0

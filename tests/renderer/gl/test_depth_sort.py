"""The order of drawing, and that only the newest request counts."""

from __future__ import annotations

import threading
import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from renderer.gl.depth_sort import DepthSorter, SortRequest, depth_order, moved_means
from renderer.gl.moment import Mode, Moment
from tests.renderer.gl.synthetic import freeze_camera, reference_camera, synthetic_snapshot


@given(seed=st.integers(0, 1000), n=st.integers(0, 400))
def test_order_is_a_permutation_from_far_to_near(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    means = rng.uniform(-3, 9, (n, 3)).astype(np.float32)
    order = depth_order(means, reference_camera())
    assert sorted(order) == list(range(n))
    depth = np.maximum(means[order, 2], 0.01)
    # 16 bits on a log scale over at most ten octaves: neighbours may be swapped by a ten-thousandth of their depth.
    assert (depth[1:] <= depth[:-1] * 1.0003).all()


def test_equal_depths_are_drawn_in_falling_index_order() -> None:
    means = np.tile(np.array([[0, 0, 2]], np.float32), (50, 1))
    np.testing.assert_array_equal(depth_order(means, reference_camera()), np.arange(50)[::-1])


def test_moved_means_are_those_of_the_snapshot() -> None:
    snapshot = synthetic_snapshot(600)
    for moment in (Moment(Mode.CANONICAL), Moment(Mode.TEMPORAL, 7.3), Moment(Mode.PER_FRAME, 14.0)):
        np.testing.assert_allclose(moved_means(snapshot, moment), moment.posed(snapshot).means, atol=1e-6)


def test_the_newest_request_wins() -> None:
    snapshot, done = synthetic_snapshot(30_000), threading.Event()
    sorter = DepthSorter(done.set)
    try:
        cameras = [freeze_camera(0.01 * i) for i in range(60)]
        for camera in cameras:
            sorter.request(SortRequest(snapshot, Moment(), camera))
        newest, made, deadline = None, 0, time.monotonic() + 20
        while (newest is None or newest.request.camera is not cameras[-1]) and time.monotonic() < deadline:
            done.wait(1)
            done.clear()
            taken = sorter.take()
            made += taken is not None
            newest = taken or newest
        assert newest is not None
        assert newest.request.camera is cameras[-1]
        assert made < len(cameras)
        np.testing.assert_array_equal(newest.order, depth_order(moved_means(snapshot, Moment()), cameras[-1]))
        assert sorter.take() is None
    finally:
        sorter.close()
    assert not sorter._thread.is_alive()

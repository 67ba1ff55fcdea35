"""The OpenGL picture is the rasteriser's: against a dense twin, and against the tile renderer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from renderer.gl import packing
from renderer.gl.canvas import SplatCanvas, use_gl_plus
from renderer.gl.moment import Mode, Moment
from renderer.gl.navigation import fitted
from renderer.gl.packing import BASE_STRIDE, packed_base, packed_motion, thinned
from renderer.look import Paint, Ranges
from renderer.snapshot import MotionTable, Snapshot
from tests.renderer.gl.dense_twin import dense_picture
from tests.renderer.gl.synthetic import freeze_camera, reference_camera, synthetic_snapshot

BACKGROUND = (0.1, 0.2, 0.3)
VIEWS = {
    "canonical from the reference": (reference_camera(), Moment(Mode.CANONICAL)),
    "between two times, from the side": (freeze_camera(0.4), Moment(Mode.TEMPORAL, 7.4)),
    "a per-frame shape": (freeze_camera(-0.3), Moment(Mode.PER_FRAME, 12.0)),
    "past the table's end, another shape of picture": (
        fitted(reference_camera(), (190, 130)),
        Moment(Mode.TEMPORAL, 99),
    ),
}


@pytest.fixture
def canvas(qapp: QApplication) -> Iterator[SplatCanvas]:
    use_gl_plus()
    made = SplatCanvas(size=(256, 144), show=True)
    made.set_background(BACKGROUND)
    yield made
    native = made.native
    made.close()
    native.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return synthetic_snapshot(1200)


def compare(shown: npt.NDArray[np.uint8], truth: npt.NDArray[np.uint8]) -> None:
    assert shown.shape == truth.shape
    assert truth.std() > 12, "an empty picture proves nothing"
    off = np.abs(shown.astype(int) - truth.astype(int))
    assert off.mean() <= 2.0, off.mean()
    assert np.percentile(off, 99) <= 8.0, np.percentile(off, 99)


@pytest.mark.parametrize("name", VIEWS)
def test_the_picture_is_the_dense_twins(canvas: SplatCanvas, snapshot: Snapshot, name: str) -> None:
    camera, moment = VIEWS[name]
    canvas.set_snapshot(snapshot)
    canvas.set_view(camera, moment)
    compare(canvas.picture(), dense_picture(moment.posed(snapshot), camera, BACKGROUND))


def test_the_picture_is_the_tile_renderers(canvas: SplatCanvas) -> None:
    from renderer.tiles.render import render

    scene = synthetic_snapshot(12_000)
    canvas.set_snapshot(scene)
    for camera, moment in VIEWS.values():
        canvas.set_view(camera, moment)
        truth = render(moment.posed(scene), camera, BACKGROUND).rgb
        compare(canvas.picture(), truth)


@pytest.mark.parametrize("paint", Paint)
def test_every_paint_is_the_tile_renderers(canvas: SplatCanvas, paint: Paint) -> None:
    from renderer.tiles.scene import TileScene

    scene = synthetic_snapshot(6000)
    tiles, ranges = TileScene(scene), Ranges.of(scene)
    canvas.set_snapshot(scene)
    for camera, moment in VIEWS.values():
        look = ranges.look(paint, moment.mode is not Mode.PER_FRAME)
        canvas.set_view(camera, moment, look)
        truth = np.zeros((*camera.size, 4), np.uint8)
        tiles.draw(camera, moment, BACKGROUND, truth, look)
        compare(canvas.picture(), truth[..., 2::-1])


def test_a_large_scene_comes_in_slices_while_the_one_before_is_drawn(
    qapp: QApplication, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "SLICE_BYTES", 1)
    use_gl_plus()
    rung = threading.Semaphore(0)
    canvas = SplatCanvas(wake=rung.release, size=(256, 144), show=True)
    try:
        canvas.set_background(BACKGROUND)
        canvas.set_view(reference_camera(), Moment(Mode.CANONICAL))
        canvas.set_snapshot(snapshot)
        visual = canvas._visual
        drawn_before = 0
        while visual.snapshot is not snapshot:
            assert rung.acquire(timeout=20)
            canvas.native.update()
            qapp.processEvents()
            drawn_before += 1
        assert drawn_before > 3
        shown = canvas.native.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(shown.constBits(), np.uint8).reshape(shown.height(), shown.bytesPerLine())
        compare(rows[:, : 3 * shown.width()].reshape(144, 256, 3), canvas.picture())
        other = synthetic_snapshot(700, seed=3)
        canvas.set_snapshot(other)
        assert visual.snapshot is snapshot, "until the other is whole"
    finally:
        canvas.stop()
        native = canvas.native
        canvas.close()
        native.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_splats_behind_the_camera_and_faint_ones_are_not_drawn(canvas: SplatCanvas, snapshot: Snapshot) -> None:
    ground = np.round(255 * np.array(BACKGROUND)).astype(np.uint8)
    turned = reference_camera().posed(np.diag([-1.0, 1.0, -1.0, 1.0]))
    canvas.set_snapshot(snapshot)
    canvas.set_view(turned, Moment(Mode.CANONICAL))
    assert (canvas.picture() == ground).all()
    canvas.set_snapshot(replace(snapshot, opacities=np.full(len(snapshot.means), 0.0039, np.float32)))
    canvas.set_view(reference_camera(), Moment(Mode.CANONICAL))
    assert (canvas.picture() == ground).all()


def test_a_scene_can_be_replaced_by_one_of_another_size_and_by_nothing(canvas: SplatCanvas, snapshot: Snapshot) -> None:
    canvas.set_snapshot(snapshot)
    canvas.set_view(reference_camera(), Moment(Mode.TEMPORAL, 3.0))
    first = canvas.picture()
    canvas.set_snapshot(synthetic_snapshot(700, seed=3))
    second = canvas.picture()
    assert np.abs(first.astype(int) - second).mean() > 3
    canvas.set_snapshot(snapshot)
    np.testing.assert_array_equal(canvas.picture(), first)
    canvas.set_snapshot(None)
    assert canvas.picture().shape == (1, 1, 3)


def test_a_scene_without_splats_is_background(canvas: SplatCanvas) -> None:
    none = np.zeros((0, 3), np.float32)
    still = MotionTable.still()
    canvas.set_snapshot(
        Snapshot(none, np.zeros((0, 4), np.float32), none, none[:, 0], none, still, still, reference_camera(), {})
    )
    canvas.set_view(reference_camera(), Moment())
    assert (canvas.picture() == np.round(255 * np.array(BACKGROUND)).astype(np.uint8)).all()


def test_the_widget_shows_the_picture_after_a_resize(
    canvas: SplatCanvas, snapshot: Snapshot, qapp: QApplication
) -> None:
    canvas.set_snapshot(snapshot)
    canvas.set_view(reference_camera(), Moment(Mode.CANONICAL))
    for width, height in ((256, 144), (320, 200)):
        canvas.native.resize(width, height)
        canvas.set_view(fitted(reference_camera(), (height, width)), Moment(Mode.CANONICAL))
        qapp.processEvents()
        image = canvas.native.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        shown = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())[:, : 3 * width]
        compare(shown.reshape(height, width, 3), canvas.picture())


def test_tables_are_packed_where_the_shader_looks(snapshot: Snapshot) -> None:
    base = packed_base(snapshot).reshape(-1, 4, 4)
    i = BASE_STRIDE + 3
    np.testing.assert_array_equal(base[i, 0], [*snapshot.means[i], snapshot.opacities[i]])
    row = int(np.flatnonzero(snapshot.temporal.rows == i)[0])
    assert base[i, 3, 3] == row
    assert base[0, 3, 3] == -1
    motion = packed_motion(snapshot.temporal).reshape(-1, 12)
    sample = 5
    place = sample * len(snapshot.temporal.rows) + row
    np.testing.assert_array_equal(motion[place, :10], snapshot.temporal.offsets[sample, row].astype(np.float32))


def test_a_table_too_large_for_a_texture_is_thinned_but_keeps_its_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "TALLEST", 2)
    rows = np.arange(600, dtype=np.int32)
    table = MotionTable(np.arange(40, dtype=np.float32), rows, np.zeros((40, 600, 10), np.float16))
    thin = thinned(table)
    assert len(thin.positions) * 600 <= 2 * packing.MOTION_STRIDE
    assert (thin.positions[0], thin.positions[-1]) == (0, 39)
    assert thin.offsets.shape == (len(thin.positions), 600, 10)

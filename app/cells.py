"""Pictures of the cells of the time x view grid: renders by a tile process of their own, source frames, comparisons.

Only what is asked for is made, one cell at a time and only while the view rests, so that the viewport has the machine
to itself when it moves. A newer snapshot of the same run leaves the old pictures in place until they are renewed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage

from app.frame_store import image_of
from app.grid_plan import Cell, GridPlan, camera_of
from app.overlay_source import difference, pixels_of, psnr
from app.scene_loader import Scene
from app.sources import Sources
from app.tile_client import Reply, TileClient
from app.view_state import ViewState
from pipeline.project.project import Project
from renderer.gl.moment import Mode
from renderer.look import PLAIN

REST_MS = 300  # after the last move of the view
HIGH = 160  # px of a picture that is kept: more than a cell shows
COMPARED = 640  # px of the larger side at which render and source are compared
MOST = 800  # pictures that are kept
BLACK = [0.0, 0.0, 0.0]  # what the lift renders on: with a theme's ground a PSNR would depend on the theme


@dataclass(frozen=True, eq=False)
class Picture:
    """A cell's render, its difference from the source frame and their PSNR in dB, where there is one."""

    render: QImage
    edition: int
    difference: QImage | None = None
    decibels: float | None = None


class Cells(QObject):
    """`changed`: it pays to paint again. `busy` answers whether a lift renews the scene all the time."""

    changed = Signal()

    def __init__(self, view: ViewState, sources: Sources, busy: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._view, self._sources, self._busy = view, sources, busy
        self.plan = GridPlan()
        self.fault = ""
        self._scene: Scene | None = None
        self._edition = 0
        self._pictures: dict[Cell, Picture] = {}
        self._frames: dict[tuple[str, int], QImage] = {}
        self._wanted: list[Cell] = []
        self._asked: tuple[int, Cell] | None = None
        self._number, self._asked_edition = 0, 0
        self._client: TileClient | None = None
        self._ready = False
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._ask)
        for signal in (view.camera_changed, view.moment_changed):
            signal.connect(self._rest.start)
        sources.store.ready.connect(self._frames_came)

    def show_scene(self, scene: Scene | None, same_run: bool) -> None:
        """Another snapshot; one of the same run leaves its forerunner's pictures until there are newer ones."""
        self._scene, self._edition = scene, self._edition + 1
        if scene is not None:
            self.plan = GridPlan.of(scene.snapshot)
        if not same_run or scene is None:
            self._pictures.clear()
            self._frames.clear()
        if self._ready:
            self._send_scene()
        self.changed.emit()

    def show_project(self, project: Project) -> None:
        """Without a scene the grid is that of the chosen videos, which fill a row and a column of it."""
        plan = GridPlan.of_cut(project)
        if self._scene is None and plan != self.plan:
            self.plan = plan
            self._frames.clear()
            self.changed.emit()

    def want(self, cells: Sequence[Cell]) -> None:
        """The cells that are seen now, the most important first; they are made one after the other."""
        self._wanted = list(cells)
        if self._wanted and self._client is None and self._scene is not None:
            self._client = TileClient(self._heed, self._lost)
        self._ask()

    @property
    def complete(self) -> bool:
        """Whether all that is seen is made."""
        return not any(self._lacks(cell) for cell in self._wanted)

    def picture(self, cell: Cell) -> Picture | None:
        """The render of a cell, once it is made."""
        return self._pictures.get(cell)

    def source(self, cell: Cell) -> QImage | None:
        """The small source frame of a cell, where there is one and it is read."""
        named = self.plan.source(cell)
        if named is not None and named not in self._frames:
            frame = self._sources.frame(*named)
            if frame is not None:
                self._frames[named] = _small(frame)
        return None if named is None else self._frames.get(named)

    def close(self) -> None:
        """For the end of the program."""
        self._rest.stop()
        client, self._client = self._client, None
        if client is not None:
            client.close()

    # -- one after the other -----------------------------------------------------------------------------------

    def _ask(self) -> None:
        idle = self._ready and self._asked is None and not self._rest.isActive() and self._scene is not None
        cell = next((cell for cell in self._wanted if self._lacks(cell)), None) if idle else None
        if cell is None or self._client is None or self._scene is None:
            return
        camera = camera_of(self._scene.snapshot, cell.station)
        side = COMPARED if self.source(cell) is not None else HIGH * 16 // 9
        self._number += 1
        self._asked = self._number, cell
        self._asked_edition = self._edition
        self._client.send({
            "op": "view", "number": self._number, "camera": camera.resized(_within(camera.size, side)).to_json(),
            "mode": Mode.TEMPORAL.value, "position": float(cell.time), "look": PLAIN.to_json(), "share": 1.0,
            "background": BLACK,
        })  # fmt: skip

    def _lacks(self, cell: Cell) -> bool:
        known = self._pictures.get(cell)
        if known is None:
            return True
        compared = known.decibels is not None or self.source(cell) is None
        return not compared or (known.edition != self._edition and not self._busy())

    def _heed(self, reply: Reply) -> None:
        kind, asked = reply["op"], self._asked
        if kind == "ready":
            self._ready, self._asked = True, None
            self._send_scene()
        elif kind == "fault":
            self.fault, self._asked, self._wanted = reply["text"], None, []
            self.changed.emit()
        elif kind == "picture" and asked is not None and reply["number"] == asked[0]:
            self._asked = None
            if self._asked_edition == self._edition and self._client is not None:
                self._keep(asked[1], self._client.picture(*reply["size"]))
        self._ask()

    def _keep(self, cell: Cell, render: QImage) -> None:
        named = self.plan.source(cell)
        frame = None if named is None else self._sources.frame(*named)
        made = Picture(_small(render), self._edition)
        if frame is not None:
            size = render.height(), render.width()
            shown, source = pixels_of(render, size), pixels_of(frame, size)
            off = _small(image_of(difference(shown, source)))
            made = Picture(made.render, self._edition, off, min(psnr(shown, source), 99.0))
        self._pictures.pop(cell, None)
        self._pictures[cell] = made
        while len(self._pictures) > MOST:
            del self._pictures[next(iter(self._pictures))]
        self.changed.emit()

    def _send_scene(self) -> None:
        self.fault = ""
        if self._scene is not None and self._client is not None:
            self._client.send({"op": "scene", "path": str(self._scene.path)})

    def _lost(self, sentence: str) -> None:
        self._ready, self._asked, self.fault = False, None, sentence
        self.changed.emit()

    def _frames_came(self, _digest: str) -> None:
        self.changed.emit()


def _within(size: tuple[int, int], side: int) -> tuple[int, int]:
    """(height, width) no larger than `side`, in the same shape."""
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _small(image: QImage) -> QImage:
    if image.height() <= HIGH:
        return image
    return image.scaledToHeight(HIGH, Qt.TransformationMode.SmoothTransformation)

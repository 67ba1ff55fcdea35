"""Times by views: which cells the grid of a scene has, and for which of them a video has a frame.

Rows are times of the reference, columns are cameras: the reference's own, then those of the freeze-time frames. The
videos fill one column and one row of it, which cross at the shared moment; everything else only the scene can show.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from app.view_state import REFERENCE, Station
from pipeline.project.project import Project, frames_of
from renderer.camera import Camera
from renderer.snapshot import Snapshot


@dataclass(frozen=True)
class Cell:
    """A reference time, in whole frames, seen from a station."""

    time: int
    station: Station


@dataclass(frozen=True)
class GridPlan:
    """The rows, the columns, and where the videos cross; None: not known. `size`: a picture's (height, width)."""

    times: tuple[int, ...] = ()
    stations: tuple[Station, ...] = ()
    shared_time: int | None = None
    shared_station: Station | None = None
    size: tuple[int, int] = (9, 16)

    @classmethod
    def of_cut(cls, project: Project) -> GridPlan:
        """What the chosen videos will fill of the grid, before anything is lifted."""
        cut, takes = project.cut, {take.id: take for take in project.takes}
        if cut.reference not in takes or cut.freeze_time not in takes:
            return cls()
        reference, freeze_time = (takes[name] for name in (cut.reference, cut.freeze_time))
        return cls(
            tuple(frames_of(reference.clip, cut.reference_frames)),
            (REFERENCE, *frames_of(freeze_time.clip, cut.freeze_time_frames)),
            cut.canonical_reference_frame,
            cut.canonical_freeze_frame,
            reference.clip.size,
        )

    @classmethod
    def of(cls, snapshot: Snapshot | None) -> GridPlan:
        if snapshot is None:
            return cls()
        first, last = snapshot.time_range
        shared = [snapshot.info.get(f"canonical_{name}_frame") for name in ("reference", "freeze")]
        time, station = (value if isinstance(value, int) else None for value in shared)
        return cls(
            tuple(range(math.ceil(first), math.floor(last) + 1)),
            (REFERENCE, *sorted(snapshot.freeze_cameras)),
            time,
            station if station in snapshot.freeze_cameras else None,
            snapshot.reference_camera.size,
        )

    def cell(self, row: int, column: int) -> Cell:
        """The cell at a place; rows and columns count from 0."""
        return Cell(self.times[row], self.stations[column])

    def place(self, time: float, station: Station) -> tuple[int, int | None]:
        """Row and column of where a view stands, the nearest row; no column for a free view."""
        row = min(range(len(self.times)), key=lambda i: abs(self.times[i] - time))
        return row, self.stations.index(station) if station in self.stations else None

    def source(self, cell: Cell) -> tuple[str, int] | None:
        """The video and the frame of it that show what the cell shows: ("reference", i) or ("freeze_time", k)."""
        if cell.station == REFERENCE:
            return "reference", cell.time
        if isinstance(cell.station, int) and cell.time == self.shared_time:
            return "freeze_time", cell.station
        return None


def camera_of(snapshot: Snapshot, station: Station) -> Camera:
    """The camera of a station of the scene's plan."""
    return snapshot.freeze_cameras[station] if isinstance(station, int) else snapshot.reference_camera

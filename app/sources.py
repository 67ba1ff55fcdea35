"""Which source frame belongs to a view: the freeze-time frame of the camera, or the reference frame of the time.

The run that made the scene says which takes; a scene of a run that is not noted belongs to the chosen ones.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from app.frame_store import FrameStore, image_of
from app.view_state import FREE, REFERENCE, Station
from pipeline.project.project import Project
from pipeline.project.take import Take

Frames = npt.NDArray[np.uint8]
NEAR_TIME = 0.26  # reference frames: a time between two frames has no source


class Sources:
    """Answers from the project's takes; `project` and `run` say what is shown now."""

    def __init__(self, store: FrameStore, project: Callable[[], Project], run: Callable[[], str]) -> None:
        self.store, self._project, self._run = store, project, run

    def at(self, station: Station, time: float) -> tuple[QImage | None, str]:
        """The source frame of a solved camera at a reference time, and its name; none while it is being read."""
        if station == FREE:
            return None, ""
        if isinstance(station, int):
            return self.frame("freeze_time", station), f"Freeze-time frame {station}"
        index = round(time)
        if station != REFERENCE or abs(time - index) > NEAR_TIME:
            return None, ""
        return self.frame("reference", index), f"Reference frame {index}"

    def take(self, role: str) -> Take | None:
        """The reference or freeze-time take of the scene."""
        project = self._project()
        run = next((run for run in project.runs if run.id == self._run()), None)
        chosen = getattr(project.cut if run is None else run, role)
        return next((take for take in project.takes if take.id == chosen), None)

    def frame(self, role: str, index: int) -> QImage | None:
        """A frame of the scene's reference or freeze-time take; None while it is being read, or where there is none."""
        take = self.take(role)
        frames = None if take is None else self.store.full(take.clip)
        return image_of(frames[index]) if frames is not None and 0 <= index < len(frames) else None

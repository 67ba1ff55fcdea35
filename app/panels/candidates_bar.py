"""Above the filmstrip, when frames were re-rolled: the take as it is and its candidates, to flip between and accept.

A click looks at one in the same place in time, so that the eye sees what differs. Accepting puts it in the take's
place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from app.frame_store import FrameStore, image_of
from app.panels.transport import ActionButton
from pipeline.project.curated import REJECT
from pipeline.project.project import Project
from pipeline.project.provenance import seams_in
from pipeline.project.take import Take

MOST = 12
THUMB = QSize(72, 41)


@dataclass(frozen=True)
class Family:
    """A take and those that were made from it and are not rejected, newest last."""

    root: Take
    candidates: tuple[Take, ...]


def family_of(project: Project, take: Take | None) -> Family | None:
    """The candidates of a take, or those beside it when it is one itself and is not used; None where there are none."""
    if take is None:
        return None
    known = {other.id: other for other in project.takes}
    own = _children(project, take)
    used = take.id in (project.cut.reference, project.cut.freeze_time)
    parent = known.get(take.parent or "")
    if not own and parent is not None and not used:
        return Family(parent, _children(project, parent) or (take,))
    return Family(take, own) if own else None


def _children(project: Project, take: Take) -> tuple[Take, ...]:
    made = [t for t in project.takes if t.parent == take.id and project.cut.opinion(t.id).verdict != REJECT]
    return tuple(made[-MOST:])


def telling_frame(take: Take) -> int:
    """A frame that shows what is new in a candidate: the middle one of those that were made."""
    known = {frame.position for frame in take.request.known}
    new = [i for i in range(take.clip.n_frames) if i not in known]
    return new[len(new) // 2] if new else take.clip.n_frames // 2


class CandidatesBar(QWidget):
    """Hidden without a family. `chosen(str)`: look at this take."""

    chosen = Signal(str)

    def __init__(self, store: FrameStore, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("candidates")
        self._store = store
        self._family: Family | None = None
        self._shown = ""
        self.buttons: list[QToolButton] = []
        self.words = QLabel()
        self.words.setObjectName("muted")
        self.accept = ActionButton(actions["accept_candidate"])
        self.accept.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.accept.setObjectName("way")
        self._row = QHBoxLayout()
        self._row.setSpacing(4)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 2)
        row.setSpacing(10)
        row.addLayout(self._row)
        row.addWidget(self.accept)
        row.addWidget(self.words, 1)
        store.ready.connect(self._draw)
        self.hide()

    def show_family(self, family: Family | None, shown: Take | None) -> None:
        """The takes to choose from, and the one that is looked at."""
        takes = () if family is None else (family.root, *family.candidates)
        if self._family != family:
            self._family = family
            self._fill(takes)
        self._shown = "" if shown is None else shown.id
        for button, take in zip(self.buttons, takes, strict=True):
            button.setChecked(take.id == self._shown)
        self.words.setText(words_of(family, shown))
        self.setVisible(family is not None)
        self._draw()

    def _fill(self, takes: Sequence[Take]) -> None:
        for button in self.buttons:
            self._row.removeWidget(button)
            button.deleteLater()
        self.buttons = []
        for number, take in enumerate(takes):
            button = QToolButton()
            button.setObjectName("candidate")
            button.setCheckable(True)
            button.setIconSize(THUMB)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            words = "As it is" if number == 0 else f"Candidate {number}, seed {take.request.seed}"
            button.setToolTip(words)
            button.setAccessibleName(words)
            button.clicked.connect(lambda _checked=False, name=take.id: self.chosen.emit(name))
            self._row.addWidget(button)
            self.buttons.append(button)

    def _draw(self, _digest: str = "") -> None:
        """Pictures of the takes at a frame that differs."""
        if self._family is None:
            return
        root, candidates = self._family.root, self._family.candidates
        for button, take in zip(self.buttons, (root, *candidates), strict=True):
            strip = self._store.strip(take.clip)
            if strip is not None:
                like = candidates[0] if take is root and candidates[0].clip.n_frames == root.clip.n_frames else take
                frame = min(telling_frame(like), len(strip.frames) - 1)
                picture = image_of(strip.frames[frame])
                room = THUMB * self.devicePixelRatioF()
                smooth = Qt.TransformationMode.SmoothTransformation
                small = QPixmap.fromImage(picture.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, smooth))
                small.setDevicePixelRatio(self.devicePixelRatioF())
                button.setIcon(QIcon(small))


def words_of(family: Family | None, shown: Take | None) -> str:
    """What is looked at, with its seed and its weakest seam."""
    if family is None or shown is None:
        return ""
    if shown.id == family.root.id:
        count = len(family.candidates)
        return f"As it is; {count} candidate{'s' if count > 1 else ''}"
    seams = seams_in(shown.provenance)
    grown = shown.clip.n_frames - family.root.clip.n_frames
    parts = [f"{grown} frame{'s' if grown > 1 else ''} more" if grown else "", f"seed {shown.request.seed}"]
    parts.append(f"weakest seam {min(seams.values()):.2f}" if seams else "")
    return " · ".join(part for part in parts if part)

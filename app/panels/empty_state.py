"""What the window shows without a scene: what to do, where to drop, and why when something could not be opened."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.panels.push_button import push_button
from app.theme import app_icon, icon

Ways = tuple[QAction, QAction, QAction, QAction]  # lift, begin from a prompt, open a project, open the sample
COMMAND = "splatime lift --reference reference.mp4 --freeze-time freeze_time.mp4 --out my_project"


class EmptyState(QWidget):
    """The first screen. `show_waiting` is the same place while a project has no picture yet."""

    recent_requested = Signal(str)

    def __init__(self, ways: Ways, resume: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("emptyState")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._ways = ways
        self.resume = _way_in(resume, "Go on with the lift", first=True)
        self.icon_label, self.title, self.lead, self.fault = QLabel(), QLabel(), QLabel(), QLabel()
        self.title.setObjectName("title")
        self.lead.setObjectName("lead")
        self.fault.setObjectName("fault")
        for label in (self.icon_label, self.title, self.lead, self.fault):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
        self.icon_label.setPixmap(app_icon().pixmap(QSize(72, 72)))
        self.cards = QWidget()
        self.hint = QLabel("or, from a terminal,")
        self.hint.setObjectName("muted")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.command = QLabel(COMMAND)
        self.command.setObjectName("mono")
        self.command.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.command.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.recent = QLabel()
        self.recent.setObjectName("muted")
        self.recent.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.recent.linkActivated.connect(self.recent_requested)
        self.target = QFrame()
        self.target.setObjectName("dropTarget")
        self._lay_out()
        self.show_welcome()

    def show_welcome(self, recent: tuple[str, ...] = (), fault: str = "") -> None:
        """No project is open."""
        self.title.setText("Lift two videos into a scene that moves")
        self.lead.setText("Drop a reference video and a freeze-time video here, or a project folder.")
        self.cards.setVisible(True)
        self.resume.setVisible(False)
        self._show_ways(4)
        self.command.setVisible(True)
        self.hint.setVisible(True)
        rows = [f'<a href="{path}" style="text-decoration:none">{_short(path)}</a>' for path in recent[:4]]
        self.recent.setText("Recent:&nbsp;&nbsp; " + " &nbsp;·&nbsp; ".join(rows) if rows else "")
        self.recent.setVisible(bool(rows))
        self._show_fault(fault)

    def show_waiting(self, title: str, lead: str, fault: str = "", offer: str = "") -> None:
        """A project is open and has no picture yet; `offer` is the way on: "", "lift" or "resume"."""
        self.title.setText(title)
        self.lead.setText(lead)
        self.cards.setVisible(offer == "lift")
        self.resume.setVisible(offer == "resume")
        self._show_ways(1)
        self.command.setVisible(False)
        self.hint.setVisible(False)
        self.recent.setVisible(False)
        self._show_fault(fault)

    def show_hot(self, hot: bool) -> None:
        """Something droppable hovers."""
        self._set("hot", hot)

    def refresh_icons(self) -> None:
        """After a change of theme."""
        for card, name in zip(
            self.cards.findChildren(QPushButton), ("lift", "generate", "open", "sample"), strict=True
        ):
            card.setIcon(icon(name, _ink(card)))
        self.resume.setIcon(icon("lift", _ink(self.resume)))

    def _show_ways(self, count: int) -> None:
        """The first ways in; a single one stands without the border that asks for drops."""
        for index, button in enumerate(self.cards.findChildren(QPushButton)):
            button.setVisible(index < count)
        self._set("plain", count == 1)

    def _set(self, name: str, value: bool) -> None:
        if self.target.property(name) != value:
            self.target.setProperty(name, value)
            self.target.style().unpolish(self.target)
            self.target.style().polish(self.target)

    def _show_fault(self, fault: str) -> None:
        self.fault.setText(fault)
        self.fault.setVisible(bool(fault))

    def _lay_out(self) -> None:
        inner = QVBoxLayout(self.target)
        inner.setContentsMargins(48, 40, 48, 36)
        inner.setSpacing(10)
        inner.addStretch(1)
        for widget in (self.icon_label, self.title, self.lead, self.fault):
            inner.addWidget(widget)
        inner.addSpacing(14)
        inner.addWidget(self.cards, 0, Qt.AlignmentFlag.AlignHCenter)
        inner.addWidget(self.resume, 0, Qt.AlignmentFlag.AlignHCenter)
        inner.addSpacing(18)
        inner.addWidget(self.hint)
        inner.addWidget(self.command, 0, Qt.AlignmentFlag.AlignHCenter)
        inner.addSpacing(6)
        inner.addWidget(self.recent)
        inner.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(36, 32, 36, 36)
        outer.addWidget(self.target)
        row = QHBoxLayout(self.cards)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        for index, (action, words) in enumerate(
            zip(self._ways, ("Lift two videos…", "From a prompt…", "Open a project…", "Open the sample"), strict=True)
        ):
            row.addWidget(_way_in(action, words, first=index == 0))
        self.refresh_icons()


def _way_in(action: QAction, words: str, first: bool) -> QPushButton:
    button = push_button(action, words, "primary" if first else "way")
    button.setIconSize(QSize(26, 26))
    button.setMinimumSize(186, 68)
    button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    return button


def _ink(button: QPushButton) -> str | None:
    from app.theme import current_theme

    return current_theme()["accent_text"] if button.objectName() == "primary" else None


def _short(path: str) -> str:
    name = path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return name or path

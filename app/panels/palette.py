"""The command palette: type some letters of what you want, press Return."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

WIDTH, HEIGHT = 520, 380
NAME = int(Qt.ItemDataRole.UserRole)


class Palette(QDialog):
    """Lists what can be done now, the best match first; Return does it and closes."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("palette")
        self.setWindowTitle("Commands")
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(WIDTH, HEIGHT)
        self._actions = actions
        self.field, self.list = QLineEdit(), QTreeWidget()
        self.field.setPlaceholderText("What do you want to do?")
        self.field.setAccessibleName("Search commands")
        self.list.setAccessibleName("Commands")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.addWidget(self.field)
        column.addWidget(self.list, 1)
        self.field.textChanged.connect(self._fill)
        self.field.returnPressed.connect(self._do)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(lambda _item, _column: self._do())
        self._fill("")
        if parent is not None:
            corner = parent.mapToGlobal(parent.rect().center())
            self.move(corner.x() - WIDTH // 2, parent.mapToGlobal(parent.rect().topLeft()).y() + 90)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
            step = steps.get(Qt.Key(event.key()))
            if step is not None:
                self._go(self.list.currentIndex().row() + step)
                return True
        return super().eventFilter(watched, event)

    def _fill(self, text: str) -> None:
        self.list.clear()
        words = {name: words_of(action) for name, action in self._actions.items() if action.isEnabled()}
        for name in ranked(text, words):
            key = self._actions[name].shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            item = QTreeWidgetItem(self.list, [words[name], key])
            item.setData(0, NAME, name)
            item.setToolTip(0, self._actions[name].toolTip())
        self._go(0)

    def _go(self, row: int) -> None:
        item = self.list.topLevelItem(max(0, min(self.list.topLevelItemCount() - 1, row)))
        if item is not None:
            self.list.setCurrentItem(item)

    def _do(self) -> None:
        item = self.list.currentItem()
        self.close()
        if item is not None:
            self._actions[item.data(0, NAME)].trigger()


def words_of(action: QAction) -> str:
    """An action's name in words."""
    return action.text().replace("&", "").rstrip("…")


def ranked(text: str, words: Mapping[str, str]) -> list[str]:
    """The names whose words have the letters of `text` in this order, the tightest match first."""
    scored = [(score, words[name].lower(), name) for name in words if (score := match(text, words[name])) is not None]
    return [name for _score, _words, name in sorted(scored)]


def match(text: str, words: str) -> tuple[int, int] | None:
    """How well letters match words: gaps between them, then where they begin; None when they do not."""
    letters, place, first, gaps = text.lower().replace(" ", ""), -1, -1, 0
    low = words.lower()
    for letter in letters:
        found = low.find(letter, place + 1)
        if found < 0:
            return None
        # A letter that begins a word is what people type.
        begins = low.find(f" {letter}", place + 1)
        if found != place + 1 and begins >= 0:
            found = begins + 1
        gaps += 0 if place < 0 or found == place + 1 else 1
        first = found if first < 0 else first
        place = found
    return gaps, max(first, 0)

"""Preferences: the look, the mouse, and which key does what, with clashes told before they bite."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.dialogs import plain as plain_buttons
from app.mouse_maps import MAPS, told
from app.panels.form import Form
from app.settings import THEMES, Settings
from app.shortcuts import BY_NAME, Keys, clashes, effective, plain, shown, with_keys

NAME = int(Qt.ItemDataRole.UserRole)
LOOKS = dict(zip(THEMES, ("As the system", "Dark", "Light"), strict=True))


class Preferences(QDialog):
    """Shows `Settings`; `theme_requested(str)`, `mouse_requested(str)`, `keys_requested(dict)` are done at once."""

    theme_requested = Signal(str)
    mouse_requested = Signal(str)
    keys_requested = Signal(object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preferences")
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(640, 520)
        self.theme = QComboBox()
        for name, words in LOOKS.items():
            self.theme.addItem(words, name)
        self.theme.setCurrentIndex(THEMES.index(settings.theme))
        self.theme.setAccessibleName("Theme")
        self.theme.activated.connect(lambda row: self.theme_requested.emit(self.theme.itemData(row)))
        self.theme.setToolTip("Dark, light, or what the desktop has")
        self.mouse, self.drags = QComboBox(), QLabel()
        for name, row in MAPS.items():
            self.mouse.addItem(row.title, name)
        self.mouse.setCurrentIndex(self.mouse.findData(settings.mouse))
        self.mouse.setAccessibleName("Mouse")
        self.mouse.setToolTip("Which program's drags the viewport follows")
        self.mouse.activated.connect(self._choose_mouse)
        self.drags.setObjectName("muted")
        self.drags.setWordWrap(True)
        self._tell_drags()
        self.keys = KeyEditor(settings.keys)
        self.keys.keys_requested.connect(self.keys_requested)
        look = QWidget()
        page, form = QVBoxLayout(look), Form()
        page.setContentsMargins(16, 16, 16, 16)
        page.addLayout(form)
        page.addStretch(1)
        form.row("&Theme", self.theme)
        form.row("&Mouse as in", self.mouse)
        form.row("", self.drags)
        tabs = QTabWidget()
        tabs.addTab(look, "Look")
        tabs.addTab(self.keys, "Keys")
        buttons = plain_buttons(QDialogButtonBox(QDialogButtonBox.StandardButton.Close))
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.addWidget(tabs, 1)
        column.addWidget(buttons)

    def _choose_mouse(self, row: int) -> None:
        self._tell_drags()
        self.mouse_requested.emit(str(self.mouse.itemData(row)))

    def _tell_drags(self) -> None:
        self.drags.setText("\n".join(f"{ways}: {words}" for ways, words in told(str(self.mouse.currentData()))))


class KeyEditor(QWidget):
    """Every command with its keys; the one that is picked can be given another, which is refused while it clashes."""

    keys_requested = Signal(object)

    def __init__(self, changed: Keys, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._changed = dict(changed)
        self.search, self.tree, self.edit = QLineEdit(), QTreeWidget(), QKeySequenceEdit()
        self.search.setPlaceholderText("Search commands and keys")
        self.search.setAccessibleName("Search keys")
        self.tree.setHeaderLabels(["Command", "Keys"])
        self.tree.setRootIsDecorated(False)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.edit.setAccessibleName("New key")
        self.edit.setMaximumSequenceLength(1)
        self.edit.setToolTip("Click here and press the new key")
        self.verdict = QLabel()
        self.verdict.setObjectName("muted")
        self.verdict.setWordWrap(True)
        self.give, self.take, self.reset = QPushButton("Set key"), QPushButton("No key"), QPushButton("Default")
        tips = ("Give the picked command this key", "Take its keys away", "Give it the keys that it came with")
        for button, tip in zip((self.give, self.take, self.reset), tips, strict=True):
            button.setToolTip(tip)
            button.setAutoDefault(False)
        self._lay_out()
        self.search.textChanged.connect(self._fill)
        self.tree.currentItemChanged.connect(lambda _now, _before: self._judge())
        self.edit.keySequenceChanged.connect(lambda _key: self._judge())
        self.give.clicked.connect(lambda: self._set((self._wanted,)))
        self.take.clicked.connect(lambda: self._set(()))
        self.reset.clicked.connect(lambda: self._set(BY_NAME[self._name].keys))
        self._fill("")

    @property
    def _name(self) -> str:
        item = self.tree.currentItem()
        return "" if item is None else str(item.data(0, NAME))

    @property
    def _wanted(self) -> str:
        return self.edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText)

    def pick(self, name: str) -> None:
        """Pick a command."""
        for row in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(row)
            if item is not None and item.data(0, NAME) == name:
                self.tree.setCurrentItem(item)

    def _fill(self, text: str) -> None:
        picked = self._name
        self.tree.clear()
        keys, bad = effective(self._changed), clashes(self._changed)
        for name, command in BY_NAME.items():
            written = ", ".join(shown((key,)) for key in keys[name])
            if text.lower() in f"{plain(command)} {written} {command.tip}".lower():
                words = plain(command) + (f" (in {command.scope})" if command.scope else "")
                item = QTreeWidgetItem([words, written + ("  clashes" if name in bad else "")])
                item.setData(0, NAME, name)
                item.setToolTip(0, command.tip)
                if name in self._changed:
                    font = item.font(1)
                    font.setBold(True)
                    item.setFont(1, font)
                self.tree.addTopLevelItem(item)
        self.pick(picked)
        self._judge()

    def _judge(self) -> None:
        """Say what the key in the field would do, and allow what does no harm."""
        name, wanted = self._name, self._wanted
        for button in (self.take, self.reset):
            button.setEnabled(bool(name))
        others = self._others(wanted) if name and wanted else []
        self.give.setEnabled(bool(name and wanted) and not others)
        if others:
            names = ", ".join(plain(BY_NAME[other]) for other in others)
            self.verdict.setText(f"{shown((wanted,))} is the key of {names}; take it away there first.")
        elif name:
            self.verdict.setText(BY_NAME[name].tip)
        else:
            self.verdict.setText("Pick a command to change its key.")

    def _others(self, wanted: str) -> list[str]:
        trial = with_keys(self._changed, self._name, (wanted,))
        return clashes(trial).get(self._name, [])

    def _set(self, keys: tuple[str, ...]) -> None:
        trial = with_keys(self._changed, self._name, keys)
        others = clashes(trial).get(self._name, [])
        if others:
            self.verdict.setText(f"Its keys belong to {', '.join(plain(BY_NAME[other]) for other in others)} now.")
            return
        self._changed = trial
        self.edit.clear()
        self._fill(self.search.text())
        self.keys_requested.emit(dict(trial))

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        for widget in (self.edit, self.give, self.take, self.reset):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.addWidget(self.search)
        column.addWidget(self.tree, 1)
        column.addLayout(row)
        column.addWidget(self.verdict)

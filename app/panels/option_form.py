"""Rows for the options of a provider, drawn from what it tells of them: no provider has code of its own here."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.panels.form import Form
from app.panels.number_field import RealField, WholeField
from pipeline.generate.options import Option
from renderer.errors import Refusal

PLACES = ("folder", "file", "address")
"""Forms of options that say where something is: without them most providers can do nothing."""
LONG = 16
"""Letters of a title beyond which it stands above its field: beside it, it would push all fields aside."""
_MOST = 1_000_000_000


@dataclass(frozen=True)
class _Field:
    """A row's widget; `get` tells its value as JSON data, `put` shows one."""

    widget: QWidget
    get: Callable[[], Any]
    put: Callable[[Any], None]


class OptionForm(QObject):
    """Rows of options in a form, from row `at` on; `changed` when one has another value.

    Values that are defaults are not told.
    """

    changed = Signal()

    def __init__(self, form: Form, at: int) -> None:
        super().__init__(form)
        self._form, self._at = form, at
        self._options: tuple[Option, ...] = ()
        self._fields: dict[str, _Field] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Of the options, from above."""
        return tuple(self._fields)

    def show_options(self, options: Sequence[Option]) -> None:
        """Have rows for these options, with their defaults, or with what options of those names say now."""
        if tuple(options) == self._options:
            return
        before = self.values()
        for _option in self._options:
            self._form.removeRow(self._at)
        self._options, self._fields = tuple(options), {}
        for row, option in enumerate(self._options, self._at):
            field = _field(option, self.changed.emit)
            field.widget.setAccessibleName(option.title)
            field.widget.setToolTip(option.tip)
            self._fields[option.name] = field
            if option.form == "switch":
                self._form.insert(row, "", field.widget)
            elif len(option.title) > LONG:
                self._form.insertRow(row, _under(option.title, field.widget))
            else:
                self._form.insert(row, option.title, field.widget)
        self.fill(before)

    def values(self) -> dict[str, Any]:
        """The values that are not defaults, by the options' names."""
        told = {option.name: (self._fields[option.name].get(), option.default) for option in self._options}
        return {name: value for name, (value, default) in told.items() if value not in (None, "", default)}

    def fill(self, values: Mapping[str, Any]) -> None:
        """Show values; an option that has none, or a wrong one, shows its default."""
        for option in self._options:
            value = option.default
            if values.get(option.name) is not None:
                with contextlib.suppress(Refusal):  # from a file of somebody else's: not worth a complaint
                    value = option.checked(values[option.name])
            self._fields[option.name].put(value)

    def field(self, name: str) -> QWidget:
        """The widget of an option."""
        return self._fields[name].widget


def _under(title: str, field: QWidget) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    column.addWidget(QLabel(title))
    column.addWidget(field)
    return holder


def _field(option: Option, changed: Callable[[], None]) -> _Field:
    makers = {"number": _number, "whole": _number, "choice": _choice, "switch": _switch}
    return makers.get(option.form, _text)(option, changed)


def _text(option: Option, changed: Callable[[], None]) -> _Field:
    line = QLineEdit()
    line.setPlaceholderText("" if option.default is None else str(option.default))
    line.textChanged.connect(lambda _text: changed())

    def put(value: Any) -> None:
        line.setText("" if value in (None, option.default) else str(value))

    def get() -> str:
        return line.text().strip()

    if option.form not in ("folder", "file"):
        return _Field(line, get, put)
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    browse = QToolButton()
    browse.setText("…")
    browse.setToolTip(f"Choose a {option.form}")
    browse.setAccessibleName(f"Choose: {option.title}")
    browse.clicked.connect(lambda: _ask(option, line))
    row.addWidget(line, 1)
    row.addWidget(browse)
    holder.setFocusProxy(line)
    return _Field(holder, get, put)


def _ask(option: Option, line: QLineEdit) -> None:
    if option.form == "folder":
        name = QFileDialog.getExistingDirectory(line, option.title, line.text())
    else:
        name, _ = QFileDialog.getOpenFileName(line, option.title, line.text())
    if name:
        line.setText(name)


def _number(option: Option, changed: Callable[[], None]) -> _Field:
    """A field of a number that may be left out says so at its least value."""
    least, most = (max(-_MOST, min(_MOST, bound)) for bound in (option.least, option.most))
    box: QSpinBox | QDoubleSpinBox
    put: Callable[[Any], None]
    if option.form == "whole":
        box = whole = WholeField()
        whole.setRange(math.ceil(least), math.floor(most))
        whole.valueChanged.connect(lambda _value: changed())
        put = whole.setValue
    else:
        box = real = RealField()
        real.setRange(least, most)
        real.setSingleStep(1.0 if most - least > 10 else 0.05)
        real.valueChanged.connect(lambda _value: changed())
        put = real.setValue
    if option.default is None:
        box.setSpecialValueText("Automatic")
    bottom: Any = box.minimum()

    def get() -> Any:
        return None if option.default is None and box.value() == bottom else box.value()

    return _Field(box, get, lambda value: put(bottom if value is None else value))


def _choice(option: Option, changed: Callable[[], None]) -> _Field:
    box = QComboBox()
    for name in (*(() if option.default is not None else ("",)), *option.choices):
        box.addItem(name.replace("_", " ").capitalize() or "Automatic", name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(10)
    box.currentIndexChanged.connect(lambda _index: changed())
    return _Field(box, box.currentData, lambda value: box.setCurrentIndex(max(0, box.findData(value or ""))))


def _switch(option: Option, changed: Callable[[], None]) -> _Field:
    box = QCheckBox(option.title)
    box.toggled.connect(lambda _on: changed())
    return _Field(box, box.isChecked, lambda value: box.setChecked(bool(value)))

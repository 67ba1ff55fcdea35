"""What is seldom changed of a wanted video: frames, size, rate, steps, guidance, and what its provider alone knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QPlainTextEdit, QVBoxLayout, QWidget

from app.panels.form import Form
from app.panels.more_settings import MoreSettings
from app.panels.number_field import RealField, WholeField
from app.panels.option_form import PLACES, OptionForm
from pipeline.generate.provider import Ability
from pipeline.project.take import VideoRequest

AUTOMATIC = "Automatic"
SIZES = ((288, 512), (480, 832), (720, 1280))
"""(height, width) px that are offered where a provider makes any."""
MOST_SIDE = 16384
_SIZE = re.compile(r"(\d{1,5})\s*[x×]\s*(\d{1,5})")


class VideoSettings(QWidget):
    """The rows, folded away under a button; those that say where a provider finds what it needs are in another form.

    `negative`: the field of the negative prompt; `form`, `at`: where in that form the other rows go.
    """

    changed = Signal()

    def __init__(self, negative: QPlainTextEdit, form: Form, at: int) -> None:
        super().__init__()
        self.negative = negative
        self.count, self.steps = WholeField(), WholeField()
        self.guidance, self.fps = RealField(), RealField()
        self.size_box = QComboBox()
        self.size_box.setEditable(True)
        self.size_box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._sizes: tuple[tuple[int, int], ...] = ()
        self.more = MoreSettings("Frames, size, steps, guidance and what else there is", "More generation settings")
        self._describe()
        for box in (self.count, self.steps, self.guidance, self.fps):
            box.setSpecialValueText(AUTOMATIC)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Frames", self.count), ("Size", self.size_box), ("Rate", self.fps), ("Steps", self.steps),
            ("Guidance", self.guidance), ("Without", self.negative),
        )  # fmt: skip
        for words, field in rows:
            self.more.form.row(words, field)
        self.places, self.options = OptionForm(form, at), OptionForm(self.more.form, len(rows))
        self.show_ability(None)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.more)
        column.addWidget(self.more.rows)
        self.size_box.editTextChanged.connect(lambda _text: self.changed.emit())
        self.places.changed.connect(self.changed)
        self.options.changed.connect(self.changed)

    @property
    def wanted_size(self) -> tuple[int, int] | None:
        """(height, width) px that is written; (0, 0) for automatic, None for what is no size."""
        text = self.size_box.currentText().strip()
        if text in ("", AUTOMATIC):
            return 0, 0
        found = _SIZE.fullmatch(text)
        size = (int(found[2]), int(found[1])) if found else (0, 0)
        return size if all(1 <= side <= MOST_SIDE for side in size) else None

    def values(self) -> dict[str, Any]:
        """The provider's options that are not at their defaults."""
        return {**self.places.values(), **self.options.values()}

    def filled(self, wish: VideoRequest) -> VideoRequest:
        """A wish with what is set here; a video that goes on from another has that one's size and rate."""
        first = wish.kind == "reference"
        return replace(
            wish, negative_prompt=self.negative.toPlainText().strip(),
            n_frames=self.count.value() if first or wish.kind == "freeze_time" else 0,
            size=(self.wanted_size or (0, 0)) if first else (0, 0), fps=self.fps.value() if first else 0.0,
            steps=self.steps.value(), guidance=self.guidance.value(), options=self.values(),
        )  # fmt: skip

    def take_over(self, request: VideoRequest) -> None:
        """Show the settings of a request, its options among them."""
        first = request.kind == "reference"
        self.negative.setPlainText(request.negative_prompt)
        self.count.setValue(request.n_frames if first or request.kind == "freeze_time" else 0)
        self.steps.setValue(request.steps)
        self.guidance.setValue(request.guidance)
        self.fps.setValue(request.fps if first else 0.0)
        self.size_box.setEditText(_words(request.size) if first and all(request.size) else AUTOMATIC)
        self.fill(request.options)

    def fill(self, values: Mapping[str, Any]) -> None:
        """Show the provider's options."""
        for form in (self.places, self.options):
            form.fill(values)

    def show_ability(self, ability: Ability | None) -> None:
        """Offer what a provider can do; what is written stays."""
        options = () if ability is None else ability.options
        with QSignalBlocker(self):
            self.places.show_options([option for option in options if option.form in PLACES])
            self.options.show_options([option for option in options if option.form not in PLACES])
        sizes = SIZES if ability is None or not ability.sizes else ability.sizes
        if sizes != self._sizes:
            self._sizes, text = sizes, self.size_box.currentText()
            with QSignalBlocker(self.size_box):
                self.size_box.clear()
                self.size_box.addItems([AUTOMATIC, *map(_words, sizes)])
                self.size_box.setEditText(text or AUTOMATIC)
        self.count.setToolTip("Of a new video" + ("" if ability is None else f"; {_lengths(ability)}"))

    def _describe(self) -> None:
        for number, most in ((self.count, 1000), (self.steps, 1000)):
            number.setRange(0, most)
        self.fps.setRange(0, 240)
        self.fps.setSuffix(" frames/s")
        told: tuple[tuple[QWidget, str, str], ...] = (
            (self.negative, "Negative prompt", "What is not to be seen"),
            (self.count, "Frames", "Of a new video"),
            (self.size_box, "Size", "Width x height of a reference in pixels; what goes on from it has its size"),
            (self.fps, "Rate", "Frames a second of a reference"),
            (self.steps, "Steps", "Of the sampler"),
            (self.guidance, "Guidance", "How closely the prompt is followed"),
        )
        for field, name, tip in told:
            field.setAccessibleName(name)
            field.setToolTip(tip)


def _words(size: tuple[int, int]) -> str:
    return f"{size[1]} x {size[0]}"


def _lengths(ability: Ability) -> str:
    period, offset = ability.lengths
    rule = "" if period == 1 else f"{period}k+{offset % period} frames, " if offset % period else f"{period}k frames, "
    return f"it is made {rule}at most {ability.longest} in one go"

"""The Generate panel: a prompt, who makes the video, seeds, what is being made, and how far the camera goes around.

It shows what it is given and asks; `app.generating` decides. What is typed stays in the fields until it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QFocusEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.panels.coverage_dial import CoverageDial
from app.panels.form import Form
from app.panels.number_field import WholeField
from app.panels.transport import ActionButton
from app.panels.video_settings import VideoSettings
from app.providers import Choice
from pipeline.generate.prompt_rule import freeze_time_prompt
from pipeline.generate.provider import Ability
from pipeline.project.provenance import Coverage
from pipeline.project.take import VideoRequest

KINDS = (("reference", "Reference"), ("freeze_time", "Freeze-time"))
MOST_SEED = 2**31 - 1
SWEEP = 180


class GeneratePanel(QWidget):
    """Fields that scroll, and under them the button, which is always in sight.

    `changed`: a field is another; `prompt_written(str)`: the scene's prompt was finished.
    """

    changed = Signal()
    prompt_written = Signal(str)

    def __init__(self, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("generatePanel")
        self.setMinimumWidth(296)
        self._actions = actions
        self._scene, self._own, self._shown = "", False, ""
        self._options: dict[str, Mapping[str, Any]] = {}
        self.dial = CoverageDial()
        self._build_fields()
        self._lay_out()
        self._follow_kind()

    # -- what is asked for -------------------------------------------------------------------------------------

    @property
    def kind(self) -> str:
        """ "reference" or "freeze_time"."""
        return next(name for name, button in self.kinds.items() if button.isChecked())

    @property
    def provider(self) -> str:
        """The name of the chosen provider; empty when there is none."""
        return str(self.provider_box.currentData() or "")

    def wish(self, kind: str) -> VideoRequest:
        """The fields as a request of `kind`; an extension or a re-roll takes its prompt from its take."""
        prompts = {"reference": self.prompt, "freeze_time": self.freeze_prompt}
        prompt = prompts[kind].toPlainText().strip() if kind in prompts else ""
        return self.video.filled(VideoRequest(kind, prompt, provider=self.provider, seed=self.seed.value()))

    # -- showing -----------------------------------------------------------------------------------------------

    def show_providers(self, choices: Sequence[Choice]) -> None:
        """List providers; the chosen one stays chosen."""
        with QSignalBlocker(self.provider_box):
            chosen = self.provider
            self.provider_box.clear()
            for choice in choices:
                self.provider_box.addItem(choice.title, choice.name)
                self.provider_box.setItemData(
                    self.provider_box.count() - 1, choice.why or choice.title, Qt.ItemDataRole.ToolTipRole
                )
            self.provider_box.setCurrentIndex(max(0, self.provider_box.findData(chosen)))
        self._shown = self.provider

    def show_scene(self, prompt: str) -> None:
        """The project's prompt, unless the person is writing one; the freeze-time prompt follows by the rule."""
        if prompt != self._scene and not self.prompt.hasFocus():
            self._scene = prompt
            with QSignalBlocker(self.prompt):
                self.prompt.setPlainText(prompt)
            self._derive()

    def show_state(self, reason: str, source: str) -> None:
        """`reason` against generating, empty when it can be; `source`: what a freeze-time video begins with."""
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        self.source.setText(source)
        self.source.setVisible(self.kind == "freeze_time" and bool(source))

    def show_fetch(self, wanted: bool) -> None:
        """Offer to fetch a model, where one is all that is missing."""
        self.fetch.setVisible(wanted)

    def choose_model(self, provider: str, option: str, folder: str) -> None:
        """Choose a provider, with the folder of a model that it is to call."""
        self.provider_box.setCurrentIndex(max(0, self.provider_box.findData(provider)))
        self.video.fill({**self.video.values(), option: folder})

    def show_ability(self, ability: Ability | None) -> None:
        """Offer what the chosen provider can do."""
        self.video.show_ability(ability)

    def remember(self, options: Mapping[str, Mapping[str, Any]]) -> None:
        """The options that each provider was last used with."""
        self._options = dict(options)
        self.video.fill(self._options.get(self.provider, {}))

    def show_coverage(self, covered: Coverage | None) -> None:
        """How far the freeze-time take that is looked at goes around."""
        self.dial.show_covered(covered, self.sweep.value())

    def take_over(self, request: VideoRequest, *, seed: bool) -> None:
        """Fill the fields from a take's request, with its seed or without."""
        kind = request.role
        self.kinds[kind].setChecked(True)
        if kind == "reference":
            self.prompt.setPlainText(request.prompt)
            self.finish()
        else:
            self.freeze_prompt.setPlainText(request.prompt)
        row = self.provider_box.findData(request.provider)
        self.provider_box.setCurrentIndex(row if row >= 0 else self.provider_box.currentIndex())
        self.video.take_over(request)
        if seed:
            self.seed.setValue(request.seed)
        self.changed.emit()

    def finish(self) -> None:
        """Hand over the scene's prompt, if another one was written."""
        text = self.prompt.toPlainText().strip()
        if text != self._scene:
            self._scene = text
            self.prompt_written.emit(text)

    def _derive(self) -> None:
        """The freeze-time prompt by the rule, unless the person wrote one."""
        if not self._own:
            with QSignalBlocker(self.freeze_prompt):
                self.freeze_prompt.setPlainText(freeze_time_prompt(self.prompt.toPlainText()))
        self.by_rule.setEnabled(self._own)

    def _change_provider(self) -> None:
        """Another provider: its own rows, as they were last filled."""
        self._options[self._shown] = self.video.values()
        self._shown = self.provider
        with QSignalBlocker(self.video):
            self.video.fill({})
        self.changed.emit()  # now its rows are there
        self.video.fill(self._options.get(self.provider, {}))

    def _follow_kind(self) -> None:
        freeze = self.kind == "freeze_time"
        self.scene_row.setVisible(not freeze)
        self.freeze_row.setVisible(freeze)
        self.source.setVisible(freeze and bool(self.source.text()))
        self.changed.emit()

    def _written(self) -> None:
        self._own = self.freeze_prompt.toPlainText().strip() != freeze_time_prompt(self.prompt.toPlainText())
        self.by_rule.setEnabled(self._own)
        self.changed.emit()

    def _again_by_rule(self) -> None:
        self._own = False
        self._derive()

    # -- building ----------------------------------------------------------------------------------------------

    def _build_fields(self) -> None:
        self.kinds = {name: _segment(words) for name, words in KINDS}
        self.kinds["reference"].setChecked(True)
        for button, place in zip(self.kinds.values(), ("first", "last"), strict=True):
            button.setProperty("place", place)
            button.toggled.connect(self._follow_kind)
        self.provider_box = QComboBox()
        self.provider_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.provider_box.setMinimumContentsLength(12)
        self.prompt = _Text("What the scene shows: a fox running through the snow", 60)
        self.freeze_prompt = _Text("What the freeze-time video is told", 60)
        self.form = Form()
        self.video = VideoSettings(_Text("What is not to be seen", 46), self.form, 1)
        self.by_rule = QPushButton("By the rule")
        self.seed, self.takes, self.sweep = WholeField(), WholeField(), WholeField()
        self.dice = ActionButton(self._actions["random_seed"])
        for number, most in ((self.seed, MOST_SEED), (self.sweep, 360)):
            number.setRange(0, most)
        self.sweep.setValue(SWEEP)
        self.sweep.setSuffix("°")
        self.takes.setRange(1, 16)
        self.reason, self.source = QLabel(), QLabel()
        for label in (self.reason, self.source):
            label.setObjectName("muted")
            label.setWordWrap(True)
        self.start = QPushButton("Generate")
        self.start.setObjectName("primary")
        self.start.clicked.connect(self._actions["generate"].trigger)
        told: tuple[tuple[QWidget, str, str], ...] = (
            (self.provider_box, "Made by", "Which model makes the videos"),
            (self.prompt, "Prompt", "What the scene shows"),
            (self.freeze_prompt, "Freeze-time prompt", "The scene's prompt with a circling camera and no action"),
            (self.by_rule, "Freeze-time prompt by the rule", "Derive it from the scene's prompt again"),
            (self.seed, "Seed", "The same seed gives the same video"),
            (self.takes, "Takes", "How many, with the seeds that follow"),
            (self.sweep, "Wanted sweep", "How far around the scene the camera is to go in all"),
        )
        for field, name, tip in told:
            field.setAccessibleName(name)
            field.setToolTip(tip)
        self.prompt.textChanged.connect(self._derive)
        self.prompt.textChanged.connect(self.changed)
        self.prompt.finished.connect(self.finish)
        self.freeze_prompt.textChanged.connect(self._written)
        self.by_rule.clicked.connect(self._again_by_rule)
        self.provider_box.currentIndexChanged.connect(self._change_provider)
        self.video.changed.connect(self.changed)
        self.sweep.valueChanged.connect(self.changed)
        follow(self.start, self._actions["generate"])
        self.fetch = QPushButton("Fetch a model…")
        self.fetch.clicked.connect(self._actions["fetch_model"].trigger)
        self.fetch.hide()
        follow(self.fetch, self._actions["fetch_model"])

    def _lay_out(self) -> None:
        kinds = QHBoxLayout()
        kinds.setSpacing(0)
        for button in self.kinds.values():
            kinds.addWidget(button, 1)
        seeds = QHBoxLayout()
        seeds.setSpacing(6)
        seeds.addWidget(self.seed, 1)
        seeds.addWidget(self.dice)
        self.scene_row = _named("Prompt", self.prompt)
        self.freeze_row = _named("Freeze-time prompt", self.freeze_prompt, self.by_rule)
        form = self.form
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.insert(0, "Made by", self.provider_box)
        form.row("Seed", seeds)
        form.row("Takes", self.takes)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(10)
        column.addLayout(kinds)
        for widget in (self.scene_row, self.freeze_row, self.source):
            column.addWidget(widget)
        column.addLayout(form)
        column.addWidget(self.video)
        column.addSpacing(8)
        column.addWidget(self._around())
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        foot = QVBoxLayout()
        foot.setContentsMargins(14, 4, 14, 10)
        foot.setSpacing(8)
        foot.addWidget(self.reason)
        foot.addWidget(self.fetch)
        foot.addWidget(self.start)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scroll, 1)
        whole.addLayout(foot)

    def _around(self) -> QWidget:
        """The dial, and what makes it fuller."""
        heading = QLabel("Around the scene")
        heading.setObjectName("heading")
        self.left, self.right, self.both = (
            ActionButton(self._actions[name]) for name in ("extend_left", "extend_right", "extend")
        )
        self.both.setObjectName("way")
        wanted = QHBoxLayout()
        wanted.addWidget(QLabel("to"))
        wanted.addWidget(self.sweep, 1)
        wanted.addWidget(self.both, 1)
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(heading, 0, 0, 1, 3)
        grid.addWidget(self.left, 1, 0, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self.dial, 1, 1, Qt.AlignmentFlag.AlignCenter)
        grid.addWidget(self.right, 1, 2, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        grid.addLayout(wanted, 2, 0, 1, 3)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(2, 1)
        return holder


class _Text(QPlainTextEdit):
    """A few lines of text; `finished` when the focus leaves."""

    finished = Signal()

    def __init__(self, hint: str, height: int) -> None:
        super().__init__()
        self.setPlaceholderText(hint)
        self.setTabChangesFocus(True)
        self.setFixedHeight(height)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        super().focusOutEvent(event)
        self.finished.emit()


def _segment(words: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName("segment")
    button.setText(words)
    button.setCheckable(True)
    button.setAutoExclusive(True)
    button.setToolTip(f"Make a {words.lower()} video")
    button.setAccessibleName(f"{words} video")
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return button


def _named(words: str, field: QWidget, beside: QWidget | None = None) -> QWidget:
    label = QLabel(words)
    label.setObjectName("heading")
    head = QHBoxLayout()
    head.addWidget(label, 1)
    if beside is not None:
        head.addWidget(beside)
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    column.addLayout(head)
    column.addWidget(field)
    return holder


def follow(button: QPushButton, action: QAction) -> None:
    """Let a button be possible when its action is, with its tooltip."""

    def change() -> None:
        button.setEnabled(action.isEnabled())
        button.setToolTip(action.toolTip())

    action.changed.connect(change)
    change()

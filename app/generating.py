"""Generating: the prompt panel, re-rolls and the coverage dial, connected to document, review and queue.

Holds no truth: wishes become `GenerateJob`s in the queue, takes arrive in the library, what is accepted is an edit.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QWidget

from app.coverages import Coverages
from app.curation import Curation
from app.document import Document
from app.job_queue import JobQueue
from app.lift_session import LiftSession
from app.panels.fetch_dialog import FetchDialog
from app.panels.generate_panel import MOST_SEED, GeneratePanel
from app.panels.train_dialog import TrainDialog
from app.providers import Abilities, choices
from app.workspaces import RIGHT, Panel
from pipeline.generate.provider import Ability
from pipeline.jobs import queue as q
from pipeline.jobs.previews import sweep
from pipeline.jobs.queue import Entry
from pipeline.jobs.spec import POSES, GenerateJob
from pipeline.messages import Failed, Message, PreviewReady, Produced
from pipeline.project import edits, project_file
from pipeline.project.canonical import canonical_of
from pipeline.project.codec import decode
from pipeline.project.provenance import Coverage
from pipeline.project.take import Take, VideoRequest
from renderer.errors import Refusal

NONE_INSTALLED = "No provider of videos is installed; splatime doctor lists those that are."

OPEN_MODELS, FOLDER = "diffusers", "model"
"""The provider that calls fetched models, and the name of its option that says where one lies."""


class Generating(QObject):
    """`refused(str)`, `said(str)`: sentences. `changed`: what can be done may differ. `asked_for`: show the panel.

    `project_requested(Path)`: open this new project. `options_used(str, dict)`: what a provider was asked with.
    `copied(str)`: a command line for the clipboard.
    """

    refused = Signal(str)
    said = Signal(str)
    changed = Signal()
    asked_for = Signal()
    project_requested = Signal(object)
    options_used = Signal(str, object)
    copied = Signal(str)

    def __init__(
        self, document: Document, session: LiftSession, curation: Curation, actions: dict[str, QAction], window: QWidget
    ) -> None:
        super().__init__(window)
        self._document, self._curation, self._actions, self._window = document, curation, actions, window
        self.jobs: JobQueue = session.queue
        self.panel = GeneratePanel(actions)
        self.choices = choices()
        self.panel.show_providers(self.choices)
        self._abilities = Abilities()
        self._first = False
        self._coverages = Coverages(self)
        self._coverages.ready.connect(self.refresh)
        self.panel.changed.connect(self.refresh)
        self.panel.prompt_written.connect(self._write_prompt)
        self._curation.gallery.arriving.stop.clicked.connect(self.jobs.skip)
        self.jobs.started.connect(self._started)
        self.jobs.message.connect(self._hear)
        self.jobs.changed.connect(self._show_job)
        self.jobs.ended.connect(self._ended)
        session.produced.connect(self._took)
        curation.changed.connect(self.refresh)
        curation.review.frames_changed.connect(self.refresh)
        curation.review.moment_changed.connect(self.refresh)

    def panels(self) -> tuple[Panel, ...]:
        """The dock of generating, beside that of the take."""
        return (Panel("generate", "Generate", self.panel, RIGHT, ("curate",), size=300, tabbed_with="take_details"),)

    def remember(self, options: Mapping[str, Mapping[str, Any]]) -> None:
        """What each provider was last asked with, from the preferences."""
        self.refresh()
        self.panel.remember(options)

    def close(self) -> None:
        """For the end of the program."""
        self._coverages.close()

    def deeds(self) -> dict[str, Callable[[], object]]:
        """What the commands of generating do."""
        return {
            "new_project": self._ask_new, "show_generate": self.show_panel, "generate": self._generate,
            "random_seed": self._roll_seed, "fetch_model": self._ask_model, "train_model": self._ask_training,
            "extend_left": lambda: self._extend("left", 0.0), "extend_right": lambda: self._extend("right", 0.0),
            "extend": lambda: self._extend("both", float(self.panel.sweep.value())),
            "reroll": self._reroll, "in_between": self._in_between, "vary": self._vary,
            "recall": lambda: self._recall(seed=True), "remix": lambda: self._recall(seed=False),
        }  # fmt: skip

    def show_panel(self) -> None:
        """Bring the panel out, with the cursor in the prompt."""
        self.asked_for.emit()
        freeze = self.panel.kind == "freeze_time"
        (self.panel.freeze_prompt if freeze else self.panel.prompt).setFocus()

    # -- showing -----------------------------------------------------------------------------------------------

    def reason(self) -> str:
        """Why nothing can be generated at all; empty when something can."""
        if self._document.folder is None:
            return "Open a project first, or begin a new one."
        if self._document.read_only:
            return self._document.read_only
        return "" if self.panel.provider else NONE_INSTALLED

    def refresh(self) -> None:
        """Bring the panel and the commands in line."""
        act, project = self._actions, self._document.project
        self.panel.show_scene(project.cut.prompt)
        held, take = self.reason(), self._curation.review.take
        source = self._source()
        ability, why = self._abilities.of(self.panel.provider, self.panel.video.values())
        self.panel.show_ability(ability)
        why = held or why or self._why(ability, source)
        self.panel.show_fetch(FOLDER in self.panel.video.places.names and bool(why) and not held)
        self.panel.show_state(why, "" if source is None else f"From frame {source[1]} of {source[0].title}")
        act["generate"].setEnabled(not why)
        freeze = take is not None and take.request.role == "freeze_time"
        for name in ("extend", "extend_left", "extend_right"):
            act[name].setEnabled(not held and freeze)
        for name in ("reroll", "in_between"):
            act[name].setEnabled(not held and take is not None)
        _explain(act["reroll"], held)
        made = take is not None and take.request.provider != "file"
        act["vary"].setEnabled(not held and made)
        for name in ("recall", "remix"):
            act[name].setEnabled(made)
        self.panel.show_coverage(self._covered(take))

    def _why(self, ability: Ability | None, source: tuple[Take, int] | None) -> str:
        panel = self.panel
        if ability is not None and panel.kind not in ability.kinds:
            return f"{ability.title} makes no {panel.kind.replace('_', '-')} videos as it is set now."
        if panel.kind == "reference" and panel.video.wanted_size is None:
            return "Give the size as width x height in pixels, like 512 x 288."
        if panel.kind == "reference" and not panel.prompt.toPlainText().strip():
            return "Say what the scene shows."
        if panel.kind == "freeze_time" and source is None:
            return "Generate or import a reference video first; a freeze-time video begins with a frame of it."
        return ""

    def _source(self) -> tuple[Take, int] | None:
        """The frame that a freeze-time video begins with: the one under review in a reference take, else the shared
        moment of the chosen one."""
        review, project = self._curation.review, self._document.project
        if review.take is not None and review.take.request.role == "reference":
            return review.take, review.index
        take = next((take for take in project.takes if take.id == project.cut.reference), None)
        if take is None:
            return None
        frame = project.cut.canonical_reference_frame
        return take, take.clip.n_frames // 2 if frame is None else frame

    def _covered(self, take: Take | None) -> Coverage | None:
        """Of the freeze-time take under review, once it is looked at."""
        folder, project = self._document.folder, self._document.project
        if folder is None or take is None or take.request.role != "freeze_time" or not self.panel.isVisible():
            return None
        return self._coverages.of(take, canonical_of(project, take), folder / POSES)

    def _show_job(self) -> None:
        job = self._running()
        if job is not None:
            self._curation.gallery.arriving.show_job(q.title(job), self.jobs.progress, self.jobs.fraction)

    def _running(self) -> GenerateJob | None:
        entry = self.jobs.current
        job = None if entry is None else entry.job
        return job if isinstance(job, GenerateJob) else None

    # -- what the queue says -----------------------------------------------------------------------------------

    def _started(self, _entry: Entry) -> None:
        self._first = True
        self._curation.gallery.arriving.over()
        self._show_job()

    def _hear(self, message: Message) -> None:
        if isinstance(message, PreviewReady):
            self._curation.gallery.arriving.show_preview(Path(message.path))

    def _took(self, made: Produced) -> None:
        """A take was noted in the project: show it, and use the first one of its kind; a candidate waits to be looked
        at."""
        job = self._running()
        if made.kind != "take" or job is None or Path(job.folder) != self._document.folder:
            return
        try:
            take = decode(Take, made.data, "take")
            self._document.reload_library()
        except Refusal as refusal:
            self.refused.emit(str(refusal))
            return
        if take.request.kind in ("reference", "freeze_time"):
            self._curation.take_in(take, look=self._first)
            self._first = False
        self.changed.emit()

    def _ended(self, entry: Entry, last: Message) -> None:
        if isinstance(entry.job, GenerateJob):
            self._curation.gallery.arriving.over()
            if isinstance(last, Failed):
                sweep(Path(entry.job.folder))  # a killed worker could not
                (self.said if last.cancelled else self.refused).emit(last.sentence)

    # -- what the person does ----------------------------------------------------------------------------------

    def _submit(self, wish: VideoRequest, **more: object) -> None:
        """Queue a job; the seed moves on, so that asking again makes others."""
        folder = self._document.folder
        if folder is None or self.reason():
            self.refused.emit(self.reason())
            return
        takes = self.panel.takes.value()
        try:
            job = replace(GenerateJob(str(folder), self.panel.provider, wish, takes=takes), **more)  # type: ignore[arg-type]
        except ValueError as fault:
            self.refused.emit(f"This cannot be asked for ({fault}).")
            return
        self._document.saver.finish()  # the worker reads padlocks and choices from the file
        self.jobs.add(job)
        if wish.provider == self.panel.provider:
            self.options_used.emit(wish.provider, dict(wish.options))
        self.panel.seed.setValue((wish.seed + job.takes) % MOST_SEED)
        self.said.emit(f"Queued: {q.title(job)}")

    def _generate(self) -> None:
        self.panel.finish()
        wish = self.panel.wish(self.panel.kind)
        if wish.kind == "reference":
            self._submit(wish)
            return
        source = self._source()
        if source is not None:
            self._submit(wish, take=source[0].id, frame=source[1])

    def _extend(self, side: str, sweep: float) -> None:
        take = self._curation.review.take
        if take is not None:
            self._submit(self.panel.wish("extend"), take=take.id, side=side, sweep=sweep, takes=1)

    def _reroll(self) -> None:
        take, review = self._curation.review.take, self._curation.review
        if take is None:
            return
        free = sorted(review.meant - self._document.project.cut.opinion(take.id).locked)
        if not free:
            self.refused.emit("Every frame that is meant is locked; select others, or open their padlocks.")
            return
        self._submit(self.panel.wish("reroll"), take=take.id, free=tuple(free))

    def _in_between(self) -> None:
        take, review = self._curation.review.take, self._curation.review
        if take is None:
            return
        gaps = tuple(sorted(index for index in review.meant if index < take.clip.n_frames - 1))
        if not gaps:
            self.refused.emit("No frame follows the last one, so none can come between; select earlier ones.")
            return
        self._submit(self.panel.wish("reroll"), take=take.id, free=gaps, between=1)

    def _vary(self) -> None:
        take = self._curation.review.take
        if take is not None:
            wish = VideoRequest("reference", seed=self.panel.seed.value())
            self._submit(wish, like=take.id, provider=take.request.provider)

    def _recall(self, *, seed: bool) -> None:
        take = self._curation.review.take
        if take is not None:
            self.panel.take_over(take.request, seed=seed)
            self.asked_for.emit()

    def _roll_seed(self) -> None:
        self.panel.seed.setValue(random.randrange(MOST_SEED))

    def _ask_model(self) -> None:
        dialog = FetchDialog(self._window)
        dialog.fetched.connect(self._use_model)
        dialog.open()

    def _ask_training(self) -> None:
        dialog = TrainDialog(self._window)
        dialog.copied.connect(self.copied)
        dialog.open()

    def _use_model(self, folder: Path) -> None:
        """A model lies there now: the provider that calls such models is to use it."""
        self.panel.choose_model(OPEN_MODELS, FOLDER, str(folder))
        self.refresh()
        self.said.emit(f"Fetched into {folder}")

    def _write_prompt(self, prompt: str) -> None:
        if self._document.folder is not None:
            self._curation.do("Write the prompt", lambda project: edits.set_prompt(project, prompt))

    def _ask_new(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self._window, "A folder for the new project", "")
        if name:
            self.begin(Path(name))

    def begin(self, folder: Path) -> None:
        """Make an empty project and open it, ready for a prompt."""
        try:
            project_file.check_home(folder)
            project_file.update(folder, lambda known: known)
        except Refusal as refusal:
            self.refused.emit(str(refusal))
            return
        self.project_requested.emit(folder)
        self.show_panel()


def _explain(action: QAction, why: str) -> None:
    """Let a tooltip say why an action cannot be done, and what it does again once it can."""
    plain = action.property("plainTip")
    if why:
        if not plain:
            action.setProperty("plainTip", action.toolTip())
        action.setToolTip(why)
    elif plain:
        action.setToolTip(str(plain))
        action.setProperty("plainTip", "")

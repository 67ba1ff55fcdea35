"""The window: puts viewport, transport, progress and empty state together and connects them; holds no truth itself.

`Document` holds the project, `ViewState` how it is looked at, `LiftSession` what is being made, `Workspaces` the
docks around the picture in the middle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow

from app import viewport_backend
from app.actions import WORKSPACE_OF, make_actions
from app.arrivals import Arrivals
from app.curation import Curation
from app.desk import Desk
from app.dialogs import ask_leaving, ask_recovery, tell
from app.document import Document
from app.drop_target import DropTarget
from app.generating import Generating
from app.lift_session import LiftSession
from app.log_lines import LogLines
from app.looking import Looking
from app.making import Making
from app.measuring import Measuring
from app.menus import Menus
from app.panels.column import column
from app.panels.empty_state import EmptyState
from app.panels.figures import Figures
from app.panels.lift_dialog import LiftWish
from app.panels.log import LogPanel
from app.panels.pages import Pages
from app.panels.progress_strip import ProgressStrip
from app.panels.workspace_tabs import WorkspaceTabs
from app.playing import Playing, play_deeds
from app.posing import Posing
from app.possible import Facts, possible, waiting
from app.project_files import ProjectFiles
from app.restore import Restorer
from app.sample import sample_videos
from app.shooting import Shooting
from app.showing import Showing
from app.view_state import ViewState
from app.viewport_backend import Backend, Reports
from app.workspaces import BOTTOM, Panel, Workspaces
from pipeline.project.journal import differences
from renderer.errors import Refusal

SENTENCE_MS = 12_000


class MainWindow(QMainWindow):
    """The first window. `settings_path` is where preferences are kept; tests give a scratch file."""

    def __init__(self, settings_path: Path, make_backend: Callable[[Reports], Backend] = viewport_backend.make) -> None:
        super().__init__()
        self.document = Document(self)
        self.view = ViewState(self)
        self.session = LiftSession(self)
        self.log = LogLines(self)
        self.log.listen()
        self.commands = make_actions(self)
        self.desk = Desk(self, self.commands, settings_path)
        self.curation = Curation(self.document, self.commands, self)
        self.looking = Looking(
            self.view, self.document, self.curation.store, self.commands, make_backend, self._lifting, self
        )
        self.viewport, self.transport = self.looking.viewport, self.looking.transport
        self.drops = DropTarget(self)
        self.arrivals = Arrivals(self.document, self.curation, self)
        self.files = ProjectFiles(self.document, self, self.open_project, self.curation.try_again)
        self.making = Making(self.document, self.session, self.view, self.commands, self)
        self.posing = Posing(self.document, self.session.queue, self.view, self.commands, self)
        self.generating = Generating(self.document, self.session, self.curation, self.commands, self)
        self.measuring = Measuring(self.document, self.session.queue, self)
        self.measuring.copied.connect(self.making.copy_text)
        self.generating.copied.connect(self.making.copy_text)
        parts = self.document, self.making, self.view
        self.restorer = Restorer(parts, self.open_project, lambda: self.desk.recent, self)
        self.showing = Showing(self.document, self.session, self.view, self.looking, self.making)
        self.workspaces = Workspaces(self, self.desk.settings.layouts, self.desk.settings.workspace)
        self._leaving = False
        self._build()
        self._connect()
        self._refresh()
        self.resize(1280, 800)
        if self.desk.settings.geometry:
            self.restoreGeometry(QByteArray.fromHex(self.desk.settings.geometry.encode()))

    def open_project(self, folder: Path) -> bool:
        """Open a project folder; where it is none that is said, and what was open stays open."""
        try:
            self.document.open(folder)
        except Refusal as refusal:
            self.complain(str(refusal))
            return False
        except OSError as fault:
            self.complain(f"{folder} can't be read ({fault.strerror}); check that it is there and yours.")
            return False
        self._offer_unsaved()
        if self.document.read_only:
            self._say(self.document.read_only)
        self.desk.settle(self.desk.settings.opened(folder.resolve()))
        self._refresh()
        return True

    def start_lift(self, wish: LiftWish) -> None:
        """Start a lift in its own process and watch its project."""
        try:
            self.session.start(wish.job())
        except Refusal as refusal:
            self.complain(str(refusal))
            return
        if self.document.folder != wish.out:
            self.document.close()
        self._refresh()

    def complain(self, sentence: str) -> None:
        """Say why something could not be done: on the first screen, or over the scene in a dialog."""
        if self.view.snapshot is None and self.document.folder is None:
            self.empty.show_welcome(self.desk.recent, sentence)
            return
        tell(self, "Splatime", sentence, warning=True).setObjectName("complaint")

    def _dress(self) -> None:
        self.looking.refresh_theme()
        self.empty.refresh_icons()
        self.making.lift.refresh_theme()

    def _offer_unsaved(self) -> None:
        """Ask what is to become of edits that a window had when it was ended."""
        cut = self.document.unsaved()
        if cut is not None:
            ask_recovery(
                self, differences(self.document.project, cut), lambda yes: self.document.recover(cut if yes else None)
            )

    def _say(self, sentence: str) -> None:
        self.statusBar().showMessage(sentence, SENTENCE_MS)

    def _not_saved(self, sentence: str) -> None:
        self._say(f"Not saved yet. {sentence}")
        self.log.added.emit(sentence)

    # -- what the window is told -------------------------------------------------------------------------------

    def _lift_ended(self, sentence: str) -> None:
        self.making.reload()
        if sentence and self.document.folder is None:
            self.session.watch(None)
            self.complain(sentence)
        self._refresh()

    def _unreadable(self, sentence: str) -> None:
        if self.view.snapshot is None:
            self.empty.show_waiting("This scene can't be shown", "Lift again, or open another project.", sentence)
        else:
            self._say(sentence)

    # -- Qt's events -------------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        self.curation.details.notes.finish()
        if not self.document.saver.finish() and not self._leaving:
            event.ignore()
            ask_leaving(self, self._leave)
            return
        self.view.pause()
        self.curation.close()
        self.generating.close()
        self.posing.close()
        self.arrivals.close()
        self.files.chore.shut_down()
        self.document.shut_down()
        self.session.shut_down()
        self.showing.loader.close()
        self.log.deafen()
        self.looking.close()
        place = bytes(self.saveGeometry().toHex().data()).decode()
        layouts, current = self.workspaces.layouts(), self.workspaces.current
        self.desk.settle(replace(self.desk.settings, geometry=place, layouts=layouts, workspace=current))
        super().closeEvent(event)

    def _leave(self) -> None:
        self._leaving = True
        self.close()

    # -- building ----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        act = self.commands
        if sample_videos() is None:
            act["sample"].setEnabled(False)
            act["sample"].setToolTip("This installation ships no sample")
        self.progress = ProgressStrip(act["stop_lift"], act["resume"])
        self.empty = EmptyState((act["lift"], act["new_project"], act["open"], act["sample"]), act["resume"])
        self.shooting = Shooting(self.document, self.view, self.viewport, act, self)
        self.stack = Pages()
        for page in (self.empty, self.looking.stage, self.curation.page):
            self.stack.addWidget(page)
        self.setCentralWidget(column(self.progress, self.stack, tall=self.stack))
        self.figures = Figures(self.statusBar())
        self.menus = Menus(self.menuBar(), act)
        self.menus.fill_themes(self.desk.settings.theme, self.desk.dress)
        self.tabs = WorkspaceTabs([act[name] for name in WORKSPACE_OF])
        self.menuBar().setNativeMenuBar(False)
        self.menuBar().setCornerWidget(self.tabs)
        self._add_panels()
        self.menus.fill_panels(self.workspaces.toggles())

    def _add_panels(self) -> None:
        """Every panel of every workspace, one `self.workspaces.add(Panel(...))` each, in the order of stacking."""
        parts = self.curation, self.generating, self.looking, self.posing, self.making, self.shooting
        for panel in (panel for part in parts for panel in part.panels()):
            self.workspaces.add(panel)
        self.workspaces.add(Panel("log", "Log", LogPanel(self.log), BOTTOM, size=160))

    def _connect(self) -> None:
        act = self.commands
        for name, deed in self._deeds().items():
            act[name].triggered.connect(lambda _checked=False, deed=deed: deed())
        act["full_screen"].triggered.connect(lambda on: self.showFullScreen() if on else self.showNormal())
        act["shot_loop"].triggered.connect(self.shooting.set_loop)
        for name, workspace in WORKSPACE_OF.items():
            act[name].triggered.connect(lambda _checked=False, to=workspace: self.workspaces.go_to(to))
        for refused in (
            self.files.chore.refused, self.arrivals.refused, self.restorer.refused, self.making.refused,
            self.shooting.refused, self.posing.refused, self.generating.refused,
        ):  # fmt: skip
            refused.connect(self.complain)
        for said in (self.files.chore.said, self.arrivals.importer.said):
            said.connect(self.statusBar().showMessage)
        for said in (self.curation.refused, self.making.said, self.generating.said, self.posing.said):
            said.connect(self._say)
        for changed in (
            self.workspaces.changed, self.shooting.state.playing_changed, self.curation.changed, self.making.changed,
            self.generating.changed,
            self.document.changed, self.document.undo_stack.indexChanged, self.session.status_changed,
            self.showing.changed,
        ):  # fmt: skip
            changed.connect(self._refresh)
        self.document.saver.failed.connect(self._not_saved)
        self.arrivals.open_requested.connect(self.open_project)
        self.arrivals.unpack_requested.connect(self.files.ask_unpack_to)
        self.arrivals.look_requested.connect(self.restorer.look)
        self.arrivals.lift_requested.connect(self.start_lift)
        self.generating.project_requested.connect(self.open_project)
        self.generating.options_used.connect(self.desk.keep_options)
        self.generating.remember(self.desk.settings.providers)
        self.generating.asked_for.connect(self._show_generate)
        self.arrivals.curating.connect(lambda: self.workspaces.go_to("curate"))
        self.restorer.other.connect(self.arrivals.bring_takes)
        self.session.project_made.connect(self.open_project)
        self.session.ended.connect(self._lift_ended)
        self.showing.unreadable.connect(self._unreadable)
        self.showing.bent.connect(self.curation.show_bending)
        self.showing.bent.connect(self.looking.grid.grid.show_bending)
        self.drops.hovered.connect(self.empty.show_hot)
        self.drops.dropped.connect(self.arrivals.bring)
        self.desk.dressed.connect(self._dress)
        self.desk.mouse_chosen.connect(self.viewport.set_mouse)
        self.viewport.set_mouse(self.desk.settings.mouse)
        self.viewport.fps_changed.connect(self.figures.show_fps)
        self.empty.recent_requested.connect(lambda path: self.open_project(Path(path)))

    def _deeds(self) -> dict[str, Callable[[], object]]:
        stack = self.document.undo_stack
        return {
            **self.curation.deeds(), **self.files.deeds(), **self.making.deeds(), **self.arrivals.deeds(),
            **self.looking.deeds(), **self.posing.deeds(), **self.shooting.deeds(), **play_deeds(self._clock),
            **self.generating.deeds(), **self.measuring.deeds(),
            **self.desk.deeds(lambda: self.viewport.backend.name),
            "stop_lift": self.session.stop, "close": self.document.close, "quit": self.close,
            "undo": stack.undo, "redo": stack.redo, "reset_workspace": self.workspaces.reset,
        }  # fmt: skip

    def _show_generate(self) -> None:
        self.workspaces.go_to("curate")
        dock = self.workspaces.dock("generate")
        dock.show()
        dock.raise_()

    def _clock(self) -> Playing:
        """What the keys of time move: the take under review in Curate, the film in Shot, else the scene."""
        if self._curating:
            return self.curation.review
        shot = self.shooting.state
        return shot if self.workspaces.current == "shot" and shot.shot.keys else self.view

    def _lifting(self) -> bool:
        return not self.session.status.over

    @property
    def _curating(self) -> bool:
        return self.workspaces.current == "curate" and self.document.folder is not None

    # -- showing -----------------------------------------------------------------------------------------------

    def _facts(self) -> Facts:
        document, session, stack = self.document, self.session, self.document.undo_stack
        return Facts(
            named=(document.folder or session.folder) is not None,
            project=document.folder is not None,
            has_run=document.project.newest_run() is not None,
            scene=self.view.snapshot is not None,
            freeze_frames=bool(self.view.freeze_frames),
            curating=self._curating,
            take=self.curation.review.take is not None,
            lifting=self._lifting(),
            here=session.running_here,
            resumable=self.making.resumable,
            can_undo=stack.canUndo(),
            can_redo=stack.canRedo(),
        )

    def _refresh(self) -> None:
        """Bring titles, pages and what is possible in line with document, view and lift."""
        act, facts = self.commands, self._facts()
        named = self.document.folder or self.session.folder
        mark = " (read-only)" if self.document.read_only else ""
        self.setWindowTitle(f"{named.name}{mark} — Splatime" if named is not None else "Splatime")
        for name, on in possible(facts).items():
            act[name].setEnabled(on)
        for name, workspace in WORKSPACE_OF.items():
            act[name].setChecked(workspace == self.workspaces.current)
        self.progress.show_status(self.session.status, facts.here, facts.resumable)
        self._show_page(facts)
        self.tabs.setVisible(facts.named)
        self.workspaces.bring_out() if facts.named else self.workspaces.put_away()
        self.shooting.state.set_visible(self.workspaces.current == "shot")
        self.curation.set_active(facts.curating)
        for part in (self.curation, self.generating, self.posing, self.shooting, self.making):
            part.refresh()
        self.menus.fill_recent(self.desk.recent, lambda path: self.open_project(Path(path)))
        self.figures.show_snapshot(self.view.snapshot, self.viewport.backend.name)

    def _show_page(self, facts: Facts) -> None:
        page = self.curation.page if facts.curating else self.looking.stage if facts.scene else self.empty
        self.stack.setCurrentWidget(page)
        if not facts.scene:
            words = waiting(facts)
            if words is None:
                self.empty.show_welcome(self.desk.recent, self.empty.fault.text())
            else:
                title, lead, offer = words
                self.empty.show_waiting(title, lead, offer=offer)

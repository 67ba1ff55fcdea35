"""The window: puts viewport, transport, progress and empty state together and connects them; holds no truth itself.

`Document` holds the project, `ViewState` how it is looked at, `LiftSession` what is being made, `Workspaces` the
docks around the picture in the middle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QActionGroup, QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QVBoxLayout, QWidget

from app import viewport_backend
from app.actions import (
    MARKS,
    MODES,
    NEEDS_SCENE,
    NEEDS_TAKE,
    PAINTS,
    PLAYS,
    WORKSPACE_OF,
    make_actions,
    refresh_icons,
)
from app.arrivals import Arrivals
from app.curation import Curation
from app.desk import Desk
from app.dialogs import ask_leaving, ask_recovery, tell
from app.document import Document
from app.drops import read_drop
from app.lift_session import LiftSession
from app.log_lines import LogLines
from app.making import Making, run_of
from app.menus import Menus
from app.panels.empty_state import EmptyState
from app.panels.figures import Figures
from app.panels.lift_dialog import LiftWish
from app.panels.log import LogPanel
from app.panels.pages import Pages
from app.panels.progress_strip import ProgressStrip
from app.panels.transport import Transport
from app.panels.view_bar import ViewBar
from app.panels.workspace_tabs import WorkspaceTabs
from app.player import Player
from app.playing import Playing
from app.project_files import ProjectFiles
from app.restore import Restorer
from app.sample import sample_videos
from app.scene_loader import Scene, SceneLoader
from app.settings import Settings, load_settings, save_settings
from app.shooting import Shooting
from app.sources import Sources
from app.theme import apply_theme
from app.view_state import ViewState
from app.viewport import Viewport
from app.viewport_backend import Backend, Reports
from app.workspaces import BOTTOM, Panel, Workspaces
from pipeline.messages import Produced
from pipeline.project.journal import differences
from pipeline.project.project_file import is_project
from renderer.errors import Refusal

SENTENCE_MS = 12_000


class MainWindow(QMainWindow):
    """The first window. `settings_path` is where preferences are kept; tests give a scratch file."""

    def __init__(self, settings_path: Path, make_backend: Callable[[Reports], Backend] = viewport_backend.make) -> None:
        super().__init__()
        self.settings_path = settings_path
        self.settings: Settings = load_settings(settings_path)
        self.document = Document(self)
        self.view = ViewState(self)
        self.player = Player(self.view, self)
        self.session = LiftSession(self)
        self.loader = SceneLoader(self)
        self.log = LogLines(self)
        self.log.listen()
        self.commands = make_actions(self)
        self.desk = Desk(self, self.commands, lambda: self.settings, self._settle, self.set_theme)
        self.curation = Curation(self.document, self.commands, self)
        self.sources = Sources(self.curation.store, lambda: self.document.project, self._run_shown)
        self.arrivals = Arrivals(self.document, self.curation, self)
        self.files = ProjectFiles(self.document, self, self.open_project, self.curation.try_again)
        self.making = Making(self.document, self.session, self.view, self.commands, self)
        parts = self.document, self.making, self.view
        self.restorer = Restorer(parts, self.open_project, self._recent, self)
        self.workspaces = Workspaces(self, self.settings.layouts, self.settings.workspace)
        self._scene_runs: Path | None = None
        self._leaving = False
        self._build(make_backend)
        self._connect()
        self._refresh()
        self.setAcceptDrops(True)
        self.resize(1280, 800)
        if self.settings.geometry:
            self.restoreGeometry(QByteArray.fromHex(self.settings.geometry.encode()))

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
            self.statusBar().showMessage(self.document.read_only, SENTENCE_MS)
        self.settings = self.settings.opened(folder.resolve())
        save_settings(self.settings_path, self.settings)
        self._refresh()
        return True

    def show_scene(self, scene: Scene) -> None:
        """Show a snapshot; a newer one of the same run keeps the view."""
        # Runs of one project share their cameras' frame, so a free view stays for looking back and comparing.
        runs = run_of(scene.path).parent
        keep = self._scene_runs == runs and self.view.snapshot is not None
        self._scene_runs = runs
        self.view.show(scene.snapshot, keep_view=keep)
        self.viewport.show_scene(scene)
        self.making.scene_shown(scene.path)
        self._refresh()

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
            self.empty.show_welcome(self._recent(), sentence)
            return
        tell(self, "Splatime", sentence, warning=True).setObjectName("complaint")

    def set_theme(self, choice: str) -> None:
        """system, dark or light."""
        self.settings = replace(self.settings, theme=choice)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, choice)
        refresh_icons(self.commands)
        self.viewport.refresh_theme()
        self.empty.refresh_icons()
        self.transport.show_playing()
        self.making.lift.refresh_theme()

    def _offer_unsaved(self) -> None:
        """Ask what is to become of edits that a window had when it was ended."""
        cut = self.document.unsaved()
        if cut is not None:
            ask_recovery(
                self, differences(self.document.project, cut), lambda yes: self.document.recover(cut if yes else None)
            )

    def _not_saved(self, sentence: str) -> None:
        self.statusBar().showMessage(f"Not saved yet. {sentence}", SENTENCE_MS)
        self.log.added.emit(sentence)

    # -- what the window is told -------------------------------------------------------------------------------

    def _opened(self) -> None:
        folder = self.document.folder
        if folder is not None and folder == self.session.folder:
            return  # a lift that runs here has made its project; its picture stays
        if folder is None and self.session.running_here:
            folder = self.session.folder
        self.loader.forget()
        self.view.show(None)
        self.viewport.show_scene(None)
        self._scene_runs, self.making.shown_run = None, None
        self.session.watch(folder)
        self._refresh()

    def _keep(self, made: Produced) -> None:
        if made.kind in ("run", "render"):
            try:
                self.document.reload_library()  # the worker has noted it in the project
            except Refusal as refusal:
                self.statusBar().showMessage(str(refusal), SENTENCE_MS)

    def _lift_ended(self, sentence: str) -> None:
        try:
            self.document.reload_library()
        except Refusal as refusal:
            self.statusBar().showMessage(str(refusal), SENTENCE_MS)
        if sentence and self.document.folder is None:
            self.session.watch(None)
            self.complain(sentence)
        self._refresh()

    def _run_shown(self) -> str:
        run = self.making.shown_run
        return "" if run is None else run.name

    def _lay_source(self) -> None:
        """Give the viewport the source frame of what it shows, once it is asked for."""
        view = self.view
        image, words = (None, "") if view.source == "off" else self.sources.at(view.station, view.time)
        self.viewport.show_source(image, words)

    def _unreadable(self, _path: Path, sentence: str) -> None:
        if self.view.snapshot is None:
            self.empty.show_waiting("This scene can't be shown", "Lift again, or open another project.", sentence)
        else:
            self.statusBar().showMessage(sentence, SENTENCE_MS)

    # -- what the person does ----------------------------------------------------------------------------------

    def _resume(self) -> None:
        folder = self.document.folder
        if folder is None:
            return
        try:
            self.session.resume(self.document.project, folder)
        except Refusal as refusal:
            self.complain(str(refusal))
        self._refresh()

    # -- Qt's events -------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        if not read_drop(event.mimeData()).empty:
            event.acceptProposedAction()
            self.empty.show_hot(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 (Qt's name)
        self.empty.show_hot(False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        self.empty.show_hot(False)
        drop = read_drop(event.mimeData())
        if not drop.empty:
            event.acceptProposedAction()
            self.arrivals.bring(drop)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        self.curation.details.notes.finish()
        if not self.document.saver.finish() and not self._leaving:
            event.ignore()
            ask_leaving(self, self._leave)
            return
        self.view.pause()
        self.curation.close()
        self.arrivals.importer.shut_down()
        self.files.chore.shut_down()
        self.document.shut_down()
        self.session.shut_down()
        self.loader.close()
        self.log.deafen()
        self.viewport.close_backend()
        place = bytes(self.saveGeometry().toHex().data()).decode()
        layouts, current = self.workspaces.layouts(), self.workspaces.current
        self.settings = replace(self.settings, geometry=place, layouts=layouts, workspace=current)
        save_settings(self.settings_path, self.settings)
        super().closeEvent(event)

    def _leave(self) -> None:
        self._leaving = True
        self.close()

    # -- building ----------------------------------------------------------------------------------------------

    def _build(self, make_backend: Callable[[Reports], Backend]) -> None:
        act = self.commands
        videos = sample_videos()
        act["sample"].setEnabled(videos is not None)
        if videos is None:
            act["sample"].setToolTip("This installation ships no sample")
        self.viewport = Viewport(self.view, make_backend)
        self.progress = ProgressStrip(act["stop_lift"], act["resume"])
        self.transport = Transport(self.view, act)
        self.empty = EmptyState((act["lift"], act["open"], act["sample"]), act["resume"])
        self.shooting = Shooting(self.document, self.view, self.viewport, act, self)
        self.view_bar = ViewBar(self.view, act)
        self.stage = _column(self.view_bar, self.viewport, self.transport)
        self.stack = Pages()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.stage)
        self.stack.addWidget(self.curation.page)
        self.setCentralWidget(_column(self.progress, self.stack))
        self.figures = Figures(self.statusBar())
        self.menus = Menus(self.menuBar(), act)
        self.menus.fill_themes(self.settings.theme, self.set_theme)
        self.tabs = WorkspaceTabs([act[name] for name in WORKSPACE_OF])
        self.menuBar().setNativeMenuBar(False)
        self.menuBar().setCornerWidget(self.tabs)
        self._add_panels()
        self.menus.fill_panels(self.workspaces.toggles())

    def _add_panels(self) -> None:
        """Every panel of every workspace, one `self.workspaces.add(Panel(...))` each, in the order of stacking."""
        for panel in self.curation.panels():
            self.workspaces.add(panel)
        for panel in (*self.making.panels(), *self.shooting.panels()):
            self.workspaces.add(panel)
        self.workspaces.add(Panel("log", "Log", LogPanel(self.log), BOTTOM, size=160))

    def _connect(self) -> None:
        view, act = self.view, self.commands
        for name, deed in self._deeds().items():
            act[name].triggered.connect(lambda _checked=False, deed=deed: deed())
        act["full_screen"].triggered.connect(lambda on: self.showFullScreen() if on else self.showNormal())
        modes = QActionGroup(self)
        for name in MODES:
            modes.addAction(act[name])
            act[name].triggered.connect(lambda _checked=False, name=name: view.set_mode(MODES[name]))
        paints = QActionGroup(self)
        for name in PAINTS:
            paints.addAction(act[name])
            act[name].triggered.connect(lambda _checked=False, name=name: view.set_paint(PAINTS[name]))
        for name, mark in MARKS.items():
            act[name].triggered.connect(lambda on, mark=mark: view.set_mark(mark, on))
        act["fly"].triggered.connect(view.set_flying)
        act["shot_loop"].triggered.connect(self.shooting.set_loop)
        self.shooting.refused.connect(self.complain)
        self.shooting.state.playing_changed.connect(self._refresh)
        for signal in (view.camera_changed, view.moment_changed, view.marks_changed, self.curation.store.ready):
            signal.connect(self._lay_source)
        tabs = QActionGroup(self)
        for name, workspace in WORKSPACE_OF.items():
            tabs.addAction(act[name])
            act[name].triggered.connect(lambda _checked=False, to=workspace: self.workspaces.go_to(to))
        self.workspaces.changed.connect(self._refresh)
        self.files.chore.said.connect(self.statusBar().showMessage)
        self.files.chore.refused.connect(self.complain)
        self.document.saver.failed.connect(self._not_saved)
        self.arrivals.open_requested.connect(self.open_project)
        self.arrivals.unpack_requested.connect(self.files.ask_unpack_to)
        self.arrivals.look_requested.connect(self.restorer.look)
        self.arrivals.lift_requested.connect(self.start_lift)
        self.arrivals.curating.connect(lambda: self.workspaces.go_to("curate"))
        self.arrivals.importer.said.connect(self.statusBar().showMessage)
        self.arrivals.refused.connect(self.complain)
        self.curation.refused.connect(lambda sentence: self.statusBar().showMessage(sentence, SENTENCE_MS))
        self.curation.changed.connect(self._refresh)
        self.making.look.connect(self.loader.load)
        self.restorer.other.connect(self.arrivals.bring_takes)
        self.restorer.refused.connect(self.complain)
        self.making.refused.connect(self.complain)
        self.making.said.connect(lambda sentence: self.statusBar().showMessage(sentence, SENTENCE_MS))
        self.making.changed.connect(self._refresh)
        self.document.opened.connect(self._opened)
        self.document.changed.connect(self._refresh)
        self.document.undo_stack.indexChanged.connect(self._refresh)
        self.session.picture_ready.connect(self.loader.load)
        self.session.status_changed.connect(self._refresh)
        self.session.project_made.connect(self.open_project)
        self.session.produced.connect(self._keep)
        self.session.ended.connect(self._lift_ended)
        self.loader.loaded.connect(self.show_scene)
        self.loader.failed.connect(self._unreadable)
        self.viewport.fps_changed.connect(self.figures.show_fps)
        self.empty.recent_requested.connect(lambda path: self.open_project(Path(path)))
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_theme_changed)

    def _deeds(self) -> dict[str, Callable[[], object]]:
        view, stack, clock = self.view, self.document.undo_stack, self._clock
        return {
            **self.curation.deeds(), **self.files.deeds(), **self.making.deeds(),
            **self.arrivals.deeds(), "resume": self._resume, "stop_lift": self.session.stop,
            "close": self.document.close, "quit": self.close, "undo": stack.undo, "redo": stack.redo,
            "play": lambda: clock().toggle(), "pause": lambda: clock().pause(),
            "backward": lambda: clock().faster(-1), "forward": lambda: clock().faster(1),
            "previous_frame": lambda: clock().step(-1), "next_frame": lambda: clock().step(1),
            "back_ten": lambda: clock().step(-10), "forward_ten": lambda: clock().step(10),
            "first_frame": lambda: clock().scrub(clock().time_range[0]),
            "last_frame": lambda: clock().scrub(clock().time_range[1]),
            "reset_view": view.reset, "frame_scene": view.frame_scene,
            "previous_camera": lambda: view.step_station(-1), "next_camera": lambda: view.step_station(1),
            "add_key": self.shooting.add_key, "update_key": self.shooting.update_key,
            "remove_key": self.shooting.remove_key, "previous_key": lambda: self.shooting.state.step_key(-1),
            "next_key": lambda: self.shooting.state.step_key(1), "import_path": self.shooting.import_path,
            "export_path": self.shooting.export_path,
            "source": view.next_source, "from_front": lambda: view.from_axis("front"),
            "from_right": lambda: view.from_axis("right"), "from_top": lambda: view.from_axis("top"),
            "reset_workspace": self.workspaces.reset,
            **self.desk.deeds(lambda: self.viewport.backend.name),
        }  # fmt: skip

    def _clock(self) -> Playing:
        """What the keys of time move: the take under review in Curate, the film in Shot, else the scene."""
        if self._curating:
            return self.curation.review
        shot = self.shooting.state
        return shot if self.workspaces.current == "shot" and shot.shot.keys else self.view

    @property
    def _curating(self) -> bool:
        return self.workspaces.current == "curate" and self.document.folder is not None

    def _settle(self, settings: Settings) -> None:
        self.settings = settings
        save_settings(self.settings_path, settings)

    def _system_theme_changed(self) -> None:
        if self.settings.theme == "system":
            self.set_theme("system")

    # -- showing -----------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Bring titles, pages and what is possible in line with document, view and lift."""
        act, stack, folder = self.commands, self.document.undo_stack, self.document.folder
        scene, here = self.view.snapshot is not None, self.session.running_here
        named = folder or self.session.folder
        mark = " (read-only)" if self.document.read_only else ""
        self.setWindowTitle(f"{named.name}{mark} — Splatime" if named is not None else "Splatime")
        act["resume"].setEnabled(self._resumable())
        self.progress.show_status(self.session.status, here, act["resume"].isEnabled())
        middle = self.curation.page if self._curating else self.stage if scene else self.empty
        self.stack.setCurrentWidget(middle)
        self._show_page()
        act["stop_lift"].setEnabled(here)
        act["lift"].setEnabled(not here)
        for name in ("close", "pack", "relink"):
            act[name].setEnabled(folder is not None)
        act["undo"].setEnabled(stack.canUndo())
        act["redo"].setEnabled(stack.canRedo())
        self.curation.refresh()
        self.shooting.state.set_visible(self.workspaces.current == "shot")
        self.shooting.refresh()
        take = self._curating and self.curation.review.take is not None
        for names, possible in ((NEEDS_SCENE, scene), (NEEDS_TAKE, take), (PLAYS, take if self._curating else scene)):
            for name in names:
                act[name].setEnabled(possible)
        for name in ("compare", "next_compare", "swap", "pick_canonical"):
            act[name].setEnabled(act[name].isEnabled() and take)
        for name, workspace in WORKSPACE_OF.items():
            act[name].setChecked(workspace == self.workspaces.current)
            act[name].setEnabled(named is not None)
        self.tabs.setVisible(named is not None)
        self.workspaces.bring_out() if named is not None else self.workspaces.put_away()
        act["per_frame"].setEnabled(bool(self.view.freeze_frames))
        self.making.refresh()
        self.menus.fill_recent(self._recent(), lambda path: self.open_project(Path(path)))
        self.figures.show_snapshot(self.view.snapshot, self.viewport.backend.name)

    def _show_page(self) -> None:
        if self.view.snapshot is not None:
            return
        if not self.session.status.over:
            self.empty.show_waiting("Lifting…", "The first picture of the scene appears here within a minute or two.")
        elif self.document.folder is None:
            self.empty.show_welcome(self._recent(), self.empty.fault.text())
        elif self.document.project.newest_run() is not None:
            self.empty.show_waiting("Opening the scene…", "It is being read.")
        else:
            lead = "Lift its two videos, and the scene appears here as it grows."
            offer = "resume" if self.commands["resume"].isEnabled() else "lift"
            self.empty.show_waiting("Nothing is lifted in this project yet", lead, offer=offer)

    def _resumable(self) -> bool:
        """Whether the open project knows all that a lift needs and has not come to its end."""
        cut, snapshot = self.document.project.cut, self.view.snapshot
        needs = cut.reference, cut.freeze_time, cut.canonical_reference_frame, cut.canonical_freeze_frame
        finished = snapshot is not None and snapshot.info.get("stage") == "finished"
        idle = self.session.status.over and not self.session.running_here
        return self.document.folder is not None and None not in needs and idle and not finished

    def _recent(self) -> tuple[str, ...]:
        return tuple(path for path in self.settings.recent if is_project(Path(path)))


def _column(*widgets: QWidget) -> QWidget:
    """Widgets over each other without gaps; the tallest-wanting one takes the room."""
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for widget in widgets:
        layout.addWidget(widget, 1 if isinstance(widget, Viewport | Pages) else 0)
    return holder

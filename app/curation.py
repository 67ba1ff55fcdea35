"""Curation: takes, their review and their frames, connected to the document. It asks, the document decides.

Holds no truth: what is looked at is `ReviewState`, pixels are `FrameStore`, opinions and trims are the cut.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction

from app.bending import Bending
from app.checks import Checked, Checks
from app.document import Document, Edit
from app.frame_store import FrameStore
from app.frames_client import FramesClient
from app.panels.candidates_bar import CandidatesBar, family_of
from app.panels.column import column
from app.panels.filmstrip import Filmstrip
from app.panels.frame_tools import FrameTools
from app.panels.gallery import Gallery
from app.panels.review_bar import ReviewBar
from app.panels.take_details import TakeDetails
from app.panels.take_view import TakeView
from app.player import Player
from app.review_state import ReviewState
from app.workspaces import BOTTOM, LEFT, RIGHT, Panel
from pipeline.project import edits
from pipeline.project.clip import FrameSelection
from pipeline.project.curated import REJECT, STAR
from pipeline.project.project import frames_of
from pipeline.project.take import Take
from renderer.errors import Refusal


class Curation(QObject):
    """`refused(str)`: why something was not done. `changed`: what can be done now may differ."""

    refused = Signal(str)
    changed = Signal()

    def __init__(self, document: Document, actions: dict[str, QAction], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._actions = document, actions
        self.client = FramesClient(self)
        self.store = FrameStore(self.client, self)
        self.checks = Checks(self)
        self.review = ReviewState(self)
        self._player = Player(self.review, self)
        self._other = ""
        self._active = False
        self._bending = Bending()
        self._matching: tuple[Any, ...] | None = None
        self.gallery = Gallery(self.store, actions)
        self.filmstrip = Filmstrip(self.review, self.store)
        self.details = TakeDetails(actions)
        self.view = TakeView(self.review, self.store)
        self.bar = ReviewBar(self.review, actions)
        self.page = column(self.view, self.bar, tall=self.view)
        self.tools = FrameTools(actions)
        self.candidates = CandidatesBar(self.store, actions)
        self._strip_panel = column(self.tools, self.candidates, self.filmstrip, tall=self.filmstrip)
        self._strip_panel.addAction(actions["drop_frames"])
        self._connect()

    def panels(self) -> tuple[Panel, ...]:
        """The docks of the Curate workspace."""
        return (
            Panel("takes", "Takes", self.gallery, LEFT, ("curate",), size=398),
            Panel("take_details", "Take", self.details, RIGHT, ("curate",), size=300),
            Panel("filmstrip", "Filmstrip", self._strip_panel, BOTTOM, ("curate",), size=232),
        )

    def deeds(self) -> dict[str, Callable[[], object]]:
        """What the commands of curation do."""
        review = self.review
        return {
            "star": lambda: self._judge(STAR), "reject": lambda: self._judge(REJECT),
            "use_reference": lambda: self._use("reference"), "use_freeze_time": lambda: self._use("freeze_time"),
            "compare": self._compare, "next_compare": review.next_compare, "swap": review.swap,
            "set_in": lambda: self._set_trim(start=review.index),
            "set_out": lambda: self._set_trim(stop=review.index + 1),
            "go_in": lambda: self._go(0), "go_out": lambda: self._go(-1),
            "clear_trim": lambda: self._edit("Use all frames", lambda p, t: edits.trim(p, t, None)),
            "drop_frames": self._drop, "lock_frames": lambda: self._lock(self.review.meant),
            "pick_canonical": self._pick_canonical, "accept_candidate": self._accept,
        }  # fmt: skip

    def show_project(self) -> None:
        """Show the document's present value everywhere, and find the shared moment where it is not known."""
        project, review = self._document.project, self.review
        review.follow(project)
        self.gallery.show_project(project, self._check)
        self._show_take()
        self._match()

    def set_active(self, active: bool) -> None:
        """Whether takes stand in the middle of the window: then their commands count, and they are judged."""
        if active != self._active:
            self._active = active
            self._show_checks()

    def try_again(self) -> None:
        """Read takes again that could not be read: their videos may be back."""
        for take in self._document.project.takes:
            if self.store.fault(take.clip):
                self.store.try_again(take.clip)

    def refresh(self) -> None:
        """What can be done now."""
        act, take = self._actions, self.review.take
        cut = self._document.project.cut
        active = self._active and take is not None
        chosen = take is not None and take.id in (cut.reference, cut.freeze_time)
        act["pick_canonical"].setEnabled(active and chosen)
        act["compare"].setEnabled(active and (bool(self._other) or self.review.other is not None))
        act["compare"].setChecked(self.review.other is not None)
        for name in ("next_compare", "swap"):
            act[name].setEnabled(active and self.review.other is not None)
        act["accept_candidate"].setEnabled(active and self._accepted() is not None)
        verdict = "" if take is None else cut.opinion(take.id).verdict
        act["star"].setChecked(verdict == STAR)
        act["reject"].setChecked(verdict == REJECT)

    def close(self) -> None:
        """For the end of the program."""
        self.details.notes.finish()
        self.review.pause()
        self.client.close()
        self.store.close()
        self.checks.close()

    # -- showing -----------------------------------------------------------------------------------------------

    def _show_take(self) -> None:
        project, take = self._document.project, self.review.take
        cut = project.cut
        self.gallery.show_take("" if take is None else take.id)
        self.details.show_take(project, take, None if take is None else self._check(take, cut.opinion(take.id).frames))
        self.candidates.show_family(family_of(project, take), take)
        if take is not None:
            canonical = cut.canonical_reference_frame if take.id == cut.reference else None
            canonical = cut.canonical_freeze_frame if take.id == cut.freeze_time else canonical
            self.filmstrip.show_opinion(cut.opinion(take.id), canonical)
            self.view.show_selection(cut.opinion(take.id).frames)
        self.show_bending(self._bending)
        self.refresh()
        self.changed.emit()

    def show_bending(self, bending: Bending) -> None:
        """How far the lift that is shown had to bend the frames of its freeze-time take."""
        self._bending = bending
        self.filmstrip.show_bending(bending)
        self.tools.show_bending(bool(bending.by_frame) and self._reviews(bending.take))

    def _reviews(self, take_id: str) -> bool:
        return self.review.take is not None and self.review.take.id == take_id

    def _check(self, take: Take, frames: FrameSelection | None) -> Checked | None:
        """What the used frames of a take are worth; nobody asks while other things stand in the middle."""
        return self.checks.of(take.clip, frames_of(take.clip, frames)) if self._active else None

    def _show_checks(self) -> None:
        project, take = self._document.project, self.review.take
        self.gallery.show_project(project, self._check)
        check = None if take is None else self._check(take, project.cut.opinion(take.id).frames)
        self.details.show_take(project, take, check)

    def _review(self, take_id: str) -> None:
        self.review.show(self._known(take_id))

    def _choose_other(self, take_id: str) -> None:
        self._other = take_id
        if self.review.other is not None:
            self.review.compare_with(self._known(take_id), self.review.compare)
        self.refresh()

    def _known(self, take_id: str) -> Take | None:
        return next((take for take in self._document.project.takes if take.id == take_id), None)

    # -- asking ------------------------------------------------------------------------------------------------

    def _edit(self, text: str, edit: Callable[[Any, str], Any]) -> None:
        """One undoable step on the take under review."""
        take = self.review.take
        if take is not None:
            self.do(text, lambda project: edit(project, take.id))

    def do(self, text: str, edit: Edit) -> None:
        """One undoable step; a refusal is said and changes nothing."""
        try:
            self._document.do(text, edit)
        except Refusal as refusal:
            self.refused.emit(str(refusal))

    def _judge(self, verdict: str) -> None:
        take = self.review.take
        if take is not None:
            now = self._document.project.cut.opinion(take.id).verdict
            wanted = "" if now == verdict else verdict
            words = {STAR: "Star take", REJECT: "Reject take", "": "Take the verdict back"}[wanted]
            self._edit(words, lambda p, t: edits.judge(p, t, wanted))
            self.refresh()

    def _use(self, role: str) -> None:
        choose = edits.choose_reference if role == "reference" else edits.choose_freeze_time
        self._edit(f"Use as {role.replace('_', '-')}", choose)

    def _use_by_kind(self, take_id: str) -> None:
        take = self._known(take_id)
        if take is not None:
            self.review.show(take)
            self._use(take.request.role)

    def _compare(self) -> None:
        self.review.compare_with(None if self.review.other is not None else self._known(self._other))
        self.refresh()

    def _selection(self) -> FrameSelection | None:
        take = self.review.take
        if take is None:
            return None
        return self._document.project.cut.opinion(take.id).frames or FrameSelection.whole(take.clip)

    def _set_trim(self, start: int | None = None, stop: int | None = None) -> None:
        known = self._selection()
        if known is None:
            return
        first = known.start if start is None else start
        last = known.stop if stop is None else stop
        if first >= last:  # the other end gives way, as in editors
            first, last = (first, int(self.review.time_range[1]) + 1) if stop is None else (0, last)
        try:
            self._trim(known.trimmed(first, last))
        except ValueError:
            self.refused.emit("At least one frame has to stay; restore a dropped one first.")

    def _trim(self, frames: FrameSelection) -> None:
        self._edit("Trim", lambda p, t: edits.trim(p, t, frames))

    def _go(self, end: int) -> None:
        take = self.review.take
        if take is not None:
            used = frames_of(take.clip, self._document.project.cut.opinion(take.id).frames)
            self.review.scrub(used[end])

    def _drop(self) -> None:
        """Drop the meant frames; when all of them are dropped already, restore them."""
        known, meant = self._selection(), self.review.meant
        if known is not None and meant <= known.dropped:
            self._edit("Restore frames", lambda p, t: edits.restore_frames(p, t, meant))
        elif known is not None:
            self._edit("Drop frames", lambda p, t: edits.drop_frames(p, t, meant))

    def _lock(self, frames: frozenset[int]) -> None:
        take = self.review.take
        if take is not None:
            locked = not frames <= self._document.project.cut.opinion(take.id).locked
            words = "Lock frames" if locked else "Unlock frames"
            self._edit(words, lambda p, t: edits.lock_frames(p, t, frames, locked))

    def _pick_canonical(self) -> None:
        index = self.review.index
        self._edit("Pick canonical frame", lambda p, t: edits.pick_canonical(p, t, index))

    def _accepted(self) -> Take | None:
        """The take under review, if it is a candidate for the place of the one that it was made from."""
        family = family_of(self._document.project, self.review.take)
        return self.review.take if family is not None and self.review.take in family.candidates else None

    def _accept(self) -> None:
        """Put the candidate under review in its parent's place, as one step."""
        take = self._accepted()
        if take is not None:
            self.do("Accept candidate", lambda project: edits.accept(project, take.id))

    def take_in(self, take: Take, *, look: bool = True) -> None:
        """Note a take that came in, and use the first one of each kind; `look`: review it too."""
        self._document.apply(lambda project: edits.add_take(project, take))
        kind, cut = take.request.role, self._document.project.cut
        chosen = cut.reference if kind == "reference" else cut.freeze_time
        if chosen is None:
            choose = edits.choose_reference if kind == "reference" else edits.choose_freeze_time
            try:
                self._document.amend(lambda project: choose(project, take.id))
            except Refusal as refusal:
                self.refused.emit(str(refusal))
        if look:
            self.review.show(take)

    # -- the shared moment -------------------------------------------------------------------------------------

    def _match(self) -> None:
        """Have the shared moment of the chosen pair found, unless it is known or being looked for."""
        project = self._document.project
        cut = project.cut
        known = cut.canonical_reference_frame is not None or cut.canonical_freeze_frame is not None
        if known or cut.reference is None or cut.freeze_time is None:
            self._matching = None
            return
        pair = cut.reference, cut.freeze_time, cut.reference_frames, cut.freeze_time_frames
        if pair == self._matching:
            return
        self._matching = pair
        a, b = project.chosen()
        self.client.ask(
            {
                "op": "match",
                "reference": a.clip.path,
                "freeze_time": b.clip.path,
                "reference_frames": list(frames_of(a.clip, cut.reference_frames)),
                "freeze_time_frames": list(frames_of(b.clip, cut.freeze_time_frames)),
            },
            lambda answer: self._matched(pair, answer),
        )

    def _matched(self, pair: tuple[Any, ...], answer: dict[str, Any]) -> None:
        if pair != self._matching:
            return  # another pair was chosen since
        if "fault" in answer:
            self.refused.emit(str(answer["fault"]))
        else:
            i, j = (int(frame) for frame in answer["pair"])
            self._document.amend(lambda project: edits.set_canonical(project, i, j))

    # -- building ----------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        review = self.review
        self._document.changed.connect(self.show_project)
        self._document.opened.connect(self.checks.forget)
        self.checks.ready.connect(self._show_checks)
        review.take_changed.connect(self._show_take)
        self.gallery.chosen.connect(self._review)
        self.gallery.other_chosen.connect(self._choose_other)
        self.gallery.use_requested.connect(self._use_by_kind)
        self.candidates.chosen.connect(self._review)
        self.filmstrip.trim_requested.connect(self._trim)
        self.filmstrip.lock_requested.connect(lambda index: self._lock(frozenset({index})))
        self.details.take_requested.connect(self._review)
        self.details.score_requested.connect(
            lambda question, value: self._edit("Score take", lambda p, t: edits.score(p, t, question, value))
        )
        self.details.note_requested.connect(
            lambda take, text: self.do("Write notes", lambda project: edits.note(project, take, text))
        )
        self.details.prompt_requested.connect(
            lambda prompt: self.do("Recall prompt", lambda project: edits.set_prompt(project, prompt))
        )

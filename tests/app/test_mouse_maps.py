"""Drags as other programs have them: the tables, the hand that follows them, the choice in the preferences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.help import keys_text
from app.main_window import MainWindow
from app.mouse_maps import DEFAULT, MAPS, WORDS, deed_of, told
from app.panels.preferences import Preferences
from app.settings import load_settings
from tests.app.conftest import OpenWindow, fake
from tests.app.hands import key

B = Qt.MouseButton
M = Qt.KeyboardModifier
BUTTONS, MODIFIERS = (B.LeftButton, B.MiddleButton, B.RightButton), (M.ShiftModifier, M.ControlModifier, M.AltModifier)


@given(st.sampled_from(sorted(MAPS)), st.sets(st.sampled_from(BUTTONS)), st.sets(st.sampled_from(MODIFIERS)))
def test_every_hold_has_a_deed_that_has_words_or_none(name: str, buttons: set[B], modifiers: set[M]) -> None:
    held, pressed = M.NoModifier, B.NoButton
    for modifier in modifiers:
        held |= modifier
    for button in buttons:
        pressed |= button
    deed = deed_of(name, pressed, held)
    assert deed in WORDS or (not deed and not (modifiers == set() and name == DEFAULT and buttons))


@pytest.mark.parametrize("name", sorted(MAPS))
def test_every_map_orbits_pans_and_zooms_and_tells_all_it_has(name: str) -> None:
    drags = MAPS[name].drags
    assert {"pan", "zoom"} <= set(drags.values()) and {"orbit", "turn"} & set(drags.values())
    text = "\n".join(ways for ways, _ in told(name)).lower()
    assert all(way.lower() in text for way in drags)
    assert told(name)[0][0].split()[0] in keys_text({}, name)


def test_a_second_button_and_an_unknown_modifier_are_taken_for_the_nearest() -> None:
    assert deed_of("unreal", B.LeftButton | B.RightButton, M.NoModifier) == "pan"
    assert deed_of("splatime", B.LeftButton | B.RightButton, M.NoModifier) == "pan"
    assert deed_of("splatime", B.LeftButton, M.ControlModifier) == "turn"
    assert deed_of("blender", B.RightButton, M.NoModifier) == ""


def drag(widget: QWidget, button: B, modifier: M, to: tuple[int, int] = (30, 24)) -> None:
    """A drag with a modifier held, which QTest's moves can't say."""
    by, start = QPointF(*to), QPointF(widget.rect().center())
    steps = ((QEvent.Type.MouseButtonPress, start, button), (QEvent.Type.MouseMove, start + by, B.NoButton),
             (QEvent.Type.MouseButtonRelease, start + by, button))  # fmt: skip
    for kind, place, which in steps:
        still = B.NoButton if kind is QEvent.Type.MouseButtonRelease else button
        event = QMouseEvent(kind, place, widget.mapToGlobal(place), which, still, modifier)
        QApplication.sendEvent(widget, event)


HOLDS = {
    "splatime": ((B.LeftButton, M.NoModifier), (B.RightButton, M.NoModifier), (B.MiddleButton, M.ControlModifier)),
    "blender": ((B.MiddleButton, M.NoModifier), (B.MiddleButton, M.ShiftModifier), (B.LeftButton, M.AltModifier
                | M.ControlModifier)),
    "maya": tuple((button, M.AltModifier) for button in BUTTONS),
    "unreal": ((B.LeftButton, M.AltModifier), (B.MiddleButton, M.NoModifier), (B.RightButton, M.AltModifier)),
    "postshot": tuple((button, M.NoModifier) for button in BUTTONS),
}  # fmt: skip
"""How each program orbits, pans and zooms."""


@pytest.mark.parametrize("name", sorted(MAPS))
def test_drags_do_what_the_program_does(qtbot: QtBot, window: MainWindow, name: str) -> None:
    window.viewport.set_mouse(name)
    window.commands["show_cameras"].setChecked(False)
    widget, view = fake(window).widget, window.view
    for deed, (button, modifier) in zip(("orbit", "pan", "zoom"), HOLDS[name], strict=True):
        view.reset()
        before = view.orbit
        drag(widget, button, modifier)
        after = view.orbit
        assert before is not None and after is not None
        pivot_kept = bool(np.allclose(after.pivot, before.pivot))
        distance_kept = after.distance == pytest.approx(before.distance)
        assert (pivot_kept, distance_kept) == {"orbit": (True, True), "pan": (False, True), "zoom": (True, False)}[deed]
        assert not np.allclose(after.camera.centre, before.camera.centre)


def test_unreal_walks_and_looks(qtbot: QtBot, window: MainWindow) -> None:
    window.viewport.set_mouse("unreal")
    widget, view = fake(window).widget, window.view
    start = view.orbit
    drag(widget, B.RightButton, M.NoModifier)
    assert start is not None and view.orbit is not None
    np.testing.assert_allclose(view.orbit.camera.centre, start.camera.centre, atol=1e-9)
    view.reset()
    drag(widget, B.LeftButton, M.NoModifier, (0, -30))
    ahead = start.camera.world_from_camera[:3, 2]
    assert (view.orbit.camera.centre - start.camera.centre) @ ahead > 0


def test_the_mouse_is_chosen_in_the_preferences_and_remembered(
    qtbot: QtBot, window: MainWindow, open_window: OpenWindow
) -> None:
    window.commands["preferences"].trigger()
    dialog = window.findChild(Preferences)
    assert dialog is not None
    dialog.mouse.setFocus()
    key(dialog.mouse, Qt.Key.Key_Down)
    dialog.mouse.activated.emit(dialog.mouse.currentIndex())
    assert "Middle drag, Alt + left drag: orbit" in dialog.drags.text()
    dialog.close()
    assert load_settings(window.desk.path).mouse == "blender"
    assert open_window().desk.settings.mouse == "blender"
    before = window.view.orbit
    drag(fake(window).widget, B.RightButton, M.NoModifier)
    assert window.view.orbit == before
    drag(fake(window).widget, B.MiddleButton, M.NoModifier)
    assert window.view.orbit != before

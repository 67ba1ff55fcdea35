"""Rows for what a provider understands: drawn from its description, handed over as a request, remembered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.panels.form import Form
from app.panels.option_form import OptionForm
from app.settings import load_settings
from pipeline.generate.options import FORMS, Option, checked
from pipeline.generate.registry import PROVIDERS, find
from pipeline.jobs.spec import GenerateJob
from tests.app.conftest import OpenWindow
from tests.app.hands import click, key, type_in
from tests.app.takes import project_of_takes

OPTIONS = (
    Option("place", "Place", "folder", "Where it lies"),
    Option("paper", "Paper", "file", "What is read"),
    Option("server", "Server", "address", "Who is asked", "http://127.0.0.1:1"),
    Option("name", "Name", "words", "What it is called", "x"),
    Option("share", "Share", "number", "How much", 0.5, 0, 1),
    Option("most", "Most", "whole", "How many at most", None, 0, 9),
    Option("how", "How", "choice", "In which way", "slow_way", choices=("fast", "slow_way")),
    Option("loud", "Loud", "switch", "Whether it is", False),
)


@pytest.fixture
def form(qtbot: QtBot) -> Iterator[OptionForm]:
    holder = QWidget()
    qtbot.addWidget(holder)
    rows = Form(holder)
    rows.addRow("Above", QLabel())
    rows.addRow("Below", QLabel())
    form = OptionForm(rows, 1)
    form.show_options(OPTIONS)
    holder.show()
    yield form


def line(form: OptionForm, name: str) -> QLineEdit:
    held = form.field(name)
    found = held if isinstance(held, QLineEdit) else held.findChild(QLineEdit)
    assert found is not None
    return found


def test_every_form_of_option_has_a_row_that_says_what_it_is(form: OptionForm) -> None:
    assert {option.form for option in OPTIONS} == set(FORMS)
    for option in OPTIONS:
        assert form.field(option.name).accessibleName() == option.title
        assert form.field(option.name).toolTip() == option.tip
    assert form.values() == {}


def test_what_is_typed_and_clicked_is_a_value_of_the_option(form: OptionForm) -> None:
    for name, text in (("place", "weights"), ("paper", "w.json"), ("server", "http://gpu:2"), ("name", "y")):
        type_in(line(form, name), text)
    share, most, how, loud = (form.field(name) for name in ("share", "most", "how", "loud"))
    assert isinstance(share, QDoubleSpinBox) and isinstance(most, QSpinBox) and isinstance(how, QComboBox)
    assert isinstance(loud, QCheckBox)
    share.setValue(0.25)
    key(most, Qt.Key.Key_Up)
    key(how, Qt.Key.Key_Up)
    key(loud, Qt.Key.Key_Space)
    told = form.values()
    assert told == {
        "place": "weights", "paper": "w.json", "server": "http://gpu:2", "name": "y", "share": 0.25, "most": 1,
        "how": "fast", "loud": True,
    }  # fmt: skip
    assert checked("X", OPTIONS, told) == told
    form.fill({})
    assert form.values() == {}
    form.fill(json.loads(json.dumps(told)))
    assert form.values() == told
    form.fill({"share": "much", "how": "no way", "strange": 1, "place": 5})
    assert form.values() == {}


def test_rows_of_the_same_names_keep_what_they_say(form: OptionForm) -> None:
    type_in(line(form, "place"), "weights")
    form.show_options((OPTIONS[0], OPTIONS[4]))
    assert form.values() == {"place": "weights"}
    form.show_options(())
    rows = form.parent()
    assert isinstance(rows, Form) and rows.rowCount() == 2


def test_a_place_is_chosen_by_its_button(form: OptionForm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/some/where")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/some/w.json", ""))
    for name in ("place", "paper"):
        button = form.field(name).findChild(QToolButton)
        assert button is not None
        click(button)
    assert form.values() == {"place": "/some/where", "paper": "/some/w.json"}


@pytest.fixture
def studio(open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    monkeypatch.setenv("SPLATIME_CACHE", str(tmp_path / "cache"))
    project_of_takes(tmp_path / "p")
    window = open_window()
    window.resize(1280, 800)
    window.open_project(tmp_path / "p")
    window.workspaces.go_to("curate")
    window.commands["show_generate"].trigger()
    window.generating.jobs.hold()
    return window


def choose(window: MainWindow, provider: str) -> None:
    box = window.generating.panel.provider_box
    box.setFocus()
    box.setCurrentIndex(box.findData(provider))


def rows(window: MainWindow) -> set[str]:
    video = window.generating.panel.video
    return {*video.places.names, *video.options.names}


@pytest.mark.parametrize("name", [row.name for row in PROVIDERS])
def test_a_provider_has_the_rows_that_it_tells_of(studio: MainWindow, name: str) -> None:
    choose(studio, name)
    assert rows(studio) == {option.name for option in find(name).ability.options}


def asked(window: MainWindow) -> GenerateJob:
    job = window.generating.jobs.queue.entries[-1].job
    assert isinstance(job, GenerateJob)
    return job


def test_a_request_has_what_the_fields_say(studio: MainWindow) -> None:
    panel = studio.generating.panel
    choose(studio, "procedural")
    type_in(panel.prompt, "a fox")
    click(panel.video.more)
    for box, value in ((panel.video.count, 8), (panel.video.steps, 5)):
        box.setValue(value)
    panel.video.guidance.setValue(2.5)
    panel.video.fps.setValue(10)
    size = panel.video.size_box.lineEdit()
    assert size is not None
    size.setFocus()
    size.selectAll()
    type_in(size, "96x")
    assert not panel.start.isEnabled() and "width x height" in panel.reason.text()
    type_in(size, "54")
    flicker = panel.video.options.field("flicker")
    assert isinstance(flicker, QDoubleSpinBox)
    flicker.setValue(0.25)
    click(panel.start)
    wish = asked(studio).wish
    assert (wish.n_frames, wish.steps, wish.guidance, wish.fps, wish.size) == (8, 5, 2.5, 10.0, (54, 96))
    assert wish.options == {"flicker": 0.25}


def test_a_workflow_says_what_can_be_made(qtbot: QtBot, studio: MainWindow, root: Path, tmp_path: Path) -> None:
    panel, example = studio.generating.panel, root / "resources/comfyui/wan_vace.json"
    type_in(panel.prompt, "a fox")
    choose(studio, "comfyui")
    assert not panel.start.isEnabled() and "Name a workflow" in panel.reason.text()
    field = panel.video.places.field("workflow").findChild(QLineEdit)
    assert field is not None
    qtbot.waitUntil(field.isVisible)
    type_in(field, str(tmp_path / "nothing.json"))
    assert not panel.start.isEnabled() and "cannot be read" in panel.reason.text()
    field.setText(str(example))
    assert panel.start.isEnabled() and "4k+1 frames, at most 81" in panel.video.count.toolTip()
    data = json.loads(example.read_text())
    data["6"]["_meta"]["title"] = "no mark"
    (tmp_path / "words.json").write_text(json.dumps(data))
    field.setText(str(tmp_path / "words.json"))
    click(panel.kinds["freeze_time"])
    assert "ComfyUI makes no freeze-time videos" in panel.reason.text()


def test_options_are_remembered_by_provider_and_taken_over_from_takes(
    studio: MainWindow, open_window: OpenWindow, root: Path
) -> None:
    panel, example = studio.generating.panel, str(root / "resources/comfyui/wan_vace.json")
    type_in(panel.prompt, "a fox")
    choose(studio, "comfyui")
    panel.video.places.fill({"workflow": example})
    click(panel.start)
    job = asked(studio)
    assert job.wish.options == {"workflow": example}
    choose(studio, "procedural")
    assert panel.video.values() == {}
    choose(studio, "comfyui")
    assert panel.video.values() == {"workflow": example}
    assert load_settings(studio.desk.path).providers == {"comfyui": {"workflow": example}}
    again = open_window()
    choose(again, "comfyui")
    assert again.generating.panel.video.values() == {"workflow": example}
    choose(studio, "procedural")
    panel.take_over(job.wish, seed=True)
    assert panel.provider == "comfyui" and panel.video.values() == {"workflow": example}


def test_sizes_are_those_of_the_provider(studio: MainWindow) -> None:
    box = studio.generating.panel.video.size_box
    choose(studio, "pixel")
    assert [box.itemText(i) for i in range(box.count())] == ["Automatic", "512 x 288", "64 x 36"]
    choose(studio, "procedural")
    assert "832 x 480" in [box.itemText(i) for i in range(box.count())]
    assert studio.generating.panel.video.wanted_size == (0, 0)

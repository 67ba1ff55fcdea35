"""Generating by hands: takes from a prompt, arriving live; re-rolls with candidates, accepted as one step."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.panels.candidates_bar import THUMB
from app.providers import choices
from pipeline.generate.registry import Row
from pipeline.jobs import queue as q
from pipeline.jobs.spec import GenerateJob
from pipeline.project import edits, media, project_file
from pipeline.project.library import keep_made
from pipeline.project.take import KnownFrame, Take, VideoRequest
from tests.app.conftest import OpenWindow
from tests.app.hands import click, key, type_in
from tests.app.takes import project_of_takes

SECONDS = 60_000
OPEN_MODELS = "pipeline.generate.open_models.provider"


@pytest.fixture
def bar(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider of another package, for this process and the workers that it starts."""
    place = tmp_path / "site"
    info = place / "bar-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bar\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[splatime.providers]\nbar = tests.fakes.moving_bar:make\n")
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(place), str(root))))


@pytest.fixture
def studio(
    open_window: OpenWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bar: None
) -> Iterator[MainWindow]:
    """A window in Curate over a project with a reference take and a freeze-time take, the bar provider chosen."""
    monkeypatch.setenv("SPLATIME_CACHE", str(tmp_path / "cache"))
    project_of_takes(tmp_path / "p")
    window = opened(open_window, tmp_path / "p")
    take = window.curation.review.take
    assert take is not None
    qtbot.waitUntil(lambda: window.curation.store.strip(take.clip) is not None, timeout=SECONDS)
    yield window


def opened(open_window: OpenWindow, folder: Path) -> MainWindow:
    window = open_window()
    window.resize(1280, 800)
    window.open_project(folder)
    window.workspaces.go_to("curate")
    box = window.generating.panel.provider_box
    box.setCurrentIndex(box.findData("bar"))
    return window


def finished(qtbot: QtBot, window: MainWindow) -> list[Take]:
    """Wait for the queue to run dry; the takes of the project then."""
    qtbot.waitUntil(lambda: not window.generating.jobs.running, timeout=SECONDS)
    assert all(entry.state == q.DONE for entry in window.generating.jobs.queue.entries)
    return list(window.document.project.takes)


def candidate(window: MainWindow, parent: Take, seed: int, new: tuple[int, ...] = (2, 3)) -> Take:
    """A re-roll of a take, as a worker would have noted it."""
    frames = media.read_frames(parent.clip.path)
    frames[list(new)] = seed
    known = tuple(KnownFrame(i, parent.id, i) for i in range(len(frames)) if i not in new)
    request = VideoRequest("reroll", "x", "", "bar", "dynamic", (parent.id,), known, len(frames), 24.0,
                           parent.clip.size, seed)  # fmt: skip
    folder = window.document.folder
    assert folder is not None
    take = keep_made(folder, frames, request, {"seams": [[1, 0.9], [3, 0.75]]})
    project_file.update(folder, lambda project: edits.add_take(project, take))
    window.document.reload_library()
    return take


def test_from_nothing_but_a_prompt(qtbot: QtBot, open_window: OpenWindow, tmp_path: Path, bar: None) -> None:
    window = open_window()
    window.resize(1280, 800)
    names = [button.text() for button in window.empty.cards.findChildren(QPushButton)]
    assert names == ["Lift two videos…", "From a prompt…", "Open a project…", "Open the sample"]
    window.generating.begin(tmp_path / "new")
    panel = window.generating.panel
    assert window.workspaces.current == "curate" and panel.isVisible()
    panel.provider_box.setCurrentIndex(panel.provider_box.findData("bar"))
    assert not panel.start.isEnabled() and "Say what" in panel.reason.text()
    qtbot.waitUntil(panel.prompt.hasFocus)
    type_in(panel.prompt, "a dog running on grass")
    assert panel.start.isEnabled()
    panel.takes.setValue(2)
    click(panel.start)
    assert window.document.project.cut.prompt == "a dog running on grass"
    takes = finished(qtbot, window)
    assert [take.request.seed for take in takes] == [0, 1] and panel.seed.value() == 2
    assert window.document.project.cut.reference == takes[0].id
    assert window.curation.review.take == takes[0]
    click(panel.kinds["freeze_time"])
    assert panel.freeze_prompt.toPlainText() == "Camera circulating around a dog on grass, time elapse"
    panel.takes.setValue(1)
    window.curation.review.scrub(5)
    assert panel.source.text() == "From frame 5 of a dog running on grass"
    click(panel.start)
    freeze = finished(qtbot, window)[-1]
    assert freeze.request.known[0].frame == 5 and window.document.project.cut.freeze_time == freeze.id
    cut = window.document.project.cut
    qtbot.waitUntil(lambda: window.document.project.cut.canonical_freeze_frame is not None, timeout=SECONDS)
    cut = window.document.project.cut
    assert (cut.canonical_reference_frame, cut.canonical_freeze_frame) == (5, 0)


def test_a_written_freeze_time_prompt_stays_until_the_rule_is_asked_for(studio: MainWindow) -> None:
    panel = studio.generating.panel
    type_in(panel.prompt, "a cat jumping")
    click(panel.kinds["freeze_time"])
    panel.freeze_prompt.setFocus()
    type_in(panel.freeze_prompt, "Slowly ")
    assert panel.freeze_prompt.toPlainText().startswith("Slowly Camera")
    panel.prompt.setPlainText("a cow")
    assert panel.freeze_prompt.toPlainText().startswith("Slowly Camera")
    click(panel.by_rule)
    assert panel.freeze_prompt.toPlainText() == "Camera circulating around a cow, time elapse"


def test_previews_and_progress_are_shown_while_a_take_is_made(qtbot: QtBot, studio: MainWindow) -> None:
    generating, seen = studio.generating, []
    generating.jobs.message.connect(
        lambda _message: seen.append((studio.curation.gallery.arriving.picture.frames is not None, True))
    )
    type_in(generating.panel.prompt, "anything")
    click(generating.panel.start)
    assert studio.curation.gallery.arriving.isVisible()
    finished(qtbot, studio)
    assert (True, True) in seen
    assert not studio.curation.gallery.arriving.isVisible() and studio.curation.gallery.arriving.picture.frames is None


def test_selected_frames_are_made_anew_and_locked_ones_stay(qtbot: QtBot, studio: MainWindow) -> None:
    strip, first = studio.curation.filmstrip, studio.document.project.takes[0]
    click(strip.viewport(), strip.cell(3).bottomRight() - QPoint(8, 8))
    click(strip.viewport(), strip.cell(2).center())
    QTest.mouseClick(
        strip.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, strip.cell(4).center()
    )
    key(studio, Qt.Key.Key_Return, control=True)
    new = finished(qtbot, studio)[-1]
    assert new.parent == first.id and new.request.kind == "reroll"
    before, after = media.read_frames(first.clip.path), media.read_frames(new.clip.path)
    changed = [i for i in range(8) if not np.array_equal(before[i], after[i])]
    assert changed == [2, 4]
    assert studio.curation.review.take == first and studio.curation.candidates.isVisible()


def test_candidates_are_looked_at_and_one_is_accepted_as_one_step(qtbot: QtBot, studio: MainWindow) -> None:
    curation, first = studio.curation, studio.document.project.takes[0]
    curation.do("Lock", lambda project: edits.lock_frames(project, first.id, (0, 1), True))
    curation.do("Pick", lambda project: edits.pick_canonical(project, first.id, 6))
    takes = [candidate(studio, first, seed) for seed in (3, 4)]
    bar = curation.candidates
    assert bar.isVisible() and len(bar.buttons) == 3
    assert bar.words.text() == "As it is; 2 candidates" and not bar.accept.isEnabled()
    finest = bar.buttons[0].icon().pixmap(THUMB * 10, 1.0).size()
    assert finest.height() == pytest.approx(THUMB.height() * bar.devicePixelRatioF(), abs=1), "as the screen is"
    steps = studio.document.undo_stack.count()
    curation.review.scrub(2)
    click(bar.buttons[2])
    assert curation.review.take == takes[1] and curation.review.index == 2
    assert bar.words.text() == "seed 4 · weakest seam 0.75"
    click(bar.accept)
    cut = studio.document.project.cut
    assert (cut.reference, cut.canonical_reference_frame) == (takes[1].id, 6)
    assert cut.opinion(takes[1].id).locked == {0, 1}
    assert studio.document.undo_stack.count() == steps + 1
    assert not bar.isVisible()
    key(studio, Qt.Key.Key_Z, control=True)
    assert studio.document.project.cut.reference == first.id and bar.isVisible()


def test_frames_are_inserted_after_the_selected_ones(qtbot: QtBot, studio: MainWindow) -> None:
    strip = studio.curation.filmstrip
    click(strip.viewport(), strip.cell(3).center())
    studio.commands["in_between"].trigger()
    longer = finished(qtbot, studio)[-1]
    assert longer.clip.n_frames == 9 and [known.position for known in longer.request.known] == [0, 1, 2, 3, 5, 6, 7, 8]
    click(studio.curation.candidates.buttons[1])
    assert studio.curation.candidates.words.text().startswith("1 frame more")


def test_a_variation_is_made_by_a_button(qtbot: QtBot, studio: MainWindow) -> None:
    take = candidate(studio, studio.document.project.takes[0], 3)
    studio.curation.review.show(take)
    studio.generating.panel.seed.setValue(50)
    click(next(b for b in studio.curation.details.again if b.defaultAction() is studio.commands["vary"]))
    again = finished(qtbot, studio)[-1]
    assert again.request.seed == 50 and again.request.known == take.request.known


def test_the_tip_of_a_re_roll_comes_back(studio: MainWindow) -> None:
    reroll, folder = studio.commands["reroll"], studio.document.folder
    assert "(Ctrl+Return)" in reroll.toolTip()
    studio.document.close()
    assert "Open a project" in reroll.toolTip() and not reroll.isEnabled()
    assert folder is not None and studio.open_project(folder)
    assert "(Ctrl+Return)" in reroll.toolTip()


def test_rejected_candidates_are_off_the_bar(studio: MainWindow) -> None:
    first = studio.document.project.takes[0]
    take = candidate(studio, first, 5)
    studio.curation.do("Reject", lambda project: edits.judge(project, take.id, "reject"))
    assert not studio.curation.candidates.isVisible()


def test_recall_and_remix_fill_the_panel(studio: MainWindow) -> None:
    panel, first = studio.generating.panel, studio.document.project.takes[0]
    assert not studio.commands["recall"].isEnabled()
    take = candidate(studio, first, 77)
    studio.curation.review.show(take)
    panel.seed.setValue(5)
    studio.commands["remix"].trigger()
    assert (panel.seed.value(), panel.prompt.toPlainText()) == (5, "x")
    studio.commands["recall"].trigger()
    assert panel.seed.value() == 77


def test_the_dial_and_extending(qtbot: QtBot, studio: MainWindow) -> None:
    generating, freeze = studio.generating, studio.document.project.takes[1]
    assert not studio.commands["extend_left"].isEnabled()
    canonical = studio.document.project.cut.canonical_freeze_frame
    told = replace(
        freeze, provenance={"coverage": {"canonical": canonical, "left": 20.0, "right": 32.4, "solved": False}}
    )
    folder = studio.document.folder
    assert folder is not None
    project_file.update(folder, lambda p: replace(p, takes=tuple(told if t == freeze else t for t in p.takes)))
    studio.document.reload_library()
    studio.curation.review.show(told)
    studio.commands["show_generate"].trigger()
    dial = generating.panel.dial
    generating.refresh()
    noted = dial.covered
    assert (
        noted is not None
        and (noted.left, noted.right) == (20.0, 32.4)
        and "52° covered" in dial.accessibleDescription()
    )
    qtbot.waitUntil(lambda: dial.covered != noted, timeout=SECONDS)  # measured by flow
    generating.jobs.hold()
    for button in (generating.panel.left, generating.panel.right, generating.panel.both):
        click(button)
    jobs = [entry.job for entry in generating.jobs.queue.waiting]
    assert all(isinstance(job, GenerateJob) and job.take == freeze.id for job in jobs)
    assert [(job.side, job.sweep) for job in jobs if isinstance(job, GenerateJob)] == [
        ("left", 0.0), ("right", 0.0), ("both", 180.0)
    ]  # fmt: skip


def no_numbers(folder: Path) -> Path:
    """Weights of a toy pixel model, one of which is no number."""
    from safetensors.torch import load_file, save_file

    from pipeline.generate.pixel_diffusion.denoiser import Denoiser
    from pipeline.generate.pixel_diffusion.presets import preset
    from pipeline.generate.pixel_diffusion.weights import export

    path, told = export(Denoiser(preset("toy", "base")), folder, {})
    tensors = load_file(path)
    next(iter(tensors.values())).view(-1)[0] = float("nan")
    save_file(tensors, path, {"licence": "Apache-2.0"})
    description = json.loads(told.read_text())
    description["digest"] = hashlib.sha256(path.read_bytes()).hexdigest()
    told.write_text(json.dumps(description))
    return folder


def test_the_queue_goes_on_after_every_kind_of_failure(
    qtbot: QtBot, studio: MainWindow, root: Path, tmp_path: Path
) -> None:
    folder, jobs = studio.document.folder, studio.generating.jobs
    assert folder is not None
    wish = VideoRequest("reference", "x", n_frames=4, size=(36, 64))
    workflow = str(root / "resources/comfyui/wan_vace.json")
    failures: tuple[tuple[str, dict[str, object], str], ...] = (
        ("bar", {"fail": "The weights are missing; name their folder."}, "weights are missing"),
        ("pixel", {"weights": str(tmp_path)}, str(tmp_path)),
        ("pixel", {"weights": str(no_numbers(tmp_path / "weights"))}, "not finite"),
        ("comfyui", {}, "Name a workflow"),
        ("comfyui", {"workflow": workflow, "server": "http://127.0.0.1:9"}, "does not answer"),
        ("bar", {"crash": True}, "Memory ran out"),
        ("bar", {"bad": "type"}, "float32"),
        ("bar", {"kill": True}, "killed from outside"),
    )
    jobs.hold()
    for provider, options, _ in failures:
        jobs.add(GenerateJob(str(folder), provider, replace(wish, options=options)))
    jobs.add(GenerateJob(str(folder), "bar", wish))
    jobs.start()
    qtbot.waitUntil(lambda: not jobs.running and not jobs.queue.waiting, timeout=4 * SECONDS)
    entries = jobs.queue.entries
    assert [entry.state for entry in entries] == [q.FAILED] * len(failures) + [q.DONE]
    for entry, (_, _, sentence) in zip(entries, failures, strict=False):
        assert sentence in entry.sentence and entry.sentence.endswith(".") and "Traceback" not in entry.sentence
    assert not (folder / ".previews").exists() and len(studio.document.project.takes) == 3
    for box in studio.findChildren(QMessageBox, "complaint"):
        box.close()


def test_a_take_that_is_stopped_makes_way_for_the_next(qtbot: QtBot, studio: MainWindow) -> None:
    folder, jobs, arriving = studio.document.folder, studio.generating.jobs, studio.curation.gallery.arriving
    wish = VideoRequest("reference", "x", n_frames=4, size=(36, 64))
    for options in ({"endless": True}, {}):
        jobs.add(GenerateJob(str(folder), "bar", replace(wish, options=options)))
    qtbot.waitUntil(lambda: jobs.fraction > 0 and arriving.stop.isVisible(), timeout=SECONDS)
    click(arriving.stop)
    qtbot.waitUntil(lambda: not jobs.running and not jobs.queue.waiting, timeout=SECONDS)
    assert [entry.state for entry in jobs.queue.entries] == [q.STOPPED, q.DONE]
    assert "no take was finished" in jobs.queue.entries[0].sentence


def test_without_a_provider_the_reason_is_said(
    open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPLATIME_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("app.providers.rows", tuple)
    project_of_takes(tmp_path / "p")
    window = opened(open_window, tmp_path / "p")
    for name in ("generate", "reroll"):
        assert not window.commands[name].isEnabled()
    assert "provider" in window.commands["reroll"].toolTip()
    assert "No provider" in window.generating.panel.reason.text()


def test_a_provider_that_needs_a_model_is_listed_with_what_it_needs(
    studio: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = studio.generating.panel
    monkeypatch.setattr("app.providers.rows", lambda: (Row("diffusers", f"{OPEN_MODELS}:OpenModels"),))
    panel.show_providers(choices())
    studio.generating.choices = choices()
    panel.provider_box.setCurrentIndex(panel.provider_box.findData("diffusers"))
    studio.generating.refresh()
    assert panel.provider_box.currentText() == "Open video models"
    assert "SPLATIME_DIFFUSERS_MODEL" in panel.reason.text() or "splatime[diffusers]" in panel.reason.text()
    assert not studio.commands["generate"].isEnabled()

"""Fetching a model by clicks: looked up, agreed to, fetched, stopped; the verb is a script that says what it would."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.panels.fetch_dialog import CANCELLED, CHANGED, FetchDialog
from pipeline.messages import Failed, Finished, Progress, StageStarted
from tests.app.hands import click, type_in

WORDS = "makers/model (LTX-Video; licence: some-open-licence): 2 files, 3.0 GB"
OFFER = {"repository": "makers/model", "licence": "some-open-licence", "bytes": 3 << 30, "words": WORDS}


def program(folder: Path, *, first: str = WORDS, then: str = "", code: int = 0) -> str:
    """What stands for Python: it answers a look-up with the offer, a fetch with a stage and what comes `then`."""
    stage = StageStarted(first, 0, 1, 2).to_json()
    path = folder / "program"
    path.write_text(
        "#!/bin/sh\n"
        f'printf "%s\\n" "$*" >> {folder}/asked\n'
        'case "$*" in *--yes*) ;; *) '
        f"printf '%s\\n' {shlex.quote(json.dumps(OFFER))}; exit 0;; esac\n"
        f"mkdir -p {folder}/m; head -c 4096 /dev/zero > {folder}/m/part\n"
        f"printf '%s\\n' {shlex.quote(stage)}\n{then}\nexit {code}\n"
    )
    path.chmod(0o755)
    return str(path)


def say(line: str) -> str:
    return f"printf '%s\\n' {shlex.quote(line)}"


@pytest.fixture
def dialog(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> FetchDialog:
    window.commands["fetch_model"].trigger()
    found = window.findChild(FetchDialog)
    assert found is not None
    return found


def use(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    for place in ("app.verb_process.python", "app.job_runner.python"):
        monkeypatch.setattr(place, lambda: path)


def look_up(qtbot: QtBot, dialog: FetchDialog, folder: Path) -> None:
    type_in(dialog.name, "makers/model")
    assert dialog.folder.text().endswith("models/model"), "a place is suggested"
    dialog.folder.setText(str(folder))
    assert not dialog.fetch.isEnabled() and "Look it up first" in dialog.fetch.toolTip()
    click(dialog.look)
    qtbot.waitUntil(dialog.fetch.isEnabled, timeout=20_000)
    assert dialog.told.text() == WORDS, "size and licence stand there before anything is agreed to"


def test_a_model_is_looked_up_agreed_to_and_used(
    qtbot: QtBot, window: MainWindow, dialog: FetchDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = say(Progress("part", 1, 2).to_json()) + "\n" + say(Finished({}).to_json())
    use(monkeypatch, program(tmp_path, then=end))
    assert not dialog.look.isEnabled() and "owner/name" in dialog.says.text()
    look_up(qtbot, dialog, tmp_path / "m")
    assert "--yes" not in (tmp_path / "asked").read_text()
    with qtbot.waitSignal(dialog.fetched, timeout=20_000) as heard:
        click(dialog.fetch)
    assert heard.args == [tmp_path / "m"] and "--yes" in (tmp_path / "asked").read_text()
    panel = window.generating.panel
    assert panel.provider == "diffusers" and panel.video.values()["model"] == str(tmp_path / "m")


def test_a_fetch_is_stopped_and_told_of(
    qtbot: QtBot, dialog: FetchDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, program(tmp_path, then="sleep 60"))
    look_up(qtbot, dialog, tmp_path / "m")
    click(dialog.fetch)
    qtbot.waitUntil(lambda: "of 3.00 GB" in dialog.bar.format(), timeout=20_000)
    assert dialog.leave.text() == "Stop" and dialog.name.isReadOnly() and not dialog.fetch.isEnabled()
    click(dialog.leave)
    qtbot.waitUntil(lambda: dialog.says.text() == CANCELLED, timeout=20_000)
    assert dialog.fetch.isEnabled() and (tmp_path / "m" / "part").is_file()
    dialog.reject()


@pytest.mark.parametrize("first", [WORDS, "makers/model (LTX-Video; licence: another): 2 files, 90.0 GB"])
def test_what_fails_or_is_not_what_was_agreed_to_is_said(
    qtbot: QtBot, dialog: FetchDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    end = say(Failed("The disk is full.").to_json()) if first == WORDS else "sleep 60"
    use(monkeypatch, program(tmp_path, first=first, then=end, code=1))
    look_up(qtbot, dialog, tmp_path / "m")
    click(dialog.fetch)
    want = "The disk is full." if first == WORDS else CHANGED
    qtbot.waitUntil(lambda: dialog.says.text() == want, timeout=20_000)
    assert dialog.fetch.isEnabled() == (first == WORDS), "another offer has to be looked up and agreed to"
    dialog.reject()


def test_the_panel_offers_it_where_no_model_is_at_hand(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SPLATIME_DIFFUSERS_MODEL", raising=False)
    panel = window.generating.panel
    names = [panel.provider_box.itemData(row) for row in range(panel.provider_box.count())]
    panel.provider_box.setCurrentIndex(names.index("procedural"))
    assert panel.fetch.isHidden()
    panel.provider_box.setCurrentIndex(names.index("diffusers"))
    assert not panel.fetch.isHidden() and panel.fetch.toolTip()

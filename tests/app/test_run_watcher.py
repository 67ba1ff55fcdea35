"""A lift that someone else runs is followed through its files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.run_watcher import RunWatcher
from pipeline.messages import Finished, Message, Progress, StageStarted
from tests.renderer.gl.synthetic import synthetic_snapshot


class Ears:
    def __init__(self, watcher: RunWatcher) -> None:
        self.pictures: list[Path] = []
        self.ends = 0
        watcher.picture_ready.connect(self.pictures.append)
        watcher.run_ended.connect(self._end)

    def _end(self) -> None:
        self.ends += 1


@pytest.fixture
def watcher(qtbot: QtBot) -> RunWatcher:
    return RunWatcher()


def say(run: Path, *messages: Message) -> None:
    run.mkdir(parents=True, exist_ok=True)
    with (run / "messages.jsonl").open("a") as file:
        file.writelines(message.to_json() + "\n" for message in messages)


def test_each_newer_snapshot_is_announced_once(watcher: RunWatcher, tmp_path: Path) -> None:
    ears, run = Ears(watcher), tmp_path / "runs" / "a"
    watcher.watch(tmp_path)
    assert ears.pictures == []
    synthetic_snapshot(30).save(run / "snapshot.safetensors")
    watcher.look()
    watcher.look()
    assert ears.pictures == [run / "snapshot.safetensors"]
    os.utime(run / "snapshot.safetensors", ns=(1, 10**18))
    watcher.look()
    assert len(ears.pictures) == 2


def test_messages_are_read_as_they_come_and_half_lines_wait(watcher: RunWatcher, tmp_path: Path) -> None:
    ears, run = Ears(watcher), tmp_path / "runs" / "a"
    say(run, StageStarted("Motion", 1, 3, 100))
    watcher.watch(tmp_path)
    assert watcher.status.stage == "Motion"
    line = Progress("Motion", 50, 100).to_json() + "\n"
    with (run / "messages.jsonl").open("a") as file:
        file.write(line[:20])
        file.flush()
        watcher.look()
        assert watcher.status.step == 0
        file.write(line[20:])
    watcher.look()
    assert watcher.status.step == 50
    say(run, Finished({}))
    watcher.look()
    assert watcher.status.state == "completed"
    assert ears.ends == 1


def test_a_run_that_was_over_long_ago_ends_nothing(watcher: RunWatcher, tmp_path: Path) -> None:
    ears = Ears(watcher)
    say(tmp_path / "runs" / "a", StageStarted("Motion", 1, 3, 100), Finished({}))
    watcher.watch(tmp_path)
    assert watcher.status.state == "completed"
    assert ears.ends == 0


def test_a_lift_that_went_silent_is_not_called_running(watcher: RunWatcher, tmp_path: Path) -> None:
    run = tmp_path / "runs" / "a"
    say(run, StageStarted("Motion", 1, 3, 100))
    os.utime(run / "messages.jsonl", (1.0, 1.0))
    watcher.watch(tmp_path)
    assert watcher.status.state == "ready"


def test_the_newest_run_is_followed(watcher: RunWatcher, tmp_path: Path) -> None:
    say(tmp_path / "runs" / "old", StageStarted("Old", 0, 1, 1))
    os.utime(tmp_path / "runs" / "old" / "messages.jsonl", (1.0, 1.0))
    watcher.watch(tmp_path)
    say(tmp_path / "runs" / "new", StageStarted("New", 0, 1, 1))
    watcher.look()
    assert watcher.run == tmp_path / "runs" / "new"
    assert watcher.status.stage == "New"


def test_rubbish_in_the_log_is_passed_over(watcher: RunWatcher, tmp_path: Path) -> None:
    run = tmp_path / "runs" / "a"
    run.mkdir(parents=True)
    (run / "messages.jsonl").write_bytes(
        b"\xff\xfe{\n[]\n{}\n" + StageStarted("Motion", 0, 1, 1).to_json().encode() + b"\n"
    )
    watcher.watch(tmp_path)
    assert watcher.status.stage == "Motion"


def test_a_folder_that_vanishes_is_no_error(watcher: RunWatcher, tmp_path: Path) -> None:
    watcher.watch(tmp_path / "gone")
    assert watcher.run is None
    watcher.watch(None)
    assert watcher.status.state == "ready"

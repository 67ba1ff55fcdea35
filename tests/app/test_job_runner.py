"""Jobs as processes: their words, their ends, and that nothing of them stays behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app import job_runner
from app.job_runner import JobRunner
from pipeline.messages import Failed, Finished, Message, Note
from renderer.errors import Refusal

FINISHES = """
import sys
print('{"type": "note", "text": "hello"}', flush=True)
print('not a message', flush=True)
sys.stdout.write('{"type": "finished", "summary": {"splats": 3}}')
"""
OBEYS = """
import sys
print('{"type": "note", "text": "ready"}', flush=True)
for line in sys.stdin:
    print('{"type": "note", "text": "%s"}' % line.strip(), flush=True)
sys.exit(130)
"""
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", deaf])
time.sleep(0.5)
print('{"type": "note", "text": "%d"}' % child.pid, flush=True)
time.sleep(60)
"""


class Heard(QObject):
    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self.messages: list[Message] = []
        self.ends: list[Message] = []
        runner.message.connect(self.messages.append)
        runner.ended.connect(self.ends.append)


@pytest.fixture
def runner(qtbot: QtBot) -> JobRunner:
    return JobRunner()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0] != "Z"


def test_every_message_arrives_and_the_end_once(runner: JobRunner, qtbot: QtBot) -> None:
    heard = Heard(runner)
    with qtbot.waitSignal(runner.ended, timeout=20_000):
        runner.start(["-c", FINISHES])
    assert heard.messages == [Note("hello"), Finished({"splats": 3})]
    assert heard.ends == [Finished({"splats": 3})]
    assert not runner.running
    assert "not a message" in runner.log


def test_a_job_that_fails_without_a_word_ends_in_a_sentence(runner: JobRunner, qtbot: QtBot) -> None:
    heard = Heard(runner)
    with qtbot.waitSignal(runner.ended, timeout=20_000):
        runner.start(["-c", "import sys; sys.exit('splatime: the video is empty; choose another')"])
    (end,) = heard.ends
    assert isinstance(end, Failed)
    assert "the video is empty; choose another" in end.sentence
    assert not end.cancelled


def test_a_killed_job_says_so(runner: JobRunner, qtbot: QtBot) -> None:
    heard = Heard(runner)
    runner.start(["-c", OBEYS])
    qtbot.waitUntil(lambda: Note("ready") in heard.messages, timeout=20_000)
    with qtbot.waitSignal(runner.ended, timeout=20_000):
        runner.kill()
    (end,) = heard.ends
    assert isinstance(end, Failed)
    assert "memory" in end.sentence


def test_stop_asks_in_words_and_by_the_end_of_stdin(runner: JobRunner, qtbot: QtBot) -> None:
    heard = Heard(runner)
    runner.start(["-c", OBEYS])
    qtbot.waitUntil(lambda: Note("ready") in heard.messages, timeout=20_000)
    with qtbot.waitSignal(runner.ended, timeout=20_000):
        runner.stop()
        runner.stop()
    assert Note("stop") in heard.messages
    (end,) = heard.ends
    assert isinstance(end, Failed)
    assert end.cancelled


def test_a_job_that_does_not_listen_is_killed_with_its_children(
    runner: JobRunner, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_runner, "PATIENCE_MS", 200)
    heard = Heard(runner)
    runner.start(["-c", STUBBORN])
    qtbot.waitUntil(lambda: bool(heard.messages), timeout=20_000)
    note = heard.messages[0]
    assert isinstance(note, Note)
    child = int(note.text)
    assert alive(child)
    with qtbot.waitSignal(runner.ended, timeout=20_000):
        runner.stop()
    deadline = time.monotonic() + 10
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def test_one_job_at_a_time(runner: JobRunner) -> None:
    runner.start(["-c", OBEYS])
    with pytest.raises(Refusal, match="already"):
        runner.start(["-c", OBEYS])
    runner.shut_down()
    assert not runner.running


def test_an_interpreter_that_is_gone_is_a_sentence(
    runner: JobRunner, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(job_runner, "python", lambda: str(tmp_path / "no_python"))
    heard = Heard(runner)
    runner.start(["-c", "pass"])
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=20_000)
    assert isinstance(heard.ends[0], Failed)
    assert not runner.running

"""What a person sees and what a script reads."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from pipeline.cli.bar import LiveBar
from pipeline.cli.console import JsonLines, PlainLines, complain, figures
from pipeline.cli.report import evaluation_text
from pipeline.messages import Failed, Message, Note, Progress, StageStarted

TALK: list[Message] = [
    Note("Cameras: 12 of 12 [frames] placed."),
    StageStarted("Warm-up", 1, 7, 600),
    Progress("Warm-up", 300, 600, 12.34, 75.0, 0.1, 25.0, 1234),
    Progress("Warm-up", 600, 600, float("nan"), None),
    Failed("It broke."),
]


def test_figures() -> None:
    assert figures(Progress("a", 1, 2, 12.34, 75.0, 0.1, 25.0, 1234)) == "12.3 it/s, 1:15 left, 25.0 dB, 1234 splats"
    assert figures(Progress("a", 1, 2)) == ""


def test_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonLines() as out:
        for message in TALK:
            out.hear(message)
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["note", "stage", "progress", "progress", "failed"]
    assert json.loads(lines[3])["per_second"] is None


def test_a_log_gets_a_line_a_stage(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainLines() as out:
        for message in TALK:
            out.hear(message)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == ["Cameras: 12 of 12 [frames] placed.", "2/7 Warm-up"]


def test_a_terminal_gets_a_bar() -> None:
    screen = io.StringIO()
    bar = LiveBar(Console(file=screen, force_terminal=True, width=120))
    with bar as out:
        for message in TALK[:3]:
            out.hear(message)
    shown = screen.getvalue()
    for words in ("[frames] placed", "2/7 Warm-up", "300/600", "12.3 it/s", "1:15 left", "1234 splats"):
        assert words in shown


def test_a_sentence_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    complain("two\nlines   and more")
    assert capsys.readouterr().err == "splatime: two lines and more\n"


def test_missing_figures_are_a_dash() -> None:
    text = evaluation_text({"psnr": 25.0, "moving_psnr": None})
    assert " 25.00 dB" in text and " - dB" in text

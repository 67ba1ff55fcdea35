"""What takes are worth: judged in a process of its own, kept by content and trim, shown as badge, order and reasons."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

import app.checks
from app.checks import Checked, Checks
from app.main_window import MainWindow
from app.panels.take_card import worth_of
from app.takes_model import ENTRY, Entry, Order, sort_key, tool_tip
from pipeline.project import edits, media, project_file
from pipeline.project.clip import Clip, FrameSelection
from pipeline.project.curated import Curated
from pipeline.project.library import keep
from pipeline.project.take import Take, VideoRequest
from tests.app.conftest import OpenWindow

FRAMES = 10
FREEZE: dict[str, Any] = {
    "freeze_time": {
        "score": 52, "word": "doubtful", "coverage_degrees": 31.2,
        "reasons": [{"text": "frames 9-12: the subject moved", "remedy": "drop or re-roll them", "cost": 40.0}],
    },
    "reference": {"still": False, "sentence": "The camera moves."},
}  # fmt: skip


def sliding(path: Path, step: int = 4, odd: tuple[int, ...] = ()) -> Path:
    """A textured ground that slides by `step` px a frame; frames `odd` are blurred."""
    rng = np.random.default_rng(3)
    wide = cv2.resize(rng.integers(0, 255, (24, 80, 3)).astype(np.uint8), (640, 192), interpolation=cv2.INTER_CUBIC)
    frames = np.stack([wide[:144, i * step : i * step + 256] for i in range(FRAMES)])
    for index in odd:
        frames[index] = cv2.GaussianBlur(frames[index], (0, 0), 6)
    path.parent.mkdir(parents=True, exist_ok=True)
    media.write_lossless(path, frames, 24.0)
    return path


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPLATIME_CACHE", str(tmp_path / "cache" / "strips"))
    monkeypatch.setattr(app.checks, "REST_MS", 0)


@pytest.fixture
def checks(qtbot: QtBot) -> Iterator[Checks]:
    made = Checks()
    yield made
    made.close()


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    return media.probe(sliding(tmp_path / "a.mkv", odd=(6,)))


def test_a_take_is_judged_once_and_kept_by_content(qtbot: QtBot, checks: Checks, clip: Clip) -> None:
    frames = tuple(range(FRAMES))
    assert checks.of(clip, frames) is None
    qtbot.waitUntil(lambda: checks.of(clip, frames) is not None, timeout=60_000)
    found = checks.of(clip, frames)
    assert found is not None and not found.fault
    assert any("Frame 6" in reason and "drop" in reason for reason in found.reasons), found.reasons
    again = Checks()
    assert again.of(clip, frames) == found, "the next start finds it on disk"
    again.close()


def test_what_a_reason_names_can_be_dropped_and_the_take_is_judged_anew(
    qtbot: QtBot, checks: Checks, clip: Clip
) -> None:
    whole, less = tuple(range(FRAMES)), tuple(i for i in range(FRAMES) if i != 6)
    qtbot.waitUntil(lambda: checks.of(clip, whole) is not None, timeout=60_000)
    qtbot.waitUntil(lambda: checks.of(clip, less) is not None, timeout=60_000)
    before, after = checks.of(clip, whole), checks.of(clip, less)
    assert before is not None and after is not None
    assert not any("blurred" in reason for reason in after.reasons)
    assert after.score > before.score


def test_a_video_that_is_none_is_a_sentence(qtbot: QtBot, checks: Checks, tmp_path: Path) -> None:
    path = tmp_path / "no.mkv"
    path.write_bytes(b"not a video")
    clip = Clip(str(path), 3, (4, 4), 24.0, "0" * 64)
    qtbot.waitUntil(lambda: checks.of(clip, (0, 1, 2)) is not None, timeout=60_000)
    found = checks.of(clip, (0, 1, 2))
    assert found is not None and "no.mkv" in found.fault
    assert found.lines("freeze_time") == [found.fault]


def test_only_the_last_trim_of_a_clip_is_asked_for(checks: Checks, clip: Clip) -> None:
    checks._rest.setInterval(60_000)
    for stop in range(4, FRAMES):
        checks.of(clip, tuple(range(stop)))
    assert [request["frames"] for _key, request in checks._wanted.values()] == [list(range(FRAMES - 1))]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"freeze_time": 3, "reference": {}}', "[" * 5000])
def test_a_damaged_verdict_is_made_anew(checks: Checks, clip: Clip, text: str) -> None:
    checks._rest.setInterval(60_000)
    path = checks._path(app.checks._key(clip, (0, 1)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert checks.of(clip, (0, 1)) is None
    path.write_text(json.dumps(FREEZE))
    assert checks.of(clip, (0, 2)) is None and checks.of(clip, (0, 1)) is not None


def entry(kind: str, check: Checked | None, number: int) -> Entry:
    clip = Clip("takes/t.mkv", 5, (36, 64), 24.0, f"{number:064d}")
    take = Take(f"t{number}", VideoRequest(kind), clip)
    return Entry(take, Curated(take.id), "", number, check)


def badge(one: Entry) -> str | None:
    worth = worth_of(one)
    return None if worth is None else worth[0]


def test_badges_words_and_the_order() -> None:
    check = Checked.of(FREEZE)
    assert check.lines("freeze_time") == [
        "52 of 100, doubtful, about 31° of travel", "Frames 9-12: the subject moved; drop or re-roll them.",
    ]  # fmt: skip
    doubtful, unknown = entry("freeze_time", check, 1), entry("freeze_time", None, 2)
    reference = entry("reference", Checked(still=True, sentence="The camera stands still."), 0)
    best = entry("freeze_time", Checked(score=91, word="good"), 3)
    badges = [badge(one) for one in (doubtful, unknown, reference, best)]
    assert badges == ["52 doubtful", None, "still", "91 good"]
    assert "Frames 9-12" in tool_tip(doubtful)
    assert "stands still" in tool_tip(reference)
    ordered = sorted((reference, doubtful, unknown, best), key=lambda one: sort_key(one, Order.LIFTABLE))
    assert [one.number for one in ordered] == [3, 1, 0, 2]


def test_curate_shows_what_takes_are_worth(qtbot: QtBot, open_window: OpenWindow, tmp_path: Path) -> None:
    folder = tmp_path / "p"
    project_file.update(folder, lambda known: known)
    for name, odd in (("clean", ()), ("blurred", (3, 6))):
        take = keep(folder, media.probe(sliding(tmp_path / "sources" / f"{name}.mkv", odd=odd)), "freeze_time")
        project_file.update(folder, lambda known, take=take: edits.add_take(known, take))  # type: ignore[misc]
    window: MainWindow = open_window()
    window.open_project(folder)
    assert not window.curation.checks._wanted, "nobody asks outside Curate"
    window.workspaces.go_to("curate")
    model = window.curation.gallery.list.model()

    def found() -> list[Entry]:
        return [model.index(row, 0).data(ENTRY) for row in range(model.rowCount())]

    qtbot.waitUntil(lambda: all(one.check is not None for one in found()), timeout=60_000)
    window.curation.gallery.order_box.setCurrentIndex(list(Order).index(Order.LIFTABLE))
    window.curation.gallery.order_box.activated.emit(list(Order).index(Order.LIFTABLE))
    scores = [one.check.score for one in found() if one.check is not None]
    assert scores == sorted(scores, reverse=True) and scores[0] > scores[1]
    blurred = found()[1].take
    window.curation.review.show(blurred)
    assert "blurred" in window.curation.details.worth.text()
    window.curation.do("Drop", lambda p: edits.trim(p, blurred.id, FrameSelection(0, FRAMES, frozenset({3, 6}))))
    assert window.curation.details.worth.text() == "Being judged…"
    qtbot.waitUntil(lambda: "of 100" in window.curation.details.worth.text(), timeout=60_000)
    assert "blurred" not in window.curation.details.worth.text()

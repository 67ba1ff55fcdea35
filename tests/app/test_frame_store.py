"""Pixels come from another process, are kept by content, and what can't be read is a sentence."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.frame_store import FrameStore, image_of, prune
from app.frames_client import FramesClient
from pipeline.project import media
from pipeline.project.clip import Clip
from tests.app.takes import video


@pytest.fixture
def client(qtbot: QtBot) -> Iterator[FramesClient]:
    made = FramesClient()
    yield made
    made.close()


@pytest.fixture
def store(client: FramesClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FrameStore]:
    monkeypatch.setenv("SPLATIME_CACHE", str(tmp_path / "cache"))
    made = FrameStore(client)
    yield made
    made.close()


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    return media.probe(video(tmp_path / "a.mkv"))


def test_strips_and_full_frames_come_and_stay(qtbot: QtBot, store: FrameStore, clip: Clip) -> None:
    assert store.strip(clip) is None
    assert store.full(clip) is None
    qtbot.waitUntil(lambda: store.strip(clip) is not None and store.full(clip) is not None, timeout=30_000)
    frames = store.full(clip)
    assert frames is not None
    assert np.array_equal(frames, media.read_frames(clip.path))
    strip = store.strip(clip)
    assert strip is not None
    assert strip.frames.shape == (8, 90, 160, 3)
    image = image_of(frames[2])
    assert image.pixelColor(13, 5).red() == 255


def test_a_strip_is_there_at_once_the_next_time(
    qtbot: QtBot, store: FrameStore, client: FramesClient, clip: Clip
) -> None:
    store.strip(clip)
    qtbot.waitUntil(lambda: store.strip(clip) is not None, timeout=30_000)
    again = FrameStore(client)
    assert again.strip(clip) is not None
    again.close()


def test_a_vanished_video_is_a_sentence_and_can_come_back(qtbot: QtBot, store: FrameStore, clip: Clip) -> None:
    gone = replace(clip, path=clip.path + ".gone", digest="9" * 64)
    assert store.strip(gone) is None
    qtbot.waitUntil(lambda: "does not exist" in store.fault(gone), timeout=30_000)
    Path(clip.path).rename(gone.path)
    store.try_again(gone)
    store.strip(gone)
    qtbot.waitUntil(lambda: store.strip(gone) is not None, timeout=30_000)
    assert store.fault(gone) == ""


def test_a_process_that_dies_is_a_sentence_and_the_next_video_is_read(
    qtbot: QtBot, store: FrameStore, client: FramesClient, clip: Clip, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "endless.png")  # opening it waits for ever
    first = client._started()
    client._process = first
    qtbot.waitUntil(lambda: first.processId() > 0, timeout=10_000)
    answers: list[dict[str, object]] = []
    client.ask(
        {"op": "strip", "video": str(tmp_path / "endless.png"), "target": str(tmp_path / "x.npy")}, answers.append
    )
    os.kill(int(first.processId()), signal.SIGKILL)
    qtbot.waitUntil(lambda: bool(answers), timeout=10_000)
    assert "ended" in str(answers[0]["fault"])
    store.strip(clip)
    qtbot.waitUntil(lambda: store.strip(clip) is not None, timeout=30_000)


def test_the_shared_moment_is_found_in_the_process(qtbot: QtBot, client: FramesClient, tmp_path: Path) -> None:
    answers: list[dict[str, object]] = []
    client.ask(
        {
            "op": "match",
            "reference": str(video(tmp_path / "a.mkv", 8)),
            "freeze_time": str(video(tmp_path / "b.mkv", 6)),
            "reference_frames": [3, 4, 7],
            "freeze_time_frames": [0, 1, 4],
        },
        answers.append,
    )
    qtbot.waitUntil(lambda: bool(answers), timeout=30_000)
    assert answers[0]["pair"] == [4, 4]


def test_what_was_asked_for_last_comes_first_and_the_patient_last(
    qtbot: QtBot, client: FramesClient, tmp_path: Path
) -> None:
    order: list[str] = []
    for name, patient in (("first", False), ("full", True), ("older", False), ("newest", False)):
        request = {"op": "strip", "video": str(tmp_path / name), "target": str(tmp_path / "x.npy")}
        client.ask(request, lambda _answer, name=name: order.append(name), patient)  # type: ignore[misc]
    qtbot.waitUntil(lambda: len(order) == 4, timeout=30_000)
    assert order == ["first", "newest", "older", "full"]


def test_the_cache_is_kept_small(tmp_path: Path) -> None:
    for age, name in enumerate("abc"):
        (tmp_path / name).write_bytes(b"x" * 100)
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    prune(tmp_path, 250)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    prune(tmp_path / "nowhere", 1)

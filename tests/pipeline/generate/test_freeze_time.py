"""Recipes as requests: which frames are known, which context, what is as in the take."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate import freeze_time
from pipeline.project.clip import Clip
from pipeline.project.take import Take, VideoRequest
from renderer.errors import Refusal

DIGEST = "0" * 64


def take(frames: int = 10, kind: str = "freeze_time", **more: object) -> Take:
    request = VideoRequest(kind, "a dog", "blur", "bar", seed=4, **more)  # type: ignore[arg-type]
    return Take("t", request, Clip("t.mkv", frames, (36, 64), 12.0, DIGEST))


WISH = VideoRequest("reference", seed=9, provider="bar")


def test_a_freeze_time_video_begins_with_its_frame() -> None:
    asked = freeze_time.freeze_time(WISH, take(kind="reference"), 7)
    (known,) = asked.known
    assert (known.position, known.frame, known.take) == (0, 7, "t")
    assert (asked.kind, asked.context, asked.size, asked.fps) == ("freeze_time", "freeze_time", (36, 64), 12.0)
    with pytest.raises(Refusal, match="no frame 10; choose from 0 to 9"):
        freeze_time.freeze_time(WISH, take(), 10)


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), min_size=1))))
def test_a_reroll_knows_all_but_the_free_frames(wish: tuple[int, set[int]]) -> None:
    count, free = wish
    asked = freeze_time.reroll(WISH, take(count), free)
    assert [(known.position, known.frame) for known in asked.known] == [(i, i) for i in range(count) if i not in free]
    assert (asked.n_frames, asked.seed, asked.prompt, asked.negative_prompt) == (count, 9, "a dog", "blur")


@given(st.integers(2, 20), st.integers(1, 5), st.data())
def test_in_between_keeps_order_and_leaves_room(count: int, between: int, data: st.DataObject) -> None:
    gaps = data.draw(st.sets(st.integers(0, count - 2), min_size=1))
    asked = freeze_time.in_between(WISH, take(count), between, gaps)
    positions = [known.position for known in asked.known]
    assert [known.frame for known in asked.known] == list(range(count))
    steps = [b - a for a, b in pairwise(positions)]
    assert steps == [1 + between if i in gaps else 1 for i in range(count - 1)]
    assert asked.n_frames == count + between * len(gaps)


def test_an_extension_or_reroll_of_a_reference_video_stays_one() -> None:
    assert freeze_time.reroll(WISH, take(kind="reference"), (1,)).role == "reference"
    assert freeze_time.extension(WISH, take()).role == "freeze_time"


def test_a_variation_is_the_same_request_with_another_seed() -> None:
    asked = freeze_time.variation(take(n_frames=10), 5)
    assert asked.seed == 5 and asked.prompt == "a dog" and asked.kind == "freeze_time"
    brought = Take("t", VideoRequest("reference"), Clip("t.mkv", 3, (36, 64), 12.0, DIGEST))
    with pytest.raises(Refusal, match="was brought"):
        freeze_time.variation(brought, 1)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: freeze_time.reroll(WISH, take(), ()), "locked"),
        (lambda: freeze_time.in_between(WISH, take(), 2, (9,)), "the last frame has none after it"),
        (lambda: freeze_time.reroll(VideoRequest("reroll", size=(9, 9)), take(), (1,)), "64x36 and cannot be 9x9"),
    ],
)
def test_what_cannot_be_asked_for_is_said(make: object, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        make()  # type: ignore[operator]

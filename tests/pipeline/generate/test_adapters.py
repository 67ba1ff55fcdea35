"""What any provider makes of a wish: every wanted frame once, every known frame bit for bit."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.generate.adapters import Video, made, origin_in, settled
from pipeline.generate.canvas import canvas_for
from pipeline.generate.colour import colour_matched
from pipeline.generate.pieces import pieces
from pipeline.generate.provider import Ability, Frames, Known, Making, Origin
from pipeline.generate.seams import seam_scores, seams_of
from pipeline.project.take import KINDS, VideoRequest
from renderer.errors import Refusal
from tests.fakes.moving_bar import MovingBar

ABILITIES = st.builds(
    lambda positions, lengths, most, sizes, multiple: Ability(
        "x", "X", KINDS, positions, lengths, most, sizes, multiple
    ),
    st.sampled_from(["first", "ends", "any"]), st.sampled_from([(1, 1), (4, 1), (8, 1), (1, 5), (4, 4)]),
    st.integers(9, 17), st.sampled_from([(), ((12, 20),), ((9, 16), (20, 12), (24, 40))]), st.integers(1, 8),
)  # fmt: skip
WISHES = st.integers(2, 40).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1))))


def run(going: Generator[Making, None, Video]) -> tuple[Video, list[Making]]:
    steps = []
    while True:
        try:
            steps.append(next(going))
        except StopIteration as over:
            return over.value, steps


def noise(count: int, size: tuple[int, int] = (12, 20), seed: int = 0) -> Frames:
    return np.random.default_rng(seed).integers(0, 256, (count, *size, 3), np.uint8)


@given(WISHES, ABILITIES)
def test_pieces_cover_what_is_unknown_once_and_are_makeable(wish: tuple[int, set[int]], ability: Ability) -> None:
    count, known = wish
    seen: list[int] = []
    for piece in pieces(count, known, ability):
        assert piece.length == ability.fits(piece.length) <= max(ability.longest, ability.fits(1))
        assert len(set(piece.places)) == len(piece.places) and max(piece.places) < piece.length
        assert set(piece.known) <= known | set(seen) and not set(piece.new) & (known | set(seen))
        at = {piece.place(frame) for frame in piece.known}
        if ability.positions == "first":
            assert at <= {0}
        if ability.positions == "ends":
            assert at <= {0, piece.length - 1}
        seen += piece.new
    assert sorted(seen) == sorted(set(range(count)) - known)


@given(st.integers(1, 40), ABILITIES)
def test_mapping_to_a_makeable_length_and_back_keeps_the_wanted_frames(count: int, ability: Ability) -> None:
    wanted = np.arange(count)
    for piece in pieces(count, (), ability):
        video = np.full(piece.length, -1)
        video[list(piece.places)] = wanted[piece.frames.start : piece.frames.stop]
        assert np.array_equal(video[list(piece.places)], wanted[piece.frames.start : piece.frames.stop])


def test_the_papers_extension_knows_eight_and_makes_eight() -> None:
    (piece,) = pieces(24, range(16), Ability("x", "X", KINDS))
    assert (piece.known, piece.new) == (tuple(range(8, 16)), tuple(range(16, 24)))
    (piece,) = pieces(24, range(8, 24), Ability("x", "X", KINDS))
    assert (piece.known, piece.new) == (tuple(range(8, 16)), tuple(range(8)))
    chain = pieces(32, (), Ability("x", "X", KINDS))
    assert [len(piece.known) for piece in chain] == [0, 8, 8]


@settings(max_examples=40)
@given(WISHES, ABILITIES, st.tuples(st.integers(6, 30), st.integers(6, 30)))
def test_known_frames_come_back_bit_for_bit(
    wish: tuple[int, set[int]], ability: Ability, size: tuple[int, int]
) -> None:
    count, at = wish
    positions = tuple(sorted(at))
    given_frames = noise(len(positions), size)
    known = Known(given_frames, positions, (1.0,) * len(positions))
    request = settled(VideoRequest("reroll", n_frames=count, size=size), ability, known)
    video, _steps = run(made(MovingBar(ability), request, known))
    assert video.frames.shape == (count, *size, 3)
    assert np.array_equal(video.frames[list(positions)], given_frames)
    for piece in video.provenance["pieces"]:
        for frame in piece["frames"]:
            origin = origin_in(video.provenance, frame)
            assert origin is not None and video.origins[frame].frame == origin.frame


@given(st.tuples(st.integers(1, 60), st.integers(1, 60)), ABILITIES)
def test_a_canvas_holds_the_whole_picture(size: tuple[int, int], ability: Ability) -> None:
    canvas = canvas_for(size, ability)
    assert canvas.made in ability.sizes or all(side % ability.multiple == 0 for side in canvas.made)
    frames = noise(1, size)
    laid = canvas.lay(frames)
    assert laid.shape == (1, *canvas.made, 3)
    back = canvas.cut(laid)
    assert back.shape == frames.shape
    if not ability.sizes:
        assert np.array_equal(back, frames)


def test_drift_is_taken_out_of_new_frames() -> None:
    truth = np.clip(noise(9) // 2 + 60, 0, 255).astype(np.uint8)
    rising = np.linspace(0, 1, 9)[:, None, None, None]
    drifted = np.clip(np.rint(truth * (1 - 0.1 * rising) + 8 * rising), 0, 255).astype(np.uint8)
    back = colour_matched(drifted, (0, 8), truth[[0, 8]])
    before, after = (np.abs(f.astype(int) - truth).mean() for f in (drifted, back))
    assert before > 2 and after < 0.6
    assert colour_matched(truth, (0, 8), truth[[0, 8]]) is truth
    assert colour_matched(truth, (), truth[:0]) is truth


def test_seams_are_where_makings_meet_and_a_jump_scores_low() -> None:
    assert seams_of(8, (2, 3, 6, 7)) == (1, 3, 5)
    assert seams_of(6, (), (2,)) == (2,)
    video = np.repeat(np.arange(0, 120, 10, dtype=np.uint8), 12 * 20 * 3).reshape(12, 12, 20, 3)
    assert seam_scores(video, (5,)) == (1.0,)
    video[6:] += 100
    (low,) = seam_scores(video, (5,))
    assert low == pytest.approx(11 / 111)


def test_progress_counts_all_goes_and_previews_come_in_order() -> None:
    provider = MovingBar(Ability("x", "X", KINDS, "first", (4, 1), 5))
    known = Known(noise(1), (8,), (1.0,), (Origin(3, {"model": "other"}),))
    request = settled(VideoRequest("reroll", n_frames=9, size=(12, 20)), provider.ability, known)
    video, steps = run(made(provider, request, known))
    assert [(step.step, step.steps) for step in steps] == [(i, 6) for i in range(1, 7)]
    assert all(step.preview is not None and len(step.preview) == 5 for step in steps)
    assert [asked.seed for asked, _ in provider.asked] == [0, 7919]
    first, second = (told for _, told in provider.asked)
    assert first.origins[0].provenance == {"model": "other"} and first.positions == second.positions == (0,)
    assert second.origins[0].provenance["model"] == "bar"
    assert video.origins[8].provenance == {"model": "other"}


@pytest.mark.parametrize(
    ("ability", "request_", "sentence"),
    [
        (Ability("x", "X", ("reference",)), VideoRequest("extend"), "makes no extend videos"),
        (Ability("x", "X", KINDS, "none"), VideoRequest("reference", n_frames=4), "from words alone"),
        (Ability("x", "X", KINDS), VideoRequest("reference", n_frames=10**6), "GB of memory"),
    ],
)
def test_what_a_provider_cannot_do_is_said(ability: Ability, request_: VideoRequest, sentence: str) -> None:
    known = Known(noise(1, (200, 200)), (0,), (1.0,))
    with pytest.raises(Refusal, match=sentence):
        run(made(MovingBar(ability), settled(request_, ability, known), known))


@pytest.mark.parametrize("bad", ["count", "type"])
def test_what_is_no_video_of_that_size_is_refused(bad: str) -> None:
    options: dict[str, Any] = {"bad": bad}
    known = Known(noise(0), (), ())
    provider = MovingBar()
    request = settled(VideoRequest("reference", size=(8, 8), options=options), provider.ability, known)
    with pytest.raises(Refusal, match="Moving bar handed back"):
        run(made(provider, request, known))

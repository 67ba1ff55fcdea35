"""Laws of clips and frame selections."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.project.clip import MAX_FRAMES, Clip, FrameSelection, digest_of
from renderer.errors import Refusal

DIGEST = "0123456789abcdef" * 4


@st.composite
def selections(draw: st.DrawFn) -> FrameSelection:
    start = draw(st.integers(0, 200))
    stop = draw(st.integers(start + 1, 220))
    kept = draw(st.integers(start, stop - 1))
    dropped = draw(st.frozensets(st.integers(0, 230), max_size=40)) - {kept}
    return FrameSelection(start, stop, dropped)


clips = st.builds(
    Clip,
    path=st.text(min_size=1, max_size=40),
    n_frames=st.integers(1, MAX_FRAMES),
    size=st.tuples(st.integers(1, 16384), st.integers(1, 16384)),
    fps=st.floats(0.01, 240),
    digest=st.text("0123456789abcdef", min_size=64, max_size=64),
)


@given(selections())
def test_indices_rise_lie_in_range_and_leave_out_what_was_dropped(selection: FrameSelection) -> None:
    indices = selection.indices()
    assert list(indices) == sorted(set(indices))
    assert all(selection.start <= index < selection.stop for index in indices)
    assert not selection.dropped & set(indices)
    assert set(indices) | selection.dropped >= set(range(selection.start, selection.stop))


@given(selections(), st.frozensets(st.integers(0, 230), max_size=20))
def test_trimming_and_dropping_commute(selection: FrameSelection, more: frozenset[int]) -> None:
    more = more - {selection.indices()[0]}
    whole = FrameSelection(0, 221)
    one = whole.trimmed(selection.start, selection.stop).without(selection.dropped | more)
    other = whole.without(more).without(selection.dropped).trimmed(selection.start, selection.stop)
    assert one == other
    assert one.indices() == tuple(i for i in selection.indices() if i not in more)


@given(selections())
def test_widening_a_trim_brings_drops_back_and_restoring_undoes_them(selection: FrameSelection) -> None:
    first = selection.indices()[0]
    narrow = selection.trimmed(first, first + 1)
    assert narrow.trimmed(selection.start, selection.stop) == selection
    assert selection.restored(selection.dropped).indices() == tuple(range(selection.start, selection.stop))


@given(selections())
def test_a_selection_survives_json(selection: FrameSelection) -> None:
    assert FrameSelection.from_json(json.loads(json.dumps(selection.to_json()))) == selection


@given(clips)
def test_a_clip_survives_json(clip: Clip) -> None:
    assert Clip.from_json(json.loads(json.dumps(clip.to_json()))) == clip


def test_a_list_of_drops_is_as_good_as_a_set() -> None:
    given_as_list = FrameSelection(0, 4, dropped=[1, 1, 2])  # type: ignore[arg-type]
    assert given_as_list == FrameSelection(0, 4, frozenset({1, 2}))
    assert hash(given_as_list) == hash(FrameSelection(0, 4, frozenset({2, 1})))


@pytest.mark.parametrize(
    ("start", "stop", "dropped"), [(3, 3, ()), (-1, 2, ()), (4, 2, ()), (0, 2, (0, 1)), (0, 2, (-1,))]
)
def test_empty_and_inside_out_selections_are_errors(start: int, stop: int, dropped: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"selection|dropped"):
        FrameSelection(start, stop, frozenset(dropped))


@pytest.mark.parametrize(
    "change",
    [{"n_frames": 0}, {"n_frames": 10**9}, {"size": [0, 4]}, {"size": [4]}, {"size": [4, 10**6]}, {"fps": 0},
     {"fps": float("nan")}, {"digest": "x"}, {"path": ""}, {"size": None}],
)  # fmt: skip
def test_a_damaged_clip_is_refused(change: dict[str, object]) -> None:
    good = Clip("a.mp4", 4, (6, 8), 24.0, DIGEST).to_json()
    assert Clip.from_json(good).size == (6, 8)
    with pytest.raises(Refusal, match="choose the video again"):
        Clip.from_json(good | change)


@pytest.mark.parametrize("data", [{}, {"start": 0}, {"start": 2, "stop": 1}, {"start": 0, "stop": 2, "dropped": ["x"]}])
def test_a_damaged_selection_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(Refusal, match="trim the clip again"):
        FrameSelection.from_json(data)


def test_whole_fits_and_a_longer_one_does_not() -> None:
    clip = Clip("a.mp4", 4, (6, 8), 24.0, DIGEST)
    assert FrameSelection.whole(clip).indices() == (0, 1, 2, 3)
    assert FrameSelection.whole(clip).fits(clip)
    assert not FrameSelection(0, 5).fits(clip)


def test_the_digest_follows_content_not_names(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"abc")
    two.write_bytes(b"abc")
    assert digest_of([one]) == digest_of([two])
    assert len(digest_of([one])) == 64
    assert digest_of([one, two]) != digest_of([one])
    before = digest_of([one, two])
    one.write_bytes(b"ab")
    two.write_bytes(b"cabc")
    assert digest_of([one, two]) != before, "moving a byte over a file's end must show"

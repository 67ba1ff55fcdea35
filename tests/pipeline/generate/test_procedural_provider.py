"""The demo provider: known frames stay, the same request gives the same frames, and what it made can go on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate.adapters import Video, made, origin_in, settled
from pipeline.generate.procedural_provider import MODEL, ProceduralProvider, scene_of, view_of
from pipeline.generate.provider import Frames, Known, Origin
from pipeline.generate.sweep import Sweep, extend
from pipeline.project.take import VideoRequest
from renderer.errors import Refusal

SIZE = (36, 64)
WISH = VideoRequest(
    "reference", "a red robot dancing in a kitchen", provider="procedural", context="dynamic", n_frames=6, size=SIZE,
    fps=12, seed=5,
)  # fmt: skip
FROZEN = replace(WISH, kind="freeze_time", context="freeze_time", prompt="Camera circulating around a robot", seed=1)


def run(request: VideoRequest, known: Known | None = None) -> Video:
    """The video that the provider makes of a request, through the adapters."""
    provider = ProceduralProvider()
    given_frames = known or Known(np.zeros((0, *SIZE, 3), np.uint8), (), ())
    steps = made(provider, settled(request, provider.ability, given_frames), given_frames)
    while True:
        try:
            next(steps)
        except StopIteration as over:
            video: Video = over.value
            return video


def given_of(video: Video, frames: list[int], positions: list[int] | None = None) -> Known:
    """Frames of a made video as known frames of the next."""
    places = positions or frames
    return Known(video.frames[frames], tuple(places), (1.0,) * len(frames), tuple(video.origins[i] for i in frames))


@pytest.fixture(scope="module")
def reference() -> Video:
    return run(WISH)


@pytest.fixture(scope="module")
def frozen(reference: Video) -> Video:
    return run(FROZEN, given_of(reference, [4], [0]))


def angles(video: Video) -> npt.NDArray[np.float64]:
    found = [scene_of(origin) for origin in video.origins]
    return np.array([pair[1].angle for pair in found if pair is not None])


def test_the_same_request_gives_the_same_frames_and_another_seed_another_scene(reference: Video) -> None:
    np.testing.assert_array_equal(run(WISH).frames, reference.frames)
    other = run(replace(WISH, seed=6)).frames
    assert np.abs(other.astype(int) - reference.frames).mean() > 10
    moved = np.abs(np.diff(reference.frames.astype(int), axis=0)).max(-1) > 12
    assert 0.01 < moved.mean() < 0.5


def test_freeze_time_begins_at_the_picked_frame_and_circles(reference: Video, frozen: Video) -> None:
    np.testing.assert_array_equal(frozen.frames[0], reference.frames[4])
    again = scene_of(frozen.origins[3])
    picked = scene_of(reference.origins[4])
    assert again is not None
    assert picked is not None
    assert again[0] == picked[0], "the scene is the source's, whatever the new prompt says"
    assert again[1].time == picked[1].time == 4
    np.testing.assert_allclose(np.degrees(angles(frozen)), np.linspace(0, 60, 6), atol=1e-9)


def test_an_extension_goes_on_both_ways(frozen: Video) -> None:
    asked = replace(FROZEN, kind="extend", n_frames=0)
    start = Sweep(frozen, 0, 0.0, 60.0)
    last = start
    for step in extend(ProceduralProvider(), asked, start, "both", 250.0, lambda frames: 12.0 * (len(frames) - 1)):
        last = step if isinstance(step, Sweep) else last
    assert last.degrees >= 250
    turned = np.degrees(angles(last.video))
    np.testing.assert_allclose(np.diff(turned), 12, atol=1e-6)
    assert turned[0] < -40
    assert turned[-1] > 60
    np.testing.assert_array_equal(last.video.frames[last.shift : last.shift + 6], frozen.frames)


def test_a_reroll_touches_no_locked_frame_and_another_seed_gives_another_candidate(reference: Video) -> None:
    locked = [0, 1, 4, 5]
    asked = replace(WISH, kind="reroll", seed=9)
    first, again = (run(asked, given_of(reference, locked)) for _ in range(2))
    other = run(replace(asked, seed=10), given_of(reference, locked))
    np.testing.assert_array_equal(first.frames, again.frames)
    np.testing.assert_array_equal(first.frames[locked], reference.frames[locked])
    np.testing.assert_array_equal(other.frames[locked], reference.frames[locked])
    assert not np.array_equal(first.frames[2:4], other.frames[2:4])
    change = np.abs(first.frames[2:4].astype(int) - reference.frames[2:4]).mean()
    assert change < np.abs(np.diff(reference.frames.astype(int), axis=0)).mean(), "a variation, not another scene"


def test_a_reroll_mends_faults(reference: Video) -> None:
    faulty = run(replace(FROZEN, options={"warp_px": 3.0, "flicker": 0.3}), given_of(reference, [4], [0]))
    clean = run(FROZEN, given_of(reference, [4], [0]))
    np.testing.assert_array_equal(faulty.frames[0], clean.frames[0])
    bad = np.abs(faulty.frames.astype(int) - clean.frames).mean((1, 2, 3))
    assert bad[1:].min() > 2
    mended = run(replace(FROZEN, kind="reroll", seed=3), given_of(faulty, [0, 1, 2, 3, 5]))
    assert np.abs(mended.frames[4].astype(int) - clean.frames[4]).mean() < bad[4]


def test_the_truth_of_every_frame_is_known(reference: Video, frozen: Video) -> None:
    """What provenance says of a frame, drawn again, is the frame."""
    from pipeline.generate import procedural_fast

    for video, frame in ((reference, 2), (frozen, 5)):
        found = scene_of(video.origins[frame])
        assert found is not None
        world, camera = view_of(*found, SIZE)
        drawn = procedural_fast.film(world, [found[1].time], [camera], 2).rgb[0]
        np.testing.assert_array_equal(drawn, video.frames[frame])
    assert origin_in(frozen.provenance, 0) is None
    assert origin_in(frozen.provenance, 1) is not None


def test_frames_from_elsewhere_are_refused_in_a_sentence() -> None:
    brought: Frames = np.zeros((1, *SIZE, 3), np.uint8)
    for origin in ((), (Origin(),), (Origin(0, {"model": "another"}),)):
        with pytest.raises(Refusal, match="only from videos that it made itself"):
            run(FROZEN, Known(brought, (0,), (1.0,), origin))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=6,
    )
)
def test_broken_provenance_is_nobody_s(junk: object) -> None:
    for told in (
        {"model": MODEL, "scene": junk, "states": [[0, 0]]},
        {"model": MODEL, "scene": {"prompt": "x", "seed": 1, "n_frames": 4}, "states": junk},
        {"model": MODEL, "scene": {"prompt": "x", "seed": junk, "n_frames": junk}, "states": [[0, 0]]},
    ):
        found = scene_of(Origin(0, told))
        assert found is None or 1 <= found[0].n_frames <= 4096


@pytest.mark.parametrize(
    ("options", "words"),
    [({"speed": 2}, "no option 'speed'"), ({"warp_px": -1}, "from 0 to 64"), ({"sweep": "wide"}, "from -360 to 360"),
     ({"flicker": float("nan")}, "from 0 to 1"), ({"flicker": True}, "from 0 to 1")],
)  # fmt: skip
def test_options_that_it_does_not_understand_are_said(options: dict[str, object], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        run(replace(WISH, options=options))

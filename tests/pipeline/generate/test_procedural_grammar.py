"""Prompts mean scenes, both ways, and the same prompt and seed always the same one."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate import procedural_fast
from pipeline.generate import procedural_grammar as grammar
from pipeline.generate.procedural_cast import COLOURS, PATTERNS, SIZES, SUBJECTS
from pipeline.generate.procedural_clips import circling_camera
from pipeline.generate.procedural_grammar import Actor, Description, filled, parse, prompts, rng_of
from pipeline.generate.procedural_motion import ACTIONS
from pipeline.generate.procedural_places import HOURS, PLACES
from pipeline.generate.procedural_scenes import world_of

actors = st.builds(
    Actor,
    st.sampled_from([subject.name for subject in SUBJECTS]),
    st.sampled_from([action.name for action in ACTIONS]),
    *(st.none() | st.sampled_from(sorted(table)) for table in (COLOURS, SIZES, PATTERNS)),
)
descriptions = st.builds(
    Description,
    st.lists(actors, min_size=1, max_size=grammar.MAX_ACTORS).map(tuple),
    st.none() | st.sampled_from([place.name for place in PLACES]),
    st.none() | st.sampled_from([hour.name for hour in HOURS]),
)


@given(descriptions)
def test_what_the_grammar_writes_it_reads_back(description: Description) -> None:
    assert parse(description.text) == description


@given(st.text())
def test_any_text_is_a_scene(text: str) -> None:
    description = filled(parse(text), rng_of(text, 0))
    assert 1 <= len(description.actors) <= grammar.MAX_ACTORS
    assert description.place
    assert description.hour
    assert all(actor.action and actor.colour for actor in description.actors)


@given(st.integers(0, 2**32))
def test_endless_prompts_are_understood_whole(seed: int) -> None:
    for prompt in islice(prompts(np.random.default_rng(seed)), 5):
        description = parse(prompt)
        assert description.text == prompt
        assert not description.note


def test_the_grammar_is_wide() -> None:
    assert len(SUBJECTS) >= 20
    assert len(ACTIONS) >= 12
    assert len(PLACES) >= 12
    assert len(set(islice(prompts(np.random.default_rng(0)), 200))) > 195


@pytest.mark.parametrize(
    ("prompt", "actors", "place", "unknown"),
    [
        ("A fox dressed in a suit dancing in the park.", [("fox", "dancing")], "meadow", ("dressed", "suit")),
        ("two bees and a PUPPY chasing by the sea", [("butterfly", None), ("dog", "running")], "beach", ("two",)),
        ("jumping kitten", [("cat", "jumping")], None, ()),
        ("a teddy bear and a toy car rolling in a lounge", [("bear", None), ("car", "rolling")], "living room", ()),
        ("Camera circulating around a red robot in a city, time elapse", [("robot", None)], "city", ()),
        ("", [], None, ()),
    ],
)  # fmt: skip
def test_words_that_people_write(
    prompt: str, actors: list[tuple[str, str | None]], place: str | None, unknown: tuple[str, ...]
) -> None:
    found = parse(prompt)
    assert [(actor.subject, actor.action) for actor in found.actors] == actors
    assert found.place == place
    assert found.unknown == unknown
    assert bool(found.note) == (not actors or bool(unknown))
    for word in unknown:
        assert word in found.note


def test_a_verb_at_the_end_is_meant_for_all() -> None:
    prompt = "a cat and a dog dancing"
    assert [actor.action for actor in filled(parse(prompt), rng_of(prompt, 1)).actors] == ["dancing", "dancing"]


def test_colours_that_are_asked_for_are_seen() -> None:
    """Among the pixels of a ball, the mean hue is the colour's."""
    for colour, channel in (("red", 0), ("green", 1), ("blue", 2)):
        world = world_of(f"a {colour} bear swaying on a meadow at noon", 5, 16)
        truth = procedural_fast.render(world, 3, circling_camera(world.focus, 0, (72, 128)))
        assert truth.rgb[truth.moving].mean(0).argmax() == channel


@pytest.mark.parametrize("action", [action.name for action in ACTIONS])
def test_every_verb_moves_every_subject(action: str) -> None:
    for subject in SUBJECTS:
        world = world_of(f"a {subject.name} {action} on a meadow", 1, 16)
        parts = [thing for thing in world.things if thing.name.startswith(f"{subject.name} 0: ") and thing.moving]
        poses = procedural_fast.poses_of(parts, np.arange(16.0))
        assert np.isfinite(poses).all()
        assert (np.linalg.det(poses[..., :3, :3]) > 0).all(), "nothing is turned inside out"
        step = np.linalg.norm(np.diff(poses[..., :3, 3], axis=0), axis=-1)
        turned = np.linalg.norm(np.diff(poses[..., :3, :3], axis=0), axis=(-2, -1))
        assert np.maximum(step, turned).max(1).mean() > 0.01, subject.name
        others = [thing for thing in parts if "drop" not in thing.name and "ring" not in thing.name]
        assert procedural_fast.poses_of(others, np.arange(16.0))[..., :3, 3].std() < 3


@pytest.mark.parametrize("place", [place.phrase for place in PLACES])
def test_the_actors_are_seen_from_all_around(place: str) -> None:
    """No furniture stands between them and the circling cameras, and there is something behind them on every side."""
    for seed in (1, 2):
        world = world_of(f"a duck waving {place} at noon", seed, 16)
        cameras = [
            circling_camera(world.focus, float(a), (36, 64)) for a in np.linspace(0, 2 * np.pi, 12, endpoint=False)
        ]
        film = procedural_fast.film(world, [3.0] * 12, cameras, 1, truth=True)
        assert film.surface is not None
        moving = np.array([thing.moving for thing in world.things])[film.surface]
        assert moving.mean((1, 2)).min() > 0.02
        assert film.rgb.std((1, 2)).mean(1).min() > 12


def test_poses_at_many_times_are_those_at_each() -> None:
    for thing in world_of("a horse splashing and a train rolling in a forest", 2, 16).things:
        if thing.moving:
            many = procedural_fast.poses_of([thing], np.array([0.0, 3.5, 11.0]))[:, 0]
            np.testing.assert_allclose(many, [thing.pose(t) for t in (0.0, 3.5, 11.0)], atol=1e-12)


def test_a_scene_is_the_same_in_another_process() -> None:
    prompt, script = "a parrot flying in the jungle", (
        "import sys, hashlib\nfrom pipeline.generate.procedural_scenes import world_of\n"
        "poses = b''.join(t.pose(2.5).tobytes() for t in world_of(sys.argv[1], 7, 16).things)\n"
        "print(hashlib.sha256(poses).hexdigest())"
    )  # fmt: skip
    first, second = (
        subprocess.run([sys.executable, "-c", script, prompt], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    )
    assert first == second
    assert len(first) == 65

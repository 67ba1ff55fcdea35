"""What can be done, decided from facts alone."""

from __future__ import annotations

from dataclasses import fields, replace

import hypothesis.strategies as st
from hypothesis import given

from app.actions import COMMANDS
from app.possible import Facts, possible, waiting

facts = st.builds(Facts, **{field.name: st.booleans() for field in fields(Facts)})


@given(facts)
def test_every_command_that_is_decided_exists(some: Facts) -> None:
    assert set(possible(some)) <= {row.name for row in COMMANDS}


@given(facts)
def test_more_that_is_there_never_takes_a_command_away(some: Facts) -> None:
    fuller = possible(replace(some, project=True, named=True, scene=True, take=True))
    assert all(fuller[name] for name, on in possible(some).items() if on)


def test_time_belongs_to_the_take_in_curate_and_to_the_scene_elsewhere() -> None:
    scene = Facts(named=True, project=True, scene=True)
    assert possible(scene)["play"] and not possible(scene)["star"]
    curating = replace(scene, curating=True)
    assert not possible(curating)["play"]
    assert possible(replace(curating, take=True))["play"] and possible(replace(curating, take=True))["star"]


def test_a_project_without_a_scene_says_what_comes_next() -> None:
    assert waiting(Facts()) is None
    new = Facts(named=True, project=True)
    assert [row[2] for row in map(waiting, (new, replace(new, resumable=True))) if row] == ["lift", "resume"]
    lifting = waiting(replace(new, lifting=True))
    assert lifting is not None and lifting[0] == "Lifting…" and not lifting[2]

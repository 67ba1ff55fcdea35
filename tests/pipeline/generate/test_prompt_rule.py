"""The prompt rule of section 3.2: phrases around the scene, no action."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate.prompt_rule import freeze_time_prompt, words


@pytest.mark.parametrize(
    ("prompt", "scene"),
    [
        ("A fox running quickly through the snow.", "a fox through the snow"),
        ("a panda eating bamboo", "a panda with bamboo"),
        ("A cat is playing the piano on a stage", "a cat with the piano on a stage"),
        ("two boats sailing in stormy waves, photorealistic", "two boats in stormy waves, photorealistic"),
        ("A dog jumps over a log and barks", "a dog over a log"),
        ("Niagara falls at dusk", "Niagara falls at dusk"),
        ("a running shoe on a table", "a running shoe on a table"),
        ("A red ball bouncing and rolling across a floor", "a red ball across a floor"),
        ("a toy dog jumping around in a room", "a toy dog in a room"),
        ("", "the scene"),
    ],
)
def test_action_is_left_out(prompt: str, scene: str) -> None:
    assert freeze_time_prompt(prompt) == f"Camera circulating around {scene}, time elapse"


@given(
    st.lists(st.sampled_from([*sorted(words().verbs)[:9], "a", "fox", "and", "in", ",", "slowly", "is"]), max_size=9)
)
def test_the_rule_follows_itself_and_leaves_no_action(parts: list[str]) -> None:
    once = freeze_time_prompt(" ".join(parts))
    assert freeze_time_prompt(once) == once
    assert once.startswith(words().before) and once.endswith(words().after)
    articles = {"a"}
    told = once.removeprefix(words().before).replace(",", " ,").split()
    assert not [
        w for before, w in zip(["", *told], told, strict=False) if w in words().verbs and before not in articles
    ]

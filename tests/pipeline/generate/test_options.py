"""Options: every value that is taken is one of the option's, and what is not is said in a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate.options import FORMS, Option, checked
from pipeline.generate.registry import PROVIDERS, find
from renderer.errors import Refusal

JSON = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.lists(st.integers(), max_size=2)
)
OPTIONS = tuple(
    Option(form, form, form, least=-2, most=9, choices=("a", "b") if form == "choice" else (), default="?")
    for form in FORMS
)


@given(st.sampled_from(OPTIONS), JSON)
def test_what_is_taken_has_the_type_and_range_that_the_option_tells(option: Option, value: Any) -> None:
    try:
        taken = option.checked(value)
    except Refusal as refusal:
        assert option.name in str(refusal) and str(refusal).endswith(".")
        return
    assert taken == value
    assert type(taken) is {"number": float, "whole": int, "switch": bool}.get(option.form, str)
    if isinstance(taken, int | float) and not isinstance(taken, bool):
        assert -2 <= taken <= 9
    assert option.form != "choice" or taken in ("a", "b")


def test_what_is_not_given_has_its_default_and_what_nobody_knows_is_refused() -> None:
    options = (Option("sweep", "Sweep", "number", default=60.0, most=360), Option("model", "Model", "folder"))
    assert checked("X", options, {"sweep": 3, "model": None}) == {"sweep": 3.0, "model": None}
    assert checked("X", options, {}) == {"sweep": 60.0, "model": None}
    with pytest.raises(Refusal, match="X has no option 'speed'; it has: sweep, model"):
        checked("X", options, {"speed": 1})
    with pytest.raises(Refusal, match="it has none"):
        checked("X", (), {"speed": 1})
    with pytest.raises(Refusal, match="from 0 to 360, not 'wide'"):
        checked("X", options, {"sweep": "wide"})


def test_an_option_without_choices_or_of_no_form_is_a_fault_of_ours() -> None:
    for form, choices in (("choice", ()), ("number", ("a",)), ("colour", ())):
        with pytest.raises(ValueError, match="has the form"):
            Option("x", "X", form, choices=choices)


@pytest.mark.parametrize("name", [row.name for row in PROVIDERS])
def test_defaults_are_values_of_their_options(name: str) -> None:
    for option in find(name).ability.options:
        assert option.title and option.tip
        assert option.default is None or option.checked(option.default) == option.default

"""What only one provider understands: its options, told so that a form can be drawn and a wrong value refused.

Values travel as plain JSON data in `VideoRequest.options`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from renderer.errors import Refusal

FORMS = ("folder", "file", "address", "words", "number", "whole", "choice", "switch")
_LONGEST = 4096


@dataclass(frozen=True)
class Option:
    """One option of a provider.

    Attributes:
        name: its key in `VideoRequest.options`; title, tip: what people call it, and what it does.
        form: one of `FORMS`. A folder or file is a path, an address a URL, a choice one of `choices`.
        default: what counts where it is not given; None: it may be left out.
        least, most: of a number.
    """

    name: str
    title: str
    form: str
    tip: str = ""
    default: Any = None
    least: float = 0.0
    most: float = math.inf
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.form not in FORMS or (self.form == "choice") != bool(self.choices):
            raise ValueError(f"the option {self.name} has the form {self.form!r}")

    def checked(self, value: Any) -> Any:
        """The value as this option has it; raises `Refusal` when it is none of its values."""
        if self.form == "switch" and isinstance(value, bool):
            return value
        if self.form in ("number", "whole") and isinstance(value, int | float) and not isinstance(value, bool):
            fits = self.least <= value <= self.most and (self.form == "number" or float(value).is_integer())
            if fits:
                return float(value) if self.form == "number" else int(value)
        if self.form == "choice" and value in self.choices:
            return value
        plain = self.form in ("folder", "file", "address", "words") and isinstance(value, str)
        if plain and len(value) <= _LONGEST and "\0" not in value:
            return value
        raise Refusal(f"The option {self.name} is {self._words()}, not {str(value)[:80]!r}.")

    def _words(self) -> str:
        if self.form in ("number", "whole"):
            kind = "a whole number" if self.form == "whole" else "a number"
            return f"{kind} from {self.least:g} to {self.most:g}"
        if self.form == "choice":
            return f"one of {', '.join(self.choices)}"
        return {"switch": "true or false", "address": "the address of a server", "words": "text"}.get(
            self.form, f"the path of a {self.form}"
        )


def checked(title: str, options: Iterable[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every option's value: the given one, else its default. `title` is the provider's.

    Raises `Refusal` for an option that the provider does not have, and for a value that is none of the option's.
    """
    known = {option.name: option for option in options}
    strange = sorted(set(given) - set(known))
    if strange:
        has = f"it has: {', '.join(known)}" if known else "it has none"
        raise Refusal(f"{title} has no option {strange[0]!r}; {has}.")
    return {
        name: option.checked(given[name]) if given.get(name) is not None else option.default
        for name, option in known.items()
    }

"""The one exception that is written for the person in front of the screen."""

from __future__ import annotations


class Refusal(Exception):
    """A job that cannot be done, told in one sentence that says what to do next.

    Raised anywhere below the command line or the window for causes that a person can mend (a missing
    file, a video that does not move). The message is shown as it is, so it names the thing, the fault
    and the remedy, and never a Python type. A programming error is never turned into a `Refusal`.
    """

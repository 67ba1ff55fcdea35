"""How a person and a script are told what happens: sentences and a bar on stderr, JSON lines on stdout."""

from __future__ import annotations

import sys


def complain(sentence: str) -> None:
    """One sentence on stderr, on one line, whatever it holds."""
    print("splatime: " + " ".join(sentence.split()), file=sys.stderr)

"""The door: `splatime` and `python main.py` are this file.

With no argument or a project folder it opens the window; with a verb it does the same work headless. It
imports nothing heavy itself, so that `--help`, `info` and the window start at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

RESETS = ("--reset-layout", "--reset-preferences")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the window or a verb; the exit code is 0 done, 1 failed, 2 usage, 130 cancelled."""
    from pipeline.cli.parser import VERBS, build_parser

    words = list(sys.argv[1:] if argv is None else argv)
    if words and (words[0] in VERBS or words[0].startswith("-")) and words[0] not in RESETS:
        from pipeline.cli.verbs import run_verb

        return run_verb(build_parser().parse_args(words))
    return _window(words)


def _window(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="splatime", description="Open the window.")
    parser.add_argument("project", nargs="?", type=Path, metavar="PROJECT", help="a project folder")
    parser.add_argument("--reset-layout", action="store_true", help="put every panel back in its place")
    parser.add_argument("--reset-preferences", action="store_true", help="forget theme, keys and recent projects too")
    args = parser.parse_args(words)
    project: Path | None = args.project
    from pipeline.cli.console import complain
    from renderer.errors import Refusal

    try:
        from app.main import run_window
        from app.settings import reset_layout, reset_preferences, settings_file

        if args.reset_layout:
            reset_layout(settings_file())
        if args.reset_preferences:
            reset_preferences(settings_file())
        return run_window(project)
    except Refusal as refusal:
        complain(str(refusal))
        return 1


if __name__ == "__main__":
    sys.exit(main())

"""From parsed words to a verb's function."""

from __future__ import annotations

import argparse
from importlib.metadata import PackageNotFoundError, version

from pipeline.cli.console import complain


def run_verb(args: argparse.Namespace) -> int:
    """Run one verb; the exit code."""
    if args.version:
        print(f"splatime {installed_version()}")
        return 0
    complain("say a verb, or splatime --help")
    return 2


def installed_version() -> str:
    """The version of the installed package, or a word when it runs from a bare checkout."""
    try:
        return version("splatime")
    except PackageNotFoundError:
        return "(not installed)"

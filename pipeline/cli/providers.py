"""The verbs providers and fetch-model: what makes videos here and what it can do; a model brought to this machine."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import Any

from pipeline.cli.console import complain, print_json, reporter
from pipeline.cli.run_job import DONE, USAGE
from pipeline.messages import Finished, Progress, StageStarted


def providers(args: argparse.Namespace) -> int:
    """List them all, or tell all of one as the options given make it."""
    from pipeline.cli.words import whole_paths
    from pipeline.generate.registry import adjusted, find, rows
    from renderer.errors import Refusal

    options = dict(args.set) | ({} if args.model is None else {"model": args.model})
    if args.name is not None:
        ability = adjusted(find(args.name), whole_paths(args.name, options)).ability
        print_json(_data(ability)) if args.json else print(_all(ability))
        return DONE
    if options:
        complain("say whose options these are: splatime providers NAME --model DIR")
        return USAGE
    for row in rows():
        try:
            ability = adjusted(find(row.name), {}).ability
            title, why = ability.title, ability.needs
        except Refusal as refusal:
            title, why = row.name, str(refusal)
        if args.json:
            print_json({"name": row.name, "title": title, "why_not": why})
        else:
            print(f"{row.name:12}{title}{f' - {why}' if why else ''}")
    return DONE


def fetch_model(args: argparse.Namespace) -> int:
    """Say what a published model takes, and fetch it once that is agreed to."""
    from pipeline.generate.open_models.download import fetch, offer

    told = offer(args.repository)
    if args.json and not args.yes:  # for who asks a person by other means
        print_json({"repository": told.repository, "licence": told.licence, "bytes": told.n_bytes, "words": told.words})
        return DONE
    if not args.json:
        print(f"{told.words}, into {args.out}")
    if not args.yes and not _agreed():
        complain("nothing was fetched; --yes agrees to the size and the licence above")
        return USAGE
    with reporter(as_json=args.json) as out:
        out.hear(StageStarted(told.words, 0, 1, len(told.parts)))
        for number, (part, _) in enumerate(fetch(told, args.out)):
            out.hear(Progress(part.name, number + 1, len(told.parts)))
        out.hear(Finished({"repository": told.repository, "revision": told.revision, "bytes": told.n_bytes}))
    if not args.json:
        print(f"Kept in {args.out}; use it with: splatime generate --provider diffusers --model {args.out}")
    return DONE


def _agreed() -> bool:
    if not sys.stdin.isatty():
        return False
    print("Fetch it? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _data(ability: Any) -> dict[str, Any]:
    told = asdict(ability)
    for option in told["options"]:  # JSON has no infinity
        option["most"] = option["most"] if option["most"] < float("inf") else None
    return told


def _all(ability: Any) -> str:
    """One provider, a line each."""
    period, offset = ability.lengths
    length = "any number" if (period, offset) == (1, 1) else f"{period}k+{offset}"
    if period == offset and period > 1:
        length = f"{period}" if ability.longest == period else f"multiples of {period}"
    sizes = ", ".join(f"{width}x{height}" for height, width in ability.sizes)
    where = {"none": "none", "first": "the first", "ends": "the first, the last or both", "any": "anywhere"}
    rows = [
        (ability.title, f"provider {ability.name}"),
        ("makes", ", ".join(kind.replace("_", "-") for kind in ability.kinds)),
        ("frames", f"{length}, up to {ability.longest} in one go"),
        ("sizes", sizes or f"any, in multiples of {ability.multiple} px"),
        ("known frames", where[ability.positions]),
        ("prompts", "read" if ability.text else "not read"),
        ("licence", ability.licence or "nothing is claimed"),
    ]
    rows += [(f"--set {option.name}=", _option(option)) for option in ability.options]
    rows += [("cannot be used", ability.needs)] if ability.needs else []
    return "\n".join(f"{name:22}{text}" for name, text in rows)


def _option(option: Any) -> str:
    told = option.form
    if option.choices:
        told = "|".join(option.choices)
    elif option.form in ("number", "whole"):
        told = f"{option.least:g} to {option.most:g}"
    usual = "" if option.default is None else f", {str(option.default).lower()} by default"
    return f"{told}{usual}. {option.tip}"

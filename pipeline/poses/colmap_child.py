"""The child process that runs COLMAP: frames in a folder and spec.json in, solution.npz out.

Started as `python -P -m pipeline.poses.colmap_child spec.json`, in a session of its own. It imports pycolmap (first)
and numpy and nothing else: an image library in the same process aborts it, and so does a feature type that the
wheel was built without. Says one JSON line per step on stdout; COLMAP's own talk goes to stderr. Ends itself when
stdin closes, so it does not outlive a parent that was killed.
"""

from __future__ import annotations

import pycolmap  # isort: skip  before anything that could load another libpng or libjpeg

import json
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.poses.colmap_features import extract_and_match
from pipeline.poses.colmap_mapping import Solution, search
from pipeline.poses.colmap_polish import Observations


def main(arguments: list[str]) -> int:
    """Solve the spec; 0 with a solution or a said fault, anything else is a crash."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    spec: dict[str, Any] = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    voice = Voice(len(spec["fields_of_view"]) + 4)
    pycolmap.logging.minloglevel = 1
    pycolmap.set_random_seed(spec["seed"])
    voice.step(-2, "finding features")
    matches = extract_and_match(spec, lambda: voice.step(-1, "matching features"))
    if matches.fault:
        say({"fault": matches.fault, "figures": matches.figures})
        return 0
    solution = search(spec, voice)
    if solution is None:
        say({"fault": "unmapped", "figures": matches.figures})
        return 0
    write(Path(spec["out"]), solution)
    say({"step": voice.steps, "steps": voice.steps, "text": "cameras solved", "attempt": solution.attempt})
    return 0


@dataclass(frozen=True)
class Voice:
    """What the mapping says while it runs; its steps count from 0, after the two of finding features."""

    steps: int

    def step(self, step: int, text: str) -> None:
        say({"step": step + 2, "steps": self.steps, "text": text})

    def cameras(self, found: Observations) -> None:
        """Where the cameras stand so far: camera from world, 12 numbers each."""
        say({"placed": found.frames.tolist(), "poses": found.poses.reshape(-1).tolist(), "focal": found.focal})


def write(path: Path, solution: Solution) -> None:
    """Plain arrays only, so that the parent reads them without pickle."""
    with path.with_suffix(".tmp").open("wb") as file:
        np.savez(file, **solution.arrays())
    path.with_suffix(".tmp").replace(path)


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _die_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(3)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    os._exit(code)  # nothing is left to flush, and tearing COLMAP down beside a blocked thread can crash

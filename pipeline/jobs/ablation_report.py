"""What an ablation found, as a table for people (Markdown) and as figures for scripts (JSON). No torch."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.project.atomic import atomic_file

TABLE, SHEET, DATA = "ablation.md", "ablation.png", "ablation.json"

WORDS = {
    "full": "Whole method",
    "per-frame-deformation": "No per-frame deformation",
    "small-motion": "No small-motion loss",
    "multi-view-sds": "No multi-view SDS",
    "joint-sds": "No joint SDS",
    "freeze-time": "No freeze-time video",
    "camera-fine-tuning": "No camera fine-tuning",
    "new-splats": "No growth of new splats",
}
COLUMNS = (
    ("held-out PSNR", "psnr", 2), ("moving area", "moving_psnr", 2), ("motion gain", "motion_gain", 2),
    ("SSIM", "ssim", 3), ("ST-LPIPS", "perceptual", 4), ("flicker", "views.reference.flicker", 4),
    ("reference PSNR", "reference_psnr", 2), ("freeze-time PSNR", "freeze_time_psnr", 2),
)  # fmt: skip
"""Title, place among the figures of `evaluate`, decimals."""


@dataclass(frozen=True)
class Arm:
    """One way to lift: the whole method, or what it is called without a part."""

    name: str
    without: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        return WORDS[self.name]


FULL = Arm("full")


@dataclass(frozen=True)
class Result:
    """One lift: its run's digest and its figures (`Evaluation.to_json`), or why it has none."""

    arm: Arm
    seed: int
    digest: str
    figures: Mapping[str, Any] | None
    fault: str = ""


@dataclass(frozen=True)
class Report:
    """All that is finished so far. `in_vain`: arms that are not lifted, and why."""

    scene: str
    preset: str
    freeze_time: str
    results: Sequence[Result]
    in_vain: Mapping[Arm, str]

    @property
    def arms(self) -> tuple[Arm, ...]:
        return tuple(dict.fromkeys(result.arm for result in self.results))

    def figure(self, arm: Arm, key: str) -> dict[int, float]:
        """A figure of an arm, by seed, where it was measured."""
        values = {r.seed: _at(r.figures, key) for r in self.results if r.arm == arm and r.figures is not None}
        return {seed: value for seed, value in values.items() if value is not None}

    def lost(self, arm: Arm) -> dict[int, float]:
        """Held-out PSNR of an arm above that of the whole method with the same seed, dB."""
        whole, mine = self.figure(FULL, "psnr"), self.figure(arm, "psnr")
        return {seed: mine[seed] - whole[seed] for seed in mine.keys() & whole.keys()}

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "scene": self.scene,
            "preset": self.preset,
            "freeze_time": self.freeze_time,
            "arms": [
                {
                    "arm": r.arm.name, "seed": r.seed, "run": r.digest, "failed": r.fault or None,
                    **{key.removeprefix("views.").replace(".", "_"): _at(r.figures, key) for _, key, _ in COLUMNS},
                }
                for r in self.results
            ],
            "not_lifted": {arm.name: why for arm, why in self.in_vain.items()},
        }  # fmt: skip

    def markdown(self) -> str:
        """The table, what it means, and the contact sheet."""
        seeds = sorted({result.seed for result in self.results})
        spread = "" if len(seeds) == 1 else f", seeds {seeds[0]} to {seeds[-1]} (mean ± standard deviation)"
        lines = [
            f"# Ablation of {self.scene}", "",
            f"Preset {self.preset}, freeze-time video {self.freeze_time}{spread}. PSNR in dB; the difference is to the "
            "whole method with the same seed; flicker is that of the reference views; it and ST-LPIPS are best at 0.",
            "", "| arm | " + " | ".join(["held-out PSNR", "difference", *(c[0] for c in COLUMNS[1:])]) + " |",
            "| --- |" + " ---: |" * (len(COLUMNS) + 1),
        ]  # fmt: skip
        lines += [self._row(arm) for arm in self.arms]
        lines += [f"| {arm.words} | not lifted: {why} |" + " |" * len(COLUMNS) for arm, why in self.in_vain.items()]
        ranked = sorted((statistics.mean(lost.values()), arm) for arm in self.arms[1:] if (lost := self.lost(arm)))
        if ranked:
            told = ", ".join(f"{arm.words.lower()} ({value:+.2f} dB)" for value, arm in ranked)
            lines += ["", f"By held-out PSNR, from what is missed most: {told}."]
        absent = {f"{k} is absent: {v}" for r in self.results if r.figures for k, v in r.figures["absent"].items()}
        lines += ["", *(f"- {line}." for line in sorted(absent))] if absent else []
        faults = [f"- {r.arm.words}, seed {r.seed}, has no result: {r.fault}" for r in self.results if r.fault]
        lines += ["", *faults] if faults else []
        return "\n".join([*lines, "", f"![Held-out views of each arm beside the truth]({SHEET})", ""])

    def _row(self, arm: Arm) -> str:
        first, *others = ((self.figure(arm, key), digits) for _, key, digits in COLUMNS)
        cells = [_cell(*first), "" if arm == FULL else _cell(self.lost(arm), 2, sign="+")]
        return f"| {arm.words} | " + " | ".join([*cells, *(_cell(*other) for other in others)]) + " |"


def sentence_of(result: Result) -> str:
    """One lift in a few words."""
    if result.figures is None:
        return f"no result; {result.fault}"
    return f"held-out PSNR {result.figures['psnr']:.2f} dB, motion gain {result.figures['motion_gain']:+.2f} dB"


def write(folder: Path, report: Report, digest: str) -> None:
    """Write the table and the figures; `digest` names the scene that they are of."""
    with atomic_file(folder / TABLE) as file:
        file.write(report.markdown().encode())
    with atomic_file(folder / DATA) as file:
        file.write((json.dumps({"digest": digest, **report.to_json()}, indent=1, allow_nan=False) + "\n").encode())


def scene_in(folder: Path) -> str | None:
    """Which scene the ablation in a folder is of; None where there is none that can be read."""
    try:
        digest = json.loads((folder / DATA).read_text(encoding="utf-8"))["digest"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return digest if isinstance(digest, str) else None


def _at(figures: Mapping[str, Any] | None, key: str) -> float | None:
    value: Any = figures
    for name in key.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _cell(values: Mapping[int, float], digits: int, sign: str = "") -> str:
    if not values:
        return "-"
    mean = f"{statistics.mean(values.values()):{sign}.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values.values()):.{digits}f}"

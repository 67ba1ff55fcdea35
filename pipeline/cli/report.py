"""Plain facts laid out for a person: info, evaluate, doctor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.jobs.doctor import Finding

_VIEWS = {"reference": "reference views", "freeze_time": "freeze-time views", "held_out": "held-out views"}
_COLUMNS = (
    ("PSNR dB", "psnr", 2), ("SSIM", "ssim", 3), ("moving dB", "moving_psnr", 2), ("ST-LPIPS", "perceptual", 4),
    ("flicker", "flicker", 4),
)  # fmt: skip
_MARKS = {"good": "ok  ", "note": "note", "bad": "BAD "}


def info_text(data: dict[str, Any]) -> str:
    """What `pipeline.jobs.info.about` found."""
    lines = [f"project  {data['project']}"]
    for take in data["takes"]:
        role = f", used as {take['used_as']}" if take["used_as"] else ""
        lost = "" if take["present"] else ", FILE MISSING"
        size = f"{take['width']}x{take['height']}"
        lines.append(
            f"take     {take['id']}  {take['kind']}, {take['frames']} frames, {size}, {take['fps']:g} fps{role}{lost}"
        )
    if data["canonical_reference_frame"] is not None:
        pair = data["canonical_reference_frame"], data["canonical_freeze_frame"]
        lines.append(f"shared   reference frame {pair[0]} = freeze-time frame {pair[1]}")
    if (cameras := data["cameras"]) is not None:
        lines.append(f"cameras  liftability {cameras['score']} of 100, {cameras['word']}; {cameras['report']}")
        lines += [f"         {reason}" for reason in cameras["reasons"]]
    lines += [_run_line(run) for run in data["runs"]] or ["run      none yet"]
    lines += [f"render   {path}" for path in data["renders"]]
    return "\n".join(lines)


def _run_line(run: dict[str, Any]) -> str:
    state = "finished" if run["finished"] else f"not finished, at {run.get('stage') or 'the start'}"
    facts = [state, *([str(run["preset"])] if run.get("preset") else [])]
    if run.get("splats") is not None:
        facts.append(f"{run['splats']} splats")
    if run.get("psnr") is not None:
        facts.append(f"PSNR {run['psnr']:.2f} dB on its own frames")
    if run["finished"] and not run["scene"]:
        facts.append("SCENE MISSING")
    return f"run      {run['id']}  {', '.join(facts)}"


def evaluation_text(figures: dict[str, Any]) -> str:
    """The figures of `evaluate`, each with what it is measured on."""
    rows = (
        ("held-out PSNR", "psnr", "dB"),
        ("held-out SSIM", "ssim", ""),
        ("  in the moving area", "moving_psnr", "dB"),
        ("  the same, time standing still", "static_lift_psnr", "dB"),
        ("  motion gain", "motion_gain", "dB"),
        ("  floor: the photo of that view", "static_photo_psnr", "dB"),
        ("reference video PSNR", "reference_psnr", "dB"),
        ("freeze-time video PSNR", "freeze_time_psnr", "dB"),
    )
    lines = [f"{name:<34}{_number(figures.get(key))} {unit}".rstrip() for name, key, unit in rows]
    views = {words: figures["views"][key] for key, words in _VIEWS.items() if key in figures.get("views", {})}
    if views:
        lines += ["", f"{'':<20}" + "".join(f"{title:>14}" for title, _, _ in _COLUMNS)]
        for words, scores in views.items():
            cells = (_number(scores.get(key), digits) for _, key, digits in _COLUMNS)
            lines.append(f"{words:<20}" + "".join(f"{cell:>14}" for cell in cells))
    judges = figures.get("judges", {})
    lines += (
        ["", *(f"{name.replace('_', ' '):<34}{_number(value)}" for name, value in judges.items())] if judges else []
    )
    lines += [f"{name} is absent: {reason}" for name, reason in figures.get("absent", {}).items()]
    return "\n".join(lines)


def _number(value: float | None, digits: int = 2) -> str:
    return "     -" if value is None else f"{value:6.{digits}f}"


def doctor_text(findings: Sequence[Finding]) -> str:
    """One line a finding."""
    return "\n".join(f"{_MARKS[finding.state]}  {finding.name:<24}{finding.text}" for finding in findings)

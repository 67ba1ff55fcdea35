"""Checkpoints of a lift on disk: whole or not there, read without running anything, refused when they do not fit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from pipeline.lift.trainer import Trainer
from renderer.errors import Refusal


def save_checkpoint(state: dict[str, Any], path: Path) -> None:
    """Write atomically, so that a kill at any moment leaves the previous checkpoint whole."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with scratch.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except OSError as fault:
        raise Refusal(
            f"The checkpoint could not be written ({fault.strerror}); free some disk space and --resume."
        ) from fault
    finally:
        scratch.unlink(missing_ok=True)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read back what `save_checkpoint` wrote; never unpickles code."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as fault:
        raise Refusal(f"The checkpoint {path} can't be read; lift again without --resume.") from fault
    return state


def restore(trainer: Trainer, path: Path) -> None:
    """Have the trainer go on from the checkpoint; raises `Refusal` for one that another trainer wrote."""
    state = load_checkpoint(path)
    try:
        trainer.restore(state)
    except (KeyError, RuntimeError, TypeError, ValueError) as fault:
        raise Refusal(f"{path} was written by another version of Splatime; lift again without --resume.") from fault

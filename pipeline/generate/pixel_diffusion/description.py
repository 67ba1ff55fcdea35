"""`STAGE.json`, which says what the weights beside it are: read and checked without them, and without torch."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pipeline.generate.pixel_diffusion.config import StageConfig
from renderer.errors import Refusal

FORMAT = 1
_LONGEST_DESCRIPTION = 1 << 20


def describe(folder: Path, stage: str) -> tuple[StageConfig, dict[str, Any]]:
    """What the weights in `folder` are, without reading them. Raises `Refusal` when they can't be ours."""
    path = folder / f"{stage}.json"
    try:
        if path.stat().st_size > _LONGEST_DESCRIPTION:
            raise ValueError("it is too long")
        told = json.loads(path.read_bytes())
        if not isinstance(told, dict) or told.get("format") != FORMAT or not isinstance(told.get("digest"), str):
            raise ValueError("it is not one of ours")
    except FileNotFoundError as fault:
        raise Refusal(
            f"There are no weights of the pixel model's {stage} in {folder}; "
            f"train them: splatime train-prior --stage {stage} --out DIR."
        ) from fault
    except (OSError, ValueError, RecursionError) as fault:
        raise Refusal(
            f"The description {path} can't be read ({fault}); take the files that train-prior wrote."
        ) from fault
    config = StageConfig.from_json(told.get("config"))
    if config.stage != stage:
        raise Refusal(f"{path} describes the {config.stage}, not the {stage}; take the files that train-prior wrote.")
    return config, told


def content_of(folder: Path, stage: str) -> str:
    """Names what a stage does by its weights' recorded digest, which loading checks, and its configuration.

    Raises `Refusal` as `describe` does.
    """
    config, told = describe(folder, stage)
    what = json.dumps([told["digest"], config.to_json()], sort_keys=True, allow_nan=False)
    return hashlib.blake2b(what.encode(), digest_size=16).hexdigest()

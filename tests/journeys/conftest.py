"""What the journeys share: the program as a person starts it, and a handful of tiny clips, good and bad."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pipeline.project import media

Clips = dict[str, Path]


@dataclass(frozen=True)
class Outcome:
    """What one run of the program left on its two outputs."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The last line on stderr; a failure ends in exactly one sentence there, and in no traceback."""
        assert "Traceback" not in self.err, self.err
        lines = self.err.strip().splitlines()
        assert lines and lines[-1].startswith("splatime: "), self.err
        assert sum(line.startswith("splatime: ") for line in lines) == 1, self.err
        return lines[-1]


@pytest.fixture
def splatime(root: Path, tmp_path: Path) -> Callable[..., Outcome]:
    """Run main.py in a process of its own, in `tmp_path`."""

    def start(*words: str | Path, timeout: float = 120) -> Outcome:
        done = subprocess.run(
            [sys.executable, str(root / "main.py"), *map(str, words)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return start


@pytest.fixture
def here(capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run the same program in this process, which is quicker."""
    from main import main

    def start(*words: str | Path) -> Outcome:
        capfd.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as leave:
            code = int(leave.code or 0)
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return start


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """Tiny clips: reference and freeze are noise that cannot be lifted but gets past the first look."""
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(0)

    def noise(count: int, height: int, width: int) -> np.ndarray:
        return rng.integers(0, 255, (count, height, width, 3)).astype(np.uint8)

    frames = {
        "reference": noise(4, 48, 64),
        "noise": noise(6, 48, 64),
        "still": np.repeat(noise(1, 48, 64), 6, axis=0),
        "one": noise(1, 48, 64),
        "wide": noise(4, 48, 80),
        "almost": noise(4, 100, 133),
    }
    made = {name: folder / f"{name}.mkv" for name in frames}
    for name, path in made.items():
        media.write_lossless(path, frames[name], 16.0)
    made["empty"] = folder / "empty.mp4"
    made["empty"].touch()
    made["text"] = folder / "text.mp4"
    made["text"].write_text("this is not a video\n" * 50)
    made["cut"] = folder / "cut.mkv"
    made["cut"].write_bytes(made["noise"].read_bytes()[:300])
    made["missing"] = folder / "missing.mp4"
    return made


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes a file system of so many KB."""
    made: list[Path] = []

    def make(size: int) -> Path:
        place = tmp_path / f"disk{len(made)}"
        place.mkdir()
        mount = shutil.which("mount")
        if mount is None or os.geteuid() != 0:
            pytest.skip("only root can make a small disk")
        command = [mount, "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(place)]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("no small disk can be mounted here")
        made.append(place)
        return place

    yield make
    for place in made:
        subprocess.run(["umount", str(place)], check=True)

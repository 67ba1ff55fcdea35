"""The verb serve-prior: a real process that another one asks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from main import main
from pipeline.generate.served import asked
from pipeline.generate.served_refiner import ServedRefiner
from tests.fakes.latent import LatentToy

SERVE = """
import sys
from pipeline.generate import priors
from tests.fakes.latent import LatentToy
class Point:
    dist = None
    def load(self): return lambda device: LatentToy()
priors._others = lambda: {"toy": Point()}
from main import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_model_in_another_process_answers(root: Path) -> None:
    words = [sys.executable, "-c", SERVE, "serve-prior", "--prior", "toy", "--port", "0", "--device", "cpu", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root) as server:
        try:
            assert server.stdout is not None
            told = json.loads(server.stdout.readline())
            assert (told["n_frames"], told["size"], told["content"]) == (4, [4, 6], "toy")
            remote = ServedRefiner(asked(told["address"]))
            video = torch.zeros(1, 3, 4, 4, 6)
            assert torch.equal(remote.refine(video, 0.9, 4, "", "", 3), LatentToy().refine(video, 0.9, 4, "", "", 3))
        finally:
            server.kill()


def test_a_model_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["serve-prior", "--prior", str(tmp_path / "x"), "--port", "0"]) == 1
    assert "no weights of a video prior" in capsys.readouterr().err

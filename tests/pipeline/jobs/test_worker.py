"""The worker process: one JSON message a line on stdout, exit codes, and words on stdin."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.jobs import worker
from pipeline.jobs.control import Control
from pipeline.jobs.spec import RenderJob, job_to_json
from pipeline.messages import Failed, Finished, parse


def start(root: Path, cwd: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "pipeline.jobs.worker", *words],
        cwd=cwd, env={**os.environ, "PYTHONPATH": str(root)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def spec_of(project: Path, out: Path) -> Path:
    spec = project / "job.json"
    spec.write_text(job_to_json(RenderJob(str(project), str(out))))
    return spec


def test_a_job_in_a_process_of_its_own(root: Path, project: Path, tmp_path: Path) -> None:
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline" / "__init__.py").write_text("raise SystemExit(99)")
    process = start(root, tmp_path, str(spec_of(project, tmp_path / "a.png")))
    out, err = process.communicate(timeout=120)  # closes stdin, which means stop, but the picture may be done by then
    messages = [parse(line) for line in out.splitlines()]
    assert process.returncode in (0, 130), err
    assert isinstance(messages[-1], Finished | Failed)
    assert (tmp_path / "a.png").is_file() == (process.returncode == 0)


def test_it_finishes_while_somebody_holds_its_input(root: Path, project: Path, tmp_path: Path) -> None:
    process = start(root, tmp_path, str(spec_of(project, tmp_path / "a.png")))
    assert process.stdout is not None and process.stdin is not None and process.stderr is not None
    lines = process.stdout.read().splitlines()
    assert process.wait(60) == 0
    process.stdin.close()
    process.stdout.close()
    process.stderr.close()
    assert isinstance(parse(lines[-1]), Finished)
    assert (tmp_path / "a.png").is_file()


@pytest.mark.parametrize("words", [[], ["spec.json"], ["/a", "/b"]])
def test_usage(root: Path, tmp_path: Path, words: list[str]) -> None:
    process = start(root, tmp_path, *words)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and out == "" and "usage" in err


@pytest.mark.parametrize("text", [None, "", "{}", "\xff"])
def test_a_spec_that_cannot_be_read_is_a_failed_message(tmp_path: Path, text: str | None) -> None:
    spec = tmp_path / "spec.json"
    if text is not None:
        spec.write_bytes(text.encode("latin-1"))
    out = io.StringIO()
    assert worker.work(lambda: worker.read_spec(spec), Control(), worker.Voice(out)) == 1
    (line,) = out.getvalue().splitlines()
    assert json.loads(line)["type"] == "failed"


def test_a_stopped_job_says_so(project: Path, tmp_path: Path) -> None:
    control, out = Control(), io.StringIO()
    control.tell("stop")
    spec = spec_of(project, tmp_path / "frames")
    assert worker.work(lambda: worker.read_spec(spec), control, worker.Voice(out)) == 130
    last = parse(out.getvalue().splitlines()[-1])
    assert isinstance(last, Failed) and last.cancelled
    assert not (tmp_path / "frames").exists()

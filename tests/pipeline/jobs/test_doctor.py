"""doctor tries things, and what is broken is said rather than raised."""

from __future__ import annotations

import json
import sys

import pytest

from pipeline.cli.report import doctor_text
from pipeline.jobs import doctor


def test_every_part_is_looked_at_and_this_machine_passes() -> None:
    findings = doctor.examine()
    names = {finding.name for finding in findings}
    assert {"python", "torch", "cuda", "gsplat", "pycolmap", "numba", "codecs", "window", "disk here"} <= names
    assert {finding.state for finding in findings} <= {"good", "note"}, doctor_text(findings)
    assert "pycolmap" not in sys.modules
    for finding in findings:
        assert json.loads(json.dumps(finding.to_json()))["name"] == finding.name


@pytest.mark.parametrize(
    "child", ["import no_such_module", "import os; os.abort()", "import time; time.sleep(60)", "raise SystemExit(3)"]
)
def test_a_part_that_fails_crashes_or_hangs_is_a_finding(child: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHILD_SECONDS", 3)
    monkeypatch.setattr(doctor, "_COLMAP", child)
    (finding,) = doctor._colmap()
    assert finding.state == "bad" and "pycolmap" in finding.name
    assert doctor_text([finding]).startswith("BAD")

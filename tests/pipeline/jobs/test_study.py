"""The A/B page: what stands in it, and the script that keeps the answers, run by a JavaScript engine."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PySide6.QtQml import QJSEngine, QJSValue

from main import main
from pipeline.jobs import study
from pipeline.jobs.study import template, write_page
from pipeline.project import media
from pipeline.project.curated import QUESTIONS
from renderer.errors import Refusal


@pytest.fixture
def films(tmp_path: Path) -> tuple[Path, Path]:
    """Two films of odd size, one with a note of its making and colour at full resolution."""
    y, x = np.mgrid[:17, :33].astype(float)
    frames = np.stack([np.stack([7 * x, 14 * y, 90 + 40 * t + 0 * x], -1) for t in range(3)]).astype(np.uint8)
    media.write_film(tmp_path / "ours.mp4", iter(frames), 6.0, note=media.dump_note({"kind": "render", "x": "secret"}))
    media.write_video(tmp_path / "theirs.mp4", iter(255 - frames), 6.0, full_chroma=True)
    return tmp_path / "ours.mp4", tmp_path / "theirs.mp4"


def data_of(page: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="study">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found.group(1))
    return data


def test_the_page_holds_both_films_and_the_seven_questions(films: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    assert main(["study", *map(str, films), "--out", str(out), "--prompt", "a panda"]) == 0
    data = data_of(out)
    assert [question["name"] for question in data["questions"]] == list(QUESTIONS)
    assert (data["A"]["name"], data["B"]["name"], data["prompt"]) == ("ours.mp4", "theirs.mp4", "a panda")
    for which, film in zip("AB", films, strict=True):
        kind, _, body = data[which]["video"].partition(",")
        assert kind == "data:video/mp4;base64"
        copy = tmp_path / f"{which}.mp4"
        copy.write_bytes(base64.b64decode(body))
        clip = media.probe(copy)
        assert (clip.n_frames, clip.fps) == (3, 6.0)
        shown, before = media.read_frames(copy), media.read_frames(film)
        assert np.abs(shown[:, :17, :33].astype(int) - before[:, :17, :33]).mean() < 4
        assert b"secret" not in copy.read_bytes() and not media.read_note(copy)


def test_the_page_fetches_nothing(films: tuple[Path, Path], tmp_path: Path) -> None:
    page = write_page(*films, tmp_path / "page.html")
    text = page.out.read_text()
    assert not re.search(r"https?:|//[a-z]|@import|url\(", re.sub(r"base64,[^\"]*", "", text).replace("// ", ""))
    assert "default-src 'none'" in text and "@STUDY@" not in text


def test_without_a_description_its_question_is_left_out(films: tuple[Path, Path], tmp_path: Path) -> None:
    page = write_page(*films, tmp_path / "page.html", "  ")
    assert page.questions == 6 and len(data_of(page.out)["questions"]) == 6


def test_what_others_wrote_cannot_end_the_script(films: tuple[Path, Path], tmp_path: Path) -> None:
    prompt = "</script><script>alert(1)</script>&amp;\u2028"
    page = write_page(*films, tmp_path / "page.html", prompt)
    assert data_of(page.out)["prompt"] == prompt.strip()
    assert page.out.read_text().count("</script>") == template().count("</script>")


def test_what_is_no_pair_of_films_is_refused(films: tuple[Path, Path], tmp_path: Path) -> None:
    copy, still = tmp_path / "copy.mp4", tmp_path / "one.png"
    copy.write_bytes(films[0].read_bytes())
    media.write_image(still, np.zeros((8, 8, 3), np.uint8))
    for words, pair in (("the same film", (films[0], copy)), ("one picture", (films[0], still))):
        with pytest.raises(Refusal, match=words):
            write_page(*pair, tmp_path / "page.html")
    with pytest.raises(Refusal, match=r"ends in \.html"):
        write_page(*films, tmp_path / "page.txt")
    assert not (tmp_path / "page.html").exists()


def test_a_film_too_large_for_a_page_is_refused(
    films: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "MAX_BYTES", 1000)
    with pytest.raises(Refusal, match="too long or too large"):
        write_page(*films, tmp_path / "page.html")


# -- the script -------------------------------------------------------------------------------------------------------


@pytest.fixture
def script(qapp: object) -> Callable[[str], Any]:
    """Evaluates an expression with the page's pure functions at hand."""
    found = re.search(r'<script id="logic">(.*?)</script>', template(), re.DOTALL)
    assert found
    engine = QJSEngine()
    questions = json.dumps([{"name": name} for name in QUESTIONS])

    def js(code: str) -> str:
        value = cast("QJSValue", engine.evaluate(code))  # its stub speaks of a list of faults too
        assert not value.isError(), value.toString()
        return value.toString()

    js(found.group(1))
    js(f"var questions = {questions}; var study = {{id: 'x', prompt: '', questions}};")
    js("study.A = {name: 'a.mp4'}; study.B = {name: 'b.mp4'};")
    return lambda code: json.loads(js(f"JSON.stringify({code})"))


ALL = "questions.reduce((s, q, i) => answered(s, q.name, i % 2), newSitting({swapped}, 't0'))"


def test_answers_name_the_film_and_not_the_side(script: Callable[[str], Any]) -> None:
    for swapped in (False, True):
        left, right = ("B", "A") if swapped else ("A", "B")
        sitting = script(ALL.format(swapped=str(swapped).lower()))
        assert sitting["order"] == [left, right]
        assert sitting["answers"] == {name: (left, right)[i % 2] for i, name in enumerate(QUESTIONS)}


def test_a_sitting_is_done_when_nothing_is_missing_and_answers_can_change(script: Callable[[str], Any]) -> None:
    assert script("missing(newSitting(false, 't'), questions)") == 7
    assert script(f"missing({ALL.format(swapped='true')}, questions)") == 0
    changed = script("answered(answered(newSitting(false, 't'), 'x', 0), 'x', 1).answers")
    assert changed == {"x": "B"}


def test_the_report_counts_every_evaluator(script: Callable[[str], Any]) -> None:
    both = ", ".join(f"finished({ALL.format(swapped=word)}, ' Ann ', 't1')" for word in ("false", "true"))
    told = script(f"report(study, [{both}])")
    assert told["tally"] == {name: {"A": 1, "B": 1} for name in QUESTIONS}
    assert [s["evaluator"] for s in told["sittings"]] == ["Ann", "Ann"] and (told["A"], told["B"]) == ("a.mp4", "b.mp4")


@pytest.mark.parametrize("text", ["null", "'[]'", "'{'", "'{\"sittings\": 3}'", "'7'"])
def test_what_a_browser_kept_wrongly_is_forgotten(script: Callable[[str], Any], text: str) -> None:
    assert script(f"readKept({text})") == {"sittings": [], "now": None}

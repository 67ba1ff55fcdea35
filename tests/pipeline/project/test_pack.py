"""A project goes through one file and back; a hostile file leaves nothing behind."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.project import pack, project_file, relink
from pipeline.project.project import Project
from renderer.errors import Refusal
from tests.app.takes import project_of_takes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project_of_takes(tmp_path / "p")
    for name in ("snapshot.safetensors", "checkpoint.pt", ".half.tmp"):
        (tmp_path / "p" / "runs" / "r1").mkdir(parents=True, exist_ok=True)
        (tmp_path / "p" / "runs" / "r1" / name).write_bytes(b"x" * 100)
    for place in ("street/ablation.md", "street/ablation.png", "street/runs/r9/ablation.md", "street/project.json"):
        path = tmp_path / "p" / "ablations" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("told")
    (tmp_path / "p" / "diary.txt").write_text("mine")
    return tmp_path / "p"


def test_there_and_back(folder: Path, tmp_path: Path) -> None:
    pack.pack(folder, tmp_path / "p.zip")
    pack.unpack(tmp_path / "p.zip", tmp_path / "again")
    files = {
        path.relative_to(tmp_path / "again").as_posix() for path in (tmp_path / "again").rglob("*") if path.is_file()
    }
    assert "runs/r1/snapshot.safetensors" in files
    told = {name for name in files if name.startswith("ablations/")}
    assert told == {"ablations/street/ablation.md", "ablations/street/ablation.png"}, "tables go along, lifts do not"
    assert not files & {"runs/r1/checkpoint.pt", "runs/r1/.half.tmp", "diary.txt", ".lock"}
    before, after = project_file.load(folder), project_file.load(tmp_path / "again")
    assert after.cut == before.cut and [t.clip.digest for t in after.takes] == [t.clip.digest for t in before.takes]
    assert all(Path(take.clip.path).is_file() for take in after.takes)


def test_a_packed_project_is_not_laid_into_itself_or_over_something(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="inside the project"):
        pack.pack(folder, folder / "p.zip")
    pack.pack(folder, tmp_path / "p.zip")
    with pytest.raises(Refusal, match="not empty"):
        pack.unpack(tmp_path / "p.zip", folder)


def _name(name: str) -> Callable[[zipfile.ZipFile], None]:
    return lambda archive: archive.writestr(name, b"x")


def _link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("takes/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc")


HOSTILE = {
    "up": _name("../evil"), "deep": _name("takes/../../evil"), "absolute": _name("/evil"),
    "drive": _name("takes/C:evil"),
    "backslash": _name("takes\\..\\evil"), "foreign": _name("setup.py"), "checkpoint": _name("runs/r/checkpoint.pt"),
    "twice": _name("PROJECT.JSON"), "link": _link,
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_are_refused_before_anything_is_written(tmp_path: Path, kind: str) -> None:
    project_file.save(tmp_path / "q", Project())
    pack.pack(tmp_path / "q", tmp_path / "q.zip")
    with zipfile.ZipFile(tmp_path / "q.zip", "a") as archive:
        HOSTILE[kind](archive)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Refusal, match="not opened"):
        pack.unpack(tmp_path / "q.zip", tmp_path / "out")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("content", [b"", b"PK", b"nothing at all"])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "q.zip").write_bytes(content)
    with pytest.raises(Refusal):
        pack.unpack(tmp_path / "q.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_project_in_a_zip_leaves_nothing(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "q.zip", "w") as archive:
        archive.writestr("project.json", "{")
    with pytest.raises(Refusal, match="damaged"):
        pack.unpack(tmp_path / "q.zip", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["q.zip"]


def test_a_zip_that_lies_about_its_size_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack.pack(folder, tmp_path / "p.zip")
    monkeypatch.setattr(pack, "MAX_BYTES", 50)
    with pytest.raises(Refusal, match="more than any project"):
        pack.unpack(tmp_path / "p.zip", tmp_path / "out")


def test_missing_videos_are_found_by_content(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="Nothing is missing"):
        relink.relink(folder, tmp_path)
    first, second = project_file.load(folder).takes
    Path(first.clip.path).unlink()
    Path(second.clip.path).rename(tmp_path / "sources" / Path(second.clip.path).name)
    (tmp_path / "sources" / "0.mkv").rename(tmp_path / "sources" / "renamed.mkv")
    (tmp_path / "sources" / "1.mkv").unlink()
    with pytest.raises(Refusal, match="None of the missing"):
        relink.relink(folder, folder / "runs")
    found = relink.relink(folder, tmp_path / "sources")
    assert {take.id for take in found} == {first.id, second.id}
    assert relink.missing(project_file.load(folder)) == []

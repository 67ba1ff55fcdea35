"""Workflows: marks are found and filled, known frames that are not there are taken out, wrong files are refused."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.generate.comfyui.workflow import parse, read
from pipeline.project.take import VideoRequest
from renderer.errors import Refusal

REQUEST = VideoRequest("reference", "a fox", n_frames=17, size=(96, 160), seed=7)


@pytest.fixture
def example(root: Path) -> Path:
    return root / "resources/comfyui/wan_vace.json"


@pytest.fixture
def data(example: Path) -> Any:
    return json.loads(example.read_text())


def test_the_example_says_what_it_can_do(example: Path) -> None:
    workflow = read(example)
    assert workflow.positions == "any" and workflow.lengths == (4, 1) and workflow.most_frames == 81
    assert workflow.multiple == 16 and workflow.result == "12" and workflow.title("9") == "Sampler"


def test_a_request_fills_what_is_marked_and_nothing_else(example: Path, data: Any) -> None:
    graph = read(example).filled(REQUEST, {"video": "x.png"})
    expected = copy.deepcopy(data)
    expected["4"]["inputs"]["text"] = "a fox"
    expected["6"]["inputs"]["image"] = "x.png"
    expected["7"]["inputs"] |= {"width": 160, "height": 96, "length": 17}
    expected["9"]["inputs"]["seed"] = 7
    assert graph == expected
    more = VideoRequest("reference", "a fox", "rain", n_frames=17, size=(96, 160), steps=9, guidance=3.5)
    inputs = {node: held["inputs"] for node, held in read(example).filled(more, {"video": "x.png"}).items()}
    assert (inputs["9"]["steps"], inputs["9"]["cfg"], inputs["5"]["text"]) == (9, 3.5, "rain")


def test_frames_that_are_not_known_are_taken_out_with_their_links(example: Path) -> None:
    graph = read(example).filled(REQUEST, {})
    assert "6" not in graph and not {"control_video", "control_masks"} & set(graph["7"]["inputs"])
    assert graph["7"]["inputs"]["vae"] == ["3", 0]


@pytest.mark.parametrize(
    ("title", "lengths", "most"),
    [
        ("splatime:frames", (1, 1), 81),
        ("splatime:frames:8k+1:97", (8, 1), 97),
        ("splatime:frames:8k", (8, 8), 81),
    ],
)
def test_a_title_says_which_lengths(data: Any, title: str, lengths: tuple[int, int], most: int) -> None:
    data["7"]["_meta"]["title"] = f"splatime:size {title}"
    workflow = parse(data, "w")
    assert (workflow.lengths, workflow.most_frames, workflow.multiple) == (lengths, most, 16)


def _renamed(node: str, title: str) -> Any:
    return lambda data: data[node]["_meta"].update(title=title)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_renamed("9", "Sampler"), "no node with splatime:seed"),
        (_renamed("12", "Frames"), "no node with splatime:result"),
        (_renamed("4", "splatime:prompts"), "none that is known"),
        (_renamed("7", "splatime:size splatime:frames:0k+1"), "none that is known"),
        (_renamed("7", "splatime:size splatime:frames:4k+1:99999"), "none that is known"),
        (_renamed("3", "splatime:prompt"), "no input of its own that is called text or"),
        (_renamed("11", "splatime:result"), "one splatime:result"),
        (_renamed("6", "splatime:image:last"), "image:first where it has a last"),
        (lambda data: data["4"]["inputs"].update(text=["2", 0]), "no input of its own"),
        (lambda data: data["7"]["inputs"].pop("width"), "width and height"),
        (lambda data: data.update(nodes=[], links=[]), r"Export \(API\) instead"),
        (lambda data: data.update({"13": "x"}), "no workflow of ComfyUI"),
        (lambda data: data.clear(), "no workflow of ComfyUI"),
    ],
)
def test_what_is_no_marked_workflow_is_refused(data: Any, change: Any, sentence: str) -> None:
    change(data)
    with pytest.raises(Refusal, match=sentence):
        parse(data, "w.json")


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    place = tmp_path / "w.json"
    with pytest.raises(Refusal, match="cannot be read"):
        read(place)
    for content, sentence in ((b"{", "no JSON"), (b"[" * 200_000, "no JSON"), (b" " * (2 << 20), "larger than")):
        place.write_bytes(content)
        with pytest.raises(Refusal, match=sentence):
            read(place)

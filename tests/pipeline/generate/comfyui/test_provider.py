"""The provider comfyui against a small server on loopback that speaks ComfyUI's API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.generate import adapters
from pipeline.generate.comfyui import provider as comfy
from pipeline.generate.comfyui.provider import ComfyProvider
from pipeline.generate.comfyui.server import Address
from pipeline.generate.provider import Known, Making
from pipeline.generate.registry import adjusted, find
from pipeline.project.take import VideoRequest
from renderer.errors import Refusal
from tests.fakes.comfyui_server import FakeComfy, serving, until
from tests.pipeline.generate.comfyui.test_pictures import bomb

SIZE = (32, 48)


@pytest.fixture
def server() -> Iterator[FakeComfy]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comfy, "TICK", 0.02)
    monkeypatch.setattr(comfy, "PATIENCE", 0.3)


@pytest.fixture
def wish(server: FakeComfy, root: Path) -> VideoRequest:
    options = {"workflow": str(root / "resources/comfyui/wan_vace.json"), "server": server.url}
    return VideoRequest(
        "reference", "a fox", provider="comfyui", n_frames=9, size=SIZE, fps=8.0, seed=5, steps=3, options=options
    )


def known_at(*positions: int, size: tuple[int, int] = SIZE) -> Known:
    frames = np.random.default_rng(1).integers(0, 256, (len(positions), *size, 3), np.uint8)
    return Known(frames, positions, (1.0,) * len(positions))


def made(wish: VideoRequest, known: Known | None = None) -> tuple[list[Making], adapters.Video]:
    """A wish as the job has it made: all that was told, and the video."""
    known = known or known_at()
    provider = adjusted(find("comfyui"), wish.options)
    asked = adapters.settled(wish, provider.ability, known)
    going, told = adapters.made(provider, asked, known), []
    while True:
        try:
            told.append(next(going))
        except StopIteration as over:
            return told, over.value


def other_workflow(tmp_path: Path, wish: VideoRequest, change: Any) -> VideoRequest:
    data = json.loads(Path(wish.options["workflow"]).read_text())
    change(data)
    place = tmp_path / "other.json"
    place.write_text(json.dumps(data))
    return replace(wish, options={**wish.options, "workflow": str(place)})


def test_a_video_from_words_with_progress_and_previews(server: FakeComfy, wish: VideoRequest) -> None:
    told, video = made(wish)
    assert np.array_equal(video.frames, server.frames(server.graphs[0])) and video.frames.shape == (9, *SIZE, 3)
    sampled = [step for step in told if step.stage == "Sampler" and step.steps == 3]
    assert {step.step for step in sampled} >= {1, 2, 3}
    assert any(step.preview is not None and step.preview.shape == (1, 18, 32, 3) for step in sampled)
    assert told[-1].stage == "fetching frames" and (told[-1].step, told[-1].steps) == (9, 9)
    inputs = {node: held["inputs"] for node, held in server.graphs[0].items()}
    assert (inputs["9"]["seed"], inputs["9"]["steps"], inputs["9"]["cfg"]) == (5, 3, 6.0)
    assert inputs["4"]["text"] == "a fox" and server.uploads == {}
    until(lambda: not server.sockets)


def test_the_same_seed_makes_the_same_frames(wish: VideoRequest) -> None:
    first, again, other = (made(replace(wish, seed=seed))[1].frames for seed in (5, 5, 6))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_provenance_is_all_that_is_needed_to_make_it_again(server: FakeComfy, wish: VideoRequest) -> None:
    told = made(wish)[1].provenance
    assert "unknown" in told["licence"] and "workflow" in told["licence"]
    piece = told["pieces"][0]
    assert piece["workflow"] == server.graphs[0] and piece["versions"]["comfyui_version"] == "0.3.75"
    assert len(piece["workflow_digest"]) == 32 and json.loads(json.dumps(told)) == told


def test_known_frames_go_up_and_come_back_bit_for_bit(server: FakeComfy, wish: VideoRequest) -> None:
    known = known_at(0, 2, 8)
    video = made(replace(wish, kind="reroll", context="dynamic"), known)[1]
    assert np.array_equal(video.frames[[0, 2, 8]], known.frames)
    pictures, masks = server.loaded(server.graphs[0]["6"]["inputs"]["image"])
    assert len(pictures) == 9 and np.array_equal(pictures[[0, 2, 8]], known.frames)
    assert masks.reshape(9, -1).mean(1).tolist() == [0, 1, 0, 1, 1, 1, 1, 1, 0]
    drifted = np.abs(video.frames[1].astype(int) - server.frames(server.graphs[0])[1])
    assert drifted.max() > 2  # colour was matched to what the known frames became


def test_lengths_and_sizes_are_those_that_the_workflow_takes(server: FakeComfy, wish: VideoRequest) -> None:
    video = made(replace(wish, n_frames=7, size=(30, 50)))[1]
    assert video.frames.shape == (7, 30, 50, 3)
    shape = server.graphs[0]["7"]["inputs"]
    assert (shape["length"], shape["width"], shape["height"]) == (9, 64, 32)


def first_and_last(data: Any, last: bool) -> None:
    shape = data["7"]["inputs"]
    del shape["control_video"], shape["control_masks"]
    data["7"]["class_type"] = "WanFirstLastFrameToVideo"
    data["6"]["_meta"]["title"] = "splatime:image:first"
    shape["start_image"] = ["6", 0]
    if last:
        data["61"] = {**data["6"], "_meta": {"title": "splatime:image:last"}}
        shape["end_image"] = ["61", 0]


@pytest.mark.parametrize("last", [False, True])
def test_workflows_of_first_and_last_frames(server: FakeComfy, wish: VideoRequest, tmp_path: Path, last: bool) -> None:
    wish = other_workflow(tmp_path, wish, lambda data: first_and_last(data, last))
    ability = adjusted(find("comfyui"), wish.options).ability
    assert ability.positions == ("ends" if last else "first")
    known = known_at(0, 8)
    video = made(replace(wish, kind="reroll"), known)[1]
    assert np.array_equal(video.frames[[0, 8]], known.frames)
    assert len(server.uploads) == (2 if last else 1)
    made(wish)
    assert not {"6", "61"} & set(server.graphs[-1])


def test_a_workflow_without_known_frames_makes_references_only(wish: VideoRequest, tmp_path: Path) -> None:
    wish = other_workflow(tmp_path, wish, lambda data: data["6"]["_meta"].update(title="Load Image"))
    ability = adjusted(find("comfyui"), wish.options).ability
    assert (ability.positions, ability.kinds) == ("none", ("reference",))


def test_without_a_workflow_it_says_what_it_needs() -> None:
    provider = adjusted(find("comfyui"), {})
    assert "Name a workflow" in provider.ability.needs
    with pytest.raises(Refusal, match="Name a workflow"):
        next(provider.generate(VideoRequest("reference", n_frames=9, size=SIZE), known_at()))


def test_a_stop_interrupts_what_runs(server: FakeComfy, wish: VideoRequest) -> None:
    server.step_seconds = 30.0
    going = ComfyProvider().generate(wish, known_at())
    while next(going).stage != "Sampler":
        pass
    going.close()
    until(lambda: server.running is None and not server.sockets)
    assert "/interrupt" in server.calls


def test_a_stop_leaves_what_others_run_alone(server: FakeComfy, wish: VideoRequest) -> None:
    server.step_seconds = 30.0
    graph = json.loads(Path(wish.options["workflow"]).read_text())
    del graph["6"]
    for name in ("control_video", "control_masks"):
        del graph["7"]["inputs"][name]
    others = server.queue(graph, "somebody")[1]["prompt_id"]
    until(lambda: server.running == others)
    going = ComfyProvider().generate(wish, known_at())
    assert "queue" in next(going).stage and len(server.pending) == 1
    going.close()
    assert server.pending == [] and server.running == others and "/interrupt" not in server.calls


def test_a_websocket_that_drops_is_opened_again(server: FakeComfy, wish: VideoRequest) -> None:
    server.drop_at, server.await_return = 1, True
    told, video = made(replace(wish, steps=8))
    assert server.calls.count("/ws") == 2 and video.frames.shape[0] == 9
    assert {step.step for step in told if step.stage == "Sampler" and step.steps == 8} >= set(range(2, 9))


def test_what_was_missed_stands_in_the_history(server: FakeComfy, wish: VideoRequest) -> None:
    server.drop_at, server.lost_end = 1, True
    assert made(wish)[1].frames.shape[0] == 9
    server.refuse_sockets = 1000
    assert made(replace(wish, seed=6))[1].frames.shape[0] == 9
    server.fail["VAEDecode"] = ("ValueError", "bad latent")
    with pytest.raises(Refusal, match="failed in Decode: bad latent"):
        made(replace(wish, seed=7))


@pytest.mark.parametrize("moment", ["before", "while"])
def test_a_server_that_is_gone(server: FakeComfy, wish: VideoRequest, moment: str) -> None:
    going = ComfyProvider().generate(wish, known_at())
    if moment == "while":
        server.step_seconds = 30.0
        while next(going).stage != "Sampler":
            pass
    server.close()
    with pytest.raises(Refusal, match=r"does not answer .*start it, or correct its address"):
        for _ in going:
            pass


def test_a_server_that_was_started_anew_knows_the_video_no_more(server: FakeComfy, wish: VideoRequest) -> None:
    server.forget = True
    with pytest.raises(Refusal, match="does not know the video any more"):
        made(wish)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (("ValueError", "shapes\n differ\x1b[31m"), r"failed in Sampler: shapes differ \[31m$"),
        (("torch.OutOfMemoryError", "CUDA"), "ran out of memory in Sampler; ask for fewer frames, or for smaller"),
    ],
)
def test_a_node_that_fails_says_so(
    server: FakeComfy, wish: VideoRequest, fault: tuple[str, str], sentence: str
) -> None:
    server.fail["KSampler"] = fault
    with pytest.raises(Refusal, match=sentence):
        made(wish)


def test_somebody_interrupts_it_on_the_server(server: FakeComfy, wish: VideoRequest) -> None:
    server.step_seconds = 30.0
    going = ComfyProvider().generate(wish, known_at())
    while next(going).stage != "Sampler":
        pass
    server.interrupted.set()
    with pytest.raises(Refusal, match="interrupted on the ComfyUI server"):
        for _ in going:
            pass


def test_a_workflow_that_the_server_does_not_take(server: FakeComfy, wish: VideoRequest, tmp_path: Path) -> None:
    def scaled(data: Any) -> None:
        data["65"] = {"class_type": "ImageScale", "inputs": {"image": ["6", 0]}}

    with pytest.raises(Refusal, match="does not take the workflow: ImageScale: Required input is missing: image"):
        made(other_workflow(tmp_path, wish, scaled))


def test_a_hostile_server_costs_nothing(server: FakeComfy, wish: VideoRequest) -> None:
    server.picture = bomb(48, 60_000)
    with pytest.raises(Refusal, match="48x60000 where 48x32"):
        made(wish)
    server.picture = bytes(20 << 20)
    with pytest.raises(Refusal, match="more than was asked for"):
        made(replace(wish, seed=6))
    server.picture = None
    rows: list[tuple[list[Any], str]] = [
        ([{"filename": "x.png"}] * 10**5, "100000 pictures where 9"),
        ([{"filename": 5}] * 9, "not what a ComfyUI server says"),
        ([{"filename": "../../etc/passwd", "type": "output"}] * 9, "answered 404"),
        ([7] * 9, "shows no pictures"),
    ]
    for seed, (answer, sentence) in enumerate(rows):
        server.rows = answer
        with pytest.raises(Refusal, match=sentence):
            made(replace(wish, seed=10 + seed))
    server.rows, server.claim = None, 1 << 40
    with pytest.raises(Refusal, match="more than was asked for"):
        made(replace(wish, seed=20))


def test_too_many_pictures(server: FakeComfy, wish: VideoRequest) -> None:
    server.extra_pictures = 2
    with pytest.raises(Refusal, match="made 11 pictures where 9 were asked for"):
        made(wish)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("http://127.0.0.1:8188", "http://127.0.0.1:8188"),
        ("localhost", "http://localhost:8188"),
        ("https://gpu.example/comfy/", "https://gpu.example:443/comfy"),
        ("[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_addresses(text: str, told: str) -> None:
    assert str(Address.parse(text)) == told
    assert Address.parse(text).socket("me") == told.replace("http", "ws") + "/ws?clientId=me"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ftp://x",
        "http://",
        "http://a b",
        "http://me:secret@x",
        "http://x:99999",
        "http://x/?a=b",
        "http://[",
        "x\r\ny",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="no address of a ComfyUI server"):
        Address.parse(text)


def test_a_silent_server_does_not_keep_a_stop_waiting(server: FakeComfy, wish: VideoRequest) -> None:
    server.step_seconds = 30.0
    going = ComfyProvider().generate(wish, known_at())
    while next(going).stage != "Sampler":
        pass
    heard = [next(going) for _ in range(3)]
    assert all(step.stage == "Sampler" for step in heard)
    going.close()

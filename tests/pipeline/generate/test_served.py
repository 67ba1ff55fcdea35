"""A latent model over a loopback connection: the same answers as in this process, and bad peers on either end."""

from __future__ import annotations

import dataclasses
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import torch

from pipeline.generate import priors, served
from pipeline.generate.provider import VideoRefiner
from pipeline.generate.served import REFINE, Served, Wish, asked
from pipeline.generate.served_refiner import ServedRefiner, packed, unpacked
from pipeline.generate.serving import PriorServer
from renderer.errors import Refusal
from tests.fakes.latent import LatentToy
from tests.fakes.servers import running

WISH = {"strength": 0.5, "steps": 3, "prompt": "a dog", "context": "dynamic", "seed": 7}
ABOUT = {"format": 1, "n_frames": 4, "size": [4, 6], "content": "toy 1"}


@pytest.fixture
def toy() -> LatentToy:
    return LatentToy()


@pytest.fixture
def address(toy: LatentToy) -> Iterator[str]:
    server = PriorServer(toy, "toy 1", "127.0.0.1", 0)
    with running(server):
        yield server.address


@pytest.fixture
def liar() -> Iterator[Callable[..., str]]:
    """Makes a server that answers with what it is told, and its address."""
    open_ones = ExitStack()

    def make(about: bytes, answer: bytes = b"") -> str:
        class Lies(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(about)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        server = HTTPServer(("127.0.0.1", 0), Lies)
        open_ones.enter_context(running(server))
        return f"http://127.0.0.1:{server.server_port}"

    with open_ones:
        yield make


def video(count: int = 1) -> torch.Tensor:
    return torch.rand(count, 3, 4, 4, 6, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_an_answer_is_the_same_bits_as_in_this_process(toy: LatentToy, address: str) -> None:
    remote = priors.load_prior(address, "cpu")
    assert isinstance(remote, VideoRefiner) and (remote.n_frames, remote.size) == (4, (4, 6))
    answer = remote.refine(video(2), **WISH)  # type: ignore[arg-type]
    assert [dataclasses.astuple(Wish(**WISH))] * 2 == toy.asked  # type: ignore[arg-type]
    alone = [LatentToy().refine(one[None], **WISH) for one in video(2)]  # type: ignore[arg-type]
    assert torch.equal(answer, torch.cat(alone))
    assert not torch.equal(answer, video(2))


def test_a_served_model_is_known_by_its_content_wherever_it_is_served(toy: LatentToy, address: str) -> None:
    name = asked(address)
    assert name == f"{address}#toy 1" and asked(name) == name
    assert priors.at_hand(name) and not priors.is_folder(name)
    with running(PriorServer(toy, "toy 1", "127.0.0.1", 0)):
        assert priors.content_of(name) == "toy 1"
    with pytest.raises(Refusal, match="serves another model now"):
        ServedRefiner(f"{address}#toy 2")


def test_nobody_there_is_told_with_what_to_do() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Refusal, match=r"doesn't answer .*serve-prior.*--resume"):
        ServedRefiner(f"http://127.0.0.1:{port}")


def test_a_server_that_goes_away_meanwhile_is_told(toy: LatentToy) -> None:
    server = PriorServer(toy, "toy 1", "127.0.0.1", 0)
    with running(server):
        remote = ServedRefiner(server.address)
    with pytest.raises(Refusal, match="doesn't answer"):
        remote.refine(video(), **WISH)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["http://", "http://host", "http://host:99999", "http://me@host:1", "http://h:1/x", "http://h:1?x"]
)
def test_what_is_no_address_is_refused(name: str) -> None:
    with pytest.raises(Refusal, match="no address of a video prior"):
        asked(name)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2}, {"n_frames": 1}, {"n_frames": 10**9}, {"n_frames": True}, {"size": [4]}, {"size": [4, 10**9]},
        {"size": "4x"}, {"content": ""}, {"content": 1}, {"content": "x" * 300},
    ],
)  # fmt: skip
def test_a_server_that_says_what_can_not_be_is_refused(liar: Callable[..., str], change: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="doesn't answer as a video prior"):
        ServedRefiner(liar(json.dumps({**ABOUT, **change}).encode()))


@pytest.mark.parametrize("about", [b"", b"<html>", b"[" * 100_000, b" " * (served.LONGEST_HEADER + 9), b"\xff"])
def test_a_server_that_speaks_something_else_is_refused(liar: Callable[..., str], about: bytes) -> None:
    with pytest.raises(Refusal, match="doesn't answer as a video prior"):
        ServedRefiner(liar(about))


def bodies() -> dict[str, bytes]:
    """Answers that are none, by name."""
    good = packed(video(), {})
    return {
        "nothing": b"",
        "cut": good[:-1],
        "long": good + bytes(Served.from_json(ABOUT).most_bytes),
        "header": (2**63).to_bytes(8, "little") + good[8:],
        "shape": packed(video()[:, :, :3], {}),
        "not finite": packed(video() * float("nan"), {}),
        "pickle": b"\x80\x04" + good,
    }


@pytest.mark.parametrize("what", sorted(bodies()))
def test_an_answer_that_is_no_video_is_refused(liar: Callable[..., str], what: str) -> None:
    remote = ServedRefiner(liar(json.dumps(ABOUT).encode(), bodies()[what]))
    with pytest.raises(Refusal, match="doesn't answer as a video prior"):
        remote.refine(video(), **WISH)  # type: ignore[arg-type]


def post(address: str, body: bytes, length: str | None = None) -> tuple[int, bytes]:
    line = http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)
    line.request("POST", REFINE, body, {} if length is None else {"Content-Length": length})
    answer = line.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize("what", sorted(set(bodies()) - {"nothing", "long"}))
def test_a_wish_that_is_none_reaches_no_model(toy: LatentToy, address: str, what: str) -> None:
    status, words = post(address, bodies()[what])
    assert status == 400 and words and not toy.asked


@pytest.mark.parametrize("length", ["0", str(10**12), "-5", "many", "9" * 5000])
def test_a_body_of_another_length_is_not_read(toy: LatentToy, address: str, length: str) -> None:
    assert post(address, b"", length)[0] == 413 and not toy.asked


@pytest.mark.parametrize(
    "change",
    [{"strength": 1.5}, {"strength": "x"}, {"steps": 0}, {"steps": 10**9}, {"seed": -1}, {"prompt": 3}, {"more": 1}],
)
def test_a_wish_that_can_not_be_meant_is_refused(toy: LatentToy, address: str, change: dict[str, Any]) -> None:
    status, _ = post(address, packed(video(), {**WISH, **change}))
    assert status == 400 and not toy.asked
    assert post(address, packed(video(), WISH))[0] == 200


def test_what_a_model_refuses_is_told_at_the_other_end(
    address: str, toy: LatentToy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> torch.Tensor:
        raise Refusal("The GPU has no memory left.")

    remote = ServedRefiner(address)
    monkeypatch.setattr(toy, "refine", refuse)
    with pytest.raises(Refusal, match="could not do it: The GPU has no memory left"):
        remote.refine(video(), **WISH)  # type: ignore[arg-type]


def test_a_body_comes_back_as_it_was() -> None:
    one, told = unpacked(packed(video(), WISH), (1, 3, 4, 4, 6))
    assert torch.equal(one, video()) and told == WISH


def test_a_place_that_can_not_be_listened_at_is_refused(toy: LatentToy, address: str) -> None:
    for port in (int(address.rsplit(":", 1)[1]), 70_000):
        with pytest.raises(Refusal, match="can't be listened at"):
            PriorServer(toy, "toy 1", "127.0.0.1", port)

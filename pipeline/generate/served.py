"""A latent model that another process or machine serves: its address, and what is said over HTTP. No torch.

`GET /prior` says what is served (`Served`); `POST /refine` takes a video with what is asked of it and gives the answer.
Videos are single safetensors tensors, so nothing is unpickled, and both sides know beforehand how long a body may be.
"""

from __future__ import annotations

import http.client
import json
import math
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from renderer.errors import Refusal

FORMAT = 1
ABOUT, REFINE = "/prior", "/refine"
MOST_FRAMES, MOST_SIDE, LONGEST_HEADER = 512, 4096, 1 << 16
SECONDS = {ABOUT: 5.0, REFINE: 3600.0}
"""How long an answer is waited for: a large model on a busy machine takes minutes."""


@dataclass(frozen=True)
class Served:
    """What a server has: the videos' shape, and a name for the model's content (`priors.content_of`)."""

    n_frames: int
    size: tuple[int, int]
    content: str

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the one video that is sent and answered: [1, 3, T, h, w]."""
        return (1, 3, self.n_frames, *self.size)

    @property
    def most_bytes(self) -> int:
        """Of a body with such a video in float32 and its header."""
        return 4 * math.prod(self.shape) + LONGEST_HEADER + 8

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, data: Any) -> Served:
        """What a server told; raises ValueError when it is not this."""
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError("it speaks another format")
        frames, size, content = data.get("n_frames"), data.get("size"), data.get("content")
        whole = [frames, *size] if isinstance(size, list) and len(size) == 2 else []
        if not whole or not all(type(n) is int for n in whole) or not isinstance(content, str) or not content:
            raise ValueError("it doesn't say what it serves")
        if (
            not 2 <= whole[0] <= MOST_FRAMES
            or not all(1 <= side <= MOST_SIDE for side in whole[1:])
            or len(content) > 256
        ):
            raise ValueError("its videos have impossible sizes")
        return cls(whole[0], (whole[1], whole[2]), content)


@dataclass(frozen=True)
class Wish:
    """What is asked of a video, as in `VideoRefiner.refine`."""

    strength: float
    steps: int
    prompt: str
    context: str
    seed: int

    @classmethod
    def from_json(cls, data: Any) -> Wish:
        """A wish from anywhere; raises ValueError for what can't be meant."""
        if not isinstance(data, dict) or set(data) != set(cls.__annotations__):
            raise ValueError("the wish is not complete")
        wish = cls(**data)
        texts, counts = (wish.prompt, wish.context), (wish.steps, wish.seed)
        if not all(isinstance(t, str) for t in texts) or not all(type(n) is int for n in counts):
            raise ValueError("the wish has values of other kinds")
        if not isinstance(wish.strength, int | float) or not 0.0 <= wish.strength <= 1.0:
            raise ValueError("the strength is not in [0, 1]")
        if not 1 <= wish.steps <= 1000 or not 0 <= wish.seed < 2**63:
            raise ValueError("steps or seed are out of range")
        return wish


def is_address(name: str) -> bool:
    """Whether a prior is named by where it is served: http://HOST:PORT, perhaps with #CONTENT behind."""
    return name.startswith("http://")


def asked(name: str) -> str:
    """The address with the content that is served there now. Raises `Refusal` when nobody answers as they should."""
    address, content = parts(name)
    return name if content else f"{address}#{about(address).content}"


def content_in(name: str) -> str:
    """The content that a name tells (`asked`), else the address itself; nobody is asked."""
    address, content = parts(name)
    return content or address


def about(address: str) -> Served:
    """What is served at an address. Raises `Refusal` when nobody answers as they should."""
    try:
        return Served.from_json(json.loads(exchange(address, ABOUT, LONGEST_HEADER)))
    except (ValueError, RecursionError) as fault:
        raise not_as_it_should(address, fault) from fault


def exchange(address: str, path: str, most: int, body: bytes | None = None) -> bytes:
    """One question and its answer of at most `most` bytes."""
    place = urlsplit(address)
    line = http.client.HTTPConnection(place.hostname or "", place.port, timeout=SECONDS[path])
    try:
        line.request("GET" if body is None else "POST", path, body)
        answer = line.getresponse()
        data = answer.read(most + 1)
    except (OSError, http.client.HTTPException) as fault:
        raise Refusal(
            f"The video prior at {address} doesn't answer ({fault or type(fault).__name__}); start it there with "
            "splatime serve-prior and go on with --resume."
        ) from fault
    finally:
        line.close()
    if answer.status != http.client.OK:
        words = " ".join(data[:300].decode("utf-8", "replace").split())
        raise Refusal(f"The video prior at {address} could not do it: {words or answer.reason}")
    if len(data) > most:
        raise ValueError("the answer is too long")
    return data


def parts(name: str) -> tuple[str, str]:
    """Address and content of a name; the content may be empty. Raises `Refusal` for what is no address."""
    try:
        place = urlsplit(name)
        if not place.hostname or not place.port or place.path not in ("", "/") or place.query or place.username:
            raise ValueError("it has other parts")
    except ValueError as fault:
        raise Refusal(f"{name} is no address of a video prior; it looks like http://127.0.0.1:8471.") from fault
    return f"http://{place.netloc}", place.fragment


def not_as_it_should(address: str, fault: Exception) -> Refusal:
    """For an answer that can't be used."""
    return Refusal(f"{address} doesn't answer as a video prior of Splatime does: {fault}.")

"""Serves a latent model to lifts on this or another machine: the other end of `served`.

One video is redone at a time, however many ask. It listens to this machine alone unless told otherwise, and knows
nothing of who asks: on a network that others use, it belongs behind an ssh tunnel.
"""

from __future__ import annotations

import json
import struct
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pipeline.generate.provider import VideoRefiner
from pipeline.generate.served import ABOUT, REFINE, Served, Wish
from pipeline.generate.served_refiner import packed, unpacked
from renderer.errors import Refusal

STALLED = 60.0
"""Seconds after which somebody who sends or takes nothing is hung up on."""


class PriorServer(ThreadingHTTPServer):
    """`model` at `host`:`port`; port 0 takes a free one. Use as a context manager, `serve_forever` to serve.

    Args:
        content: names the model, as `priors.content_of` does.
    """

    daemon_threads = True

    def __init__(self, model: VideoRefiner, content: str, host: str, port: int) -> None:
        self.model, self.turn, self.host = model, threading.Lock(), host
        self.served = Served(model.n_frames, model.size, content)
        try:
            super().__init__((host, port), _Answer)
        except (OSError, OverflowError) as fault:
            raise Refusal(f"{host}:{port} can't be listened at ({fault}); name another --host or --port.") from fault

    @property
    def address(self) -> str:
        """For `--prior` on this machine."""
        return f"http://{self.host}:{self.server_port}"

    def refined(self, body: bytes) -> bytes:
        """The answer to a body; raises ValueError when it is none of ours."""
        video, told = unpacked(body, self.served.shape)
        wish = Wish.from_json(told)
        with self.turn:
            answer = self.model.refine(video, wish.strength, wish.steps, wish.prompt, wish.context, wish.seed)
        return packed(answer, {})


class _Answer(BaseHTTPRequestHandler):
    server: PriorServer
    timeout = STALLED

    def do_GET(self) -> None:
        if self.path != ABOUT:
            return self._say(HTTPStatus.NOT_FOUND, b"there is nothing here")
        return self._say(HTTPStatus.OK, json.dumps(self.server.served.to_json()).encode())

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != REFINE:
            return self._say(HTTPStatus.NOT_FOUND, b"there is nothing here")
        if (
            len(length) > 12
            or not length.isascii()
            or not length.isdecimal()
            or not 0 < int(length) <= self.server.served.most_bytes
        ):
            return self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"the video is not as long as it must be")
        try:
            return self._say(HTTPStatus.OK, self.server.refined(self.rfile.read(int(length))))
        except (ValueError, struct.error) as fault:
            return self._say(HTTPStatus.BAD_REQUEST, str(fault).encode())
        except (Refusal, MemoryError, RuntimeError) as fault:
            return self._say(HTTPStatus.INTERNAL_SERVER_ERROR, str(fault).encode())

    def _say(self, status: HTTPStatus, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing: prompts are nobody's business, and the verb has its own words."""

"""Hearing what a ComfyUI server tells of a job: its websocket, opened again when it drops, and `Happening`s of it.

Binary messages are a kind (1: a preview), a picture format and the picture, both numbers big-endian uint32; the others
are JSON with a type and data. What is too long, damaged or of another job is passed over.
"""

from __future__ import annotations

import json
import struct
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from pipeline.generate.comfyui import pictures
from pipeline.generate.comfyui.server import Address
from pipeline.generate.provider import Frames

MOST_MESSAGE = 16 << 20
OPENING, CLOSING = 5.0, 1.0
PREVIEW = 1


@dataclass(frozen=True, eq=False)
class Happening:
    """`kind` is the type of a message, "preview", "silence" (nothing came) or "deaf" (the websocket is down)."""

    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    picture: Frames | None = None


class Ear:
    """The websocket of one client of a server. As a context it is closed at the end."""

    def __init__(self, address: Address, client: str) -> None:
        self._address = address.socket(client)
        self._link: ClientConnection | None = None
        self._closing = ExitStack()

    def __enter__(self) -> Ear:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def hear(self, seconds: float) -> Happening:
        """The next thing, waiting `seconds` for it. A dropped websocket is told, and opened again on the next call."""
        if self._link is None:
            self._open()
        if self._link is None:
            return Happening("deaf")
        try:
            message = self._link.recv(timeout=seconds)
        except TimeoutError:
            return Happening("silence")
        except (OSError, WebSocketException):
            self._close()
            return Happening("deaf")
        return _read(message)

    def _open(self) -> None:
        with suppress(OSError, WebSocketException):
            link = connect(
                self._address, max_size=MOST_MESSAGE, compression=None, proxy=None, open_timeout=OPENING,
                close_timeout=CLOSING,
            )  # fmt: skip
            self._link = self._closing.enter_context(link)

    def _close(self) -> None:
        self._link = None
        with suppress(OSError, WebSocketException):
            self._closing.close()


def _read(message: str | bytes) -> Happening:
    if isinstance(message, bytes):
        whole = len(message) > 8 and struct.unpack(">I", message[:4])[0] == PREVIEW
        return Happening("preview", picture=pictures.preview(message[8:]) if whole else None)
    try:
        told = json.loads(message)
    except (ValueError, RecursionError):
        told = None
    data = told.get("data") if isinstance(told, dict) else None
    kind = told.get("type") if isinstance(told, dict) else None
    return Happening(str(kind)[:60], data if isinstance(data, dict) else {})

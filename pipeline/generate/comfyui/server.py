"""A running ComfyUI server as it is spoken to by HTTP: pictures up, workflows queued, results down, jobs taken back.

Only the address that the artist gave is talked to: no proxy, no redirect. The server is not trusted: every answer has
a longest length, its JSON is looked at before it is used, and its file names are only ever sent back to it.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from pipeline.generate.comfyui.workflow import Graph
from renderer.errors import Refusal

TIMEOUT = 30.0
"""Seconds without a byte until the server counts as gone."""
JSON, MOST_JSON = "application/json", 32 << 20
_TICKET = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Gone(Refusal):
    """The server does not answer; it may come back."""


@dataclass(frozen=True)
class Address:
    """Where a server is; `base` is what stands before its paths, "" or "/comfy"."""

    host: str
    port: int
    secure: bool
    base: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """From `http://127.0.0.1:8188`. Raises `Refusal` for what is no such address."""
        try:
            parts = urlsplit(text.strip() if "//" in text else f"http://{text.strip()}")
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        plain = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
        if not plain or parts.username is not None or re.search(r"[\s\x00-\x1f]", text.strip()):
            raise Refusal(f"{text[:200]!r} is no address of a ComfyUI server; give one like http://127.0.0.1:8188.")
        secure = parts.scheme == "https"
        return cls(str(parts.hostname), port or (443 if secure else 8188), secure, quote(parts.path.rstrip("/")))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}{self.base}"

    def socket(self, client: str) -> str:
        """The address of the websocket of a client."""
        return f"{str(self).replace('http', 'ws', 1)}/ws?{urlencode({'clientId': client})}"


@dataclass(frozen=True)
class State:
    """Where a job is on the server: "pending", "running", "over" (then `entry` is its history) or "unknown"."""

    name: str
    entry: Mapping[str, Any] | None = None


class Server:
    """One server. Every method raises `Gone` when it does not answer and `Refusal` for what it refuses or garbles."""

    def __init__(self, address: Address) -> None:
        self.address = address

    def upload(self, picture: bytes) -> str:
        """Put a PNG among the server's inputs, named by its content; what a LoadImage node calls it."""
        name = f"splatime-{hashlib.blake2b(picture, digest_size=16).hexdigest()}.png"
        edge = hashlib.blake2b(picture, digest_size=16, person=b"edge").hexdigest()
        head = f'Content-Disposition: form-data; name="image"; filename="{name}"\r\nContent-Type: image/png'
        fields = (
            f'--{edge}\r\nContent-Disposition: form-data; name="overwrite"\r\n\r\ntrue\r\n--{edge}\r\n{head}\r\n\r\n'
        )
        body = fields.encode() + picture + f"\r\n--{edge}--\r\n".encode()
        told = self._json("POST", "/upload/image", body, f"multipart/form-data; boundary={edge}")
        kept, folder = told.get("name"), told.get("subfolder", "")
        if not isinstance(kept, str) or not isinstance(folder, str) or not kept:
            raise self._garbled("/upload/image")
        return f"{folder}/{kept}" if folder else kept

    def queue(self, graph: Graph, client: str) -> str:
        """Queue a workflow; the id of the job. Raises `Refusal` with the server's words when it is not valid."""
        told = self._json("POST", "/prompt", _encoded({"prompt": graph, "client_id": client}))
        ticket = told.get("prompt_id")
        if not isinstance(ticket, str) or not _TICKET.fullmatch(ticket):
            raise self._garbled("/prompt")
        return ticket

    def state(self, ticket: str) -> State:
        """Where a job is. The queue is asked first: a job that leaves it is in the history by then."""
        told = self._json("GET", "/queue")
        for key, name in (("queue_running", "running"), ("queue_pending", "pending")):
            if any(isinstance(row, list) and len(row) > 1 and row[1] == ticket for row in _list(told.get(key))):
                return State(name)
        entry = self._json("GET", f"/history/{ticket}").get(ticket)
        return State("over", entry) if isinstance(entry, dict) else State("unknown")

    def view(self, row: Mapping[str, Any], most: int) -> bytes:
        """The file that a row of the history names; it may have `most` bytes."""
        named = {key: row.get(key, "") for key in ("filename", "subfolder", "type")}
        if not all(isinstance(value, str) and len(value) < 1000 for value in named.values()):
            raise self._garbled("/history")
        return self._answer("GET", f"/view?{urlencode(named)}", None, "", most)

    def cancel(self, ticket: str) -> None:
        """Take a job back: out of the queue, or interrupted where it is the one that runs."""
        self._answer("POST", "/queue", _encoded({"delete": [ticket]}))
        # Older servers interrupt whatever runs, so it is asked first whether that is ours.
        if self.state(ticket).name == "running":
            self._answer("POST", "/interrupt", _encoded({"prompt_id": ticket}))

    def versions(self) -> dict[str, str]:
        """What the server says of itself, for provenance."""
        system = self._json("GET", "/system_stats").get("system")
        told = system if isinstance(system, dict) else {}
        return {key: str(told[key])[:80] for key in ("comfyui_version", "pytorch_version") if key in told}

    def _json(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> dict[str, Any]:
        try:
            data = json.loads(self._answer(method, path, body, kind))
        except (ValueError, RecursionError) as fault:
            raise self._garbled(path) from fault
        if not isinstance(data, dict):
            raise self._garbled(path)
        return data

    def _answer(
        self, method: str, path: str, body: bytes | None = None, kind: str = JSON, most: int = MOST_JSON
    ) -> bytes:
        maker = http.client.HTTPSConnection if self.address.secure else http.client.HTTPConnection
        link = maker(self.address.host, self.address.port, timeout=TIMEOUT)
        try:
            link.request(method, self.address.base + path, body, {"Content-Type": kind} if body is not None else {})
            answer = link.getresponse()
            data = _read(answer, most)
        except (OSError, http.client.HTTPException) as fault:
            raise Gone(
                f"The ComfyUI server at {self.address} does not answer ({_words(fault)}); start it, or correct its "
                "address."
            ) from fault
        finally:
            link.close()
        if data is None:
            raise Refusal(f"The ComfyUI server at {self.address} sent more than was asked for ({path[:60]}).")
        if answer.status != http.client.OK:
            raise Refusal(self._refused(answer.status, path, data))
        return data

    def _refused(self, status: int, path: str, data: bytes) -> str:
        """A sentence of an answer that is none: which input of which node is wrong, where the server says so."""
        try:
            told = json.loads(data)
        except (ValueError, RecursionError):
            told = None
        words = _complaint(told) if isinstance(told, dict) else ""
        if words:
            return f"The ComfyUI server does not take the workflow: {words}"
        return f"The ComfyUI server at {self.address} answered {status} to {path[:40]}; is it a ComfyUI server?"

    def _garbled(self, path: str) -> Refusal:
        return Refusal(f"What {self.address} answers to {path[:40]} is not what a ComfyUI server says.")


def one_line(text: object, most: int = 300) -> str:
    """Words of a server as part of a sentence."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)[: 4 * most]).split())[:most]


def _complaint(told: Mapping[str, Any]) -> str:
    """What /prompt complains of: the first node's first fault, else the whole's."""
    nodes = told.get("node_errors")
    for node in nodes.values() if isinstance(nodes, dict) else ():
        faults = _list(node.get("errors")) if isinstance(node, dict) else []
        for fault in faults[:1]:
            if isinstance(fault, dict):
                said = f"{fault.get('message', '')}: {fault.get('details', '')}"
                return f"{one_line(node.get('class_type', 'a node'), 60)}: {one_line(said)}"
    error = told.get("error")
    return one_line(error.get("message", "")) if isinstance(error, dict) else one_line(error or "")


def _read(answer: http.client.HTTPResponse, most: int) -> bytes | None:
    """The body; None when it is longer than `most`, which is known before it is held."""
    if (answer.length or 0) > most:
        return None
    held = bytearray()
    while piece := answer.read(1 << 16):
        held += piece
        if len(held) > most:
            return None
    return bytes(held)


def _encoded(data: object) -> bytes:
    return json.dumps(data).encode()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _words(fault: Exception) -> str:
    return one_line(getattr(fault, "strerror", None) or fault or type(fault).__name__, 100)

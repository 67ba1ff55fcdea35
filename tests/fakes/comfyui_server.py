"""A small ComfyUI server on loopback: its HTTP paths, its queue and its websocket, for workflows of a few node classes.

It runs what it is given as ComfyUI does: checks required inputs and files, sends `executing`, `progress`, previews and
the end, keeps a history, can be interrupted. Frames come from seed, words and the picture that was loaded, and drift a
little as latent models' do. Faults come on demand, by attributes.
"""

from __future__ import annotations

import hashlib
import json
import struct
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image, ImageSequence
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

REQUIRED = {
    "WanVaceToVideo": ("width", "height", "length", "positive", "negative", "vae"),
    "WanFirstLastFrameToVideo": ("width", "height", "length", "positive", "negative", "vae"),
    "KSampler": ("seed", "steps", "cfg", "model", "positive", "negative", "latent_image"),
    "ImageScale": ("image",),
    "PreviewImage": ("images",),
}


class FakeComfy:
    """The server's state. `url` is its address; `calls` are the paths that were asked, in order."""

    def __init__(self) -> None:
        self.uploads: dict[str, bytes] = {}
        self.files: dict[str, bytes] = {}
        self.graphs: list[dict[str, Any]] = []
        self.pending: list[tuple[str, dict[str, Any], str]] = []
        self.running: str | None = None
        self.history: dict[str, Any] = {}
        self.calls: list[str] = []
        self.sockets: dict[str, Listener] = {}
        self.interrupted = threading.Event()
        # Faults: a node class that fails and with which exception; a step at which all websockets drop; and more.
        self.fail: dict[str, tuple[str, str]] = {}
        self.drop_at = -1
        self.await_return = False
        self.refuse_sockets = 0
        self.step_seconds = 0.0
        self.extra_pictures = 0
        self.picture: bytes | None = None
        self.rows: list[dict[str, Any]] | None = None
        self.forget = False
        self.claim = 0
        self.lost_end = False
        self._wake = threading.Condition()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._over = False
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._http_loop, self._work)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop everything; whoever is connected finds it gone."""
        self._http.shutdown()
        self._http.server_close()
        self.drop()
        self._over = True
        self.interrupted.set()
        with self._wake:
            self._wake.notify_all()
        for thread in self._threads:
            thread.join(10)

    def drop(self) -> None:
        """Cut all websockets without a farewell."""
        for listener in list(self.sockets.values()):
            listener.cut()
        self.sockets.clear()

    def queue(self, graph: dict[str, Any], client: str) -> tuple[int, dict[str, Any]]:
        faults = {node: fault for node in graph if (fault := self._fault(graph, node))}
        if faults:
            error = {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation"}
            return 400, {"error": error, "node_errors": faults}
        self.graphs.append(graph)
        ticket = str(uuid.uuid4())
        with self._wake:
            self.pending.append((ticket, graph, client))
            self._wake.notify_all()
        return 200, {"prompt_id": ticket, "number": len(self.graphs), "node_errors": {}}

    def queue_rows(self) -> dict[str, Any]:
        running = [[0, self.running, {}, {}, []]] if self.running else []
        return {"queue_running": running, "queue_pending": [[1, row[0], row[1], {}, []] for row in self.pending]}

    def delete(self, tickets: list[str]) -> None:
        self.pending = [row for row in self.pending if row[0] not in tickets]

    def _fault(self, graph: dict[str, Any], node: str) -> dict[str, Any] | None:
        held = graph[node]
        kind, inputs = held["class_type"], held["inputs"]
        missing = [name for name in REQUIRED.get(kind, ()) if name not in inputs]
        errors = [{"message": "Required input is missing", "details": name} for name in missing]
        if kind == "LoadImage" and inputs["image"] not in self.uploads:
            errors.append({"message": "Custom validation failed for node", "details": "Invalid image file"})
        return {"errors": errors, "class_type": kind, "dependent_outputs": []} if errors else None

    def _http_loop(self) -> None:
        self._http.serve_forever(0.02)

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self.pending or self._over)
                if self._over:
                    return
                ticket, graph, client = self.pending.pop(0)
                self.running = ticket
            self.interrupted.clear()
            self._run(ticket, graph, client)

    def _run(self, ticket: str, graph: dict[str, Any], client: str) -> None:
        messages: list[list[Any]] = []

        def tell(kind: str, **data: Any) -> None:
            messages.append([kind, {"prompt_id": ticket, **data}])
            self.tell(client, kind, prompt_id=ticket, **data)

        tell("execution_start")
        outputs, status = {}, "success"
        for node, held in graph.items():
            kind = held["class_type"]
            self.tell(client, "executing", node=node, prompt_id=ticket)
            if kind in self.fail:
                exception, words = self.fail[kind]
                tell("execution_error", node_id=node, node_type=kind, exception_type=exception, exception_message=words)
                status = "error"
                break
            if kind == "KSampler" and not self._sample(client, ticket, held["inputs"]["steps"]):
                tell("execution_interrupted", node_id=node, node_type=kind, executed=[])
                status = "error"
                break
            if kind == "PreviewImage":
                outputs[node] = {"images": self._pictures(graph, ticket)}
        with self._wake:
            self.running = None
            if not self.forget:
                self.history[ticket] = {
                    "outputs": outputs,
                    "status": {"status_str": status, "completed": status == "success", "messages": messages},
                }
        if status == "success" and not self.lost_end:
            self.tell(client, "executing", node=None, prompt_id=ticket)

    def _sample(self, client: str, ticket: str, steps: int) -> bool:
        for step in range(steps):
            if step == self.drop_at:
                self.drop()
                if self.await_return:
                    until(lambda: client in self.sockets)
            self.interrupted.wait(self.step_seconds)
            if self.interrupted.is_set():
                return False
            self.tell(client, "progress", value=step + 1, max=steps, prompt_id=ticket, node="9")
            stored = BytesIO()
            Image.new("RGB", (32, 18), (step, 90, 30)).save(stored, "PNG")
            self.send(client, struct.pack(">II", 1, 2) + stored.getvalue())
        return True

    def _pictures(self, graph: dict[str, Any], ticket: str) -> list[dict[str, Any]]:
        rows = []
        for index, frame in enumerate(self.frames(graph)):
            stored = BytesIO()
            Image.fromarray(frame).save(stored, "PNG")
            self.files[f"{ticket}_{index}.png"] = self.picture or stored.getvalue()
            rows.append({"filename": f"{ticket}_{index}.png", "subfolder": "", "type": "temp"})
        rows += rows[:1] * self.extra_pictures
        return rows if self.rows is None else self.rows

    def frames(self, graph: dict[str, Any]) -> Any:
        """[T, H, W, 3] of a graph: a ground from seed and words, known frames over it, and drift."""
        by_class = {held["class_type"]: held["inputs"] for held in graph.values()}
        shape = next(inputs for inputs in by_class.values() if "length" in inputs)
        words = next((held["inputs"]["text"] for held in graph.values() if "text" in held["inputs"]), "")
        seed = by_class["KSampler"]["seed"]
        ground = hashlib.blake2b(f"{words}/{seed}".encode(), digest_size=3).digest()
        count, height, width = shape["length"], shape["height"], shape["width"]
        frames = np.empty((count, height, width, 3), np.float32)
        frames[:] = np.frombuffer(ground, np.uint8) // 2 + 40
        for index in range(count):
            frames[index, :, index % width] = 200
        if "control_video" in shape:
            pictures, masks = self.loaded(graph[shape["control_video"][0]]["inputs"]["image"])
            frames = np.where(masks[..., None] > 0.5, frames, pictures)
        for name, at in (("start_image", 0), ("end_image", -1)):
            if name in shape:
                frames[at] = self.loaded(graph[shape[name][0]]["inputs"]["image"])[0][0]
        return np.clip(np.rint(frames * 1.04 - 3), 0, 255).astype(np.uint8)

    def loaded(self, name: str) -> tuple[Any, Any]:
        """What ComfyUI's LoadImage makes of an upload: pictures [T, H, W, 3], and masks of what is transparent."""
        pictures, masks = [], []
        for frame in ImageSequence.Iterator(Image.open(BytesIO(self.uploads[name]))):
            pictures.append(np.asarray(frame.convert("RGB"), np.float32))
            alpha = frame.getchannel("A") if "A" in frame.getbands() else Image.new("L", frame.size, 255)
            masks.append(1 - np.asarray(alpha, np.float32) / 255)
        return np.stack(pictures), np.stack(masks)

    def tell(self, client: str, kind: str, **data: Any) -> None:
        self.send(client, json.dumps({"type": kind, "data": data}))

    def send(self, client: str, message: str | bytes) -> None:
        listener = self.sockets.get(client)
        if listener is not None:
            listener.send(message)


class Listener:
    """One websocket, its frames by the websockets library."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._socket, self._protocol, self._lock = handler.connection, ServerProtocol(), threading.Lock()
        head = "".join(f"{name}: {value}\r\n" for name, value in handler.headers.items())
        self._protocol.receive_data(f"{handler.requestline}\r\n{head}\r\n".encode())
        (request,) = self._protocol.events_received()
        assert isinstance(request, Request)
        self._protocol.send_response(self._protocol.accept(request))
        self._flush()

    def send(self, message: str | bytes) -> None:
        with self._lock:
            if self._protocol.state is not State.OPEN:
                return
            if isinstance(message, str):
                self._protocol.send_text(message.encode())
            else:
                self._protocol.send_binary(message)
            self._flush()

    def serve(self) -> None:
        """Until the other side closes, or this one is cut."""
        while True:
            try:
                data = self._socket.recv(4096)
            except OSError:
                return
            with self._lock:
                self._protocol.receive_data(data) if data else self._protocol.receive_eof()
                self._flush()
                over = self._protocol.close_expected()
            if over or not data:
                return

    def cut(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(2)

    def _flush(self) -> None:
        try:
            for data in self._protocol.data_to_send():
                if data:
                    self._socket.sendall(data)
                else:
                    self._socket.shutdown(1)
        except OSError:
            return


def _handler(comfy: FakeComfy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_words: Any) -> None:
            return

        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
            comfy.calls.append(path)
            if path == "/ws":
                self._listen(query["clientId"][0])
            elif path == "/queue":
                self._json(comfy.queue_rows())
            elif path.startswith("/history/"):
                ticket = path.removeprefix("/history/")
                self._json({ticket: comfy.history[ticket]} if ticket in comfy.history else {})
            elif path == "/view":
                self._view(query["filename"][0])
            elif path == "/system_stats":
                self._json({"system": {"comfyui_version": "0.3.75", "pytorch_version": "2.9.0"}, "devices": []})
            else:
                self._json({}, 404)

        def do_POST(self) -> None:
            comfy.calls.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/upload/image":
                head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
                parts = list(message_from_bytes(head + body).walk())
                image = next(part for part in parts if part.get_param("name", header="content-disposition") == "image")
                name, data = str(image.get_filename()), image.get_payload(decode=True)
                assert isinstance(data, bytes)
                comfy.uploads[name] = data
                self._json({"name": name, "subfolder": "", "type": "input"})
                return
            told = json.loads(body)
            if self.path == "/prompt":
                status, answer = comfy.queue(told["prompt"], told["client_id"])
                self._json(answer, status)
            elif self.path == "/queue":
                comfy.delete(told["delete"])
                self._json({})
            elif self.path == "/interrupt":
                comfy.interrupted.set()
                self._json({})

        def _listen(self, client: str) -> None:
            self.close_connection = True
            if comfy.refuse_sockets > 0:
                comfy.refuse_sockets -= 1
                self._json({}, 503)
                return
            listener = Listener(self)
            comfy.sockets[client] = listener
            comfy.tell(client, "status", status={"exec_info": {"queue_remaining": 0}}, sid=client)
            listener.serve()
            if comfy.sockets.get(client) is listener:
                del comfy.sockets[client]

        def _view(self, name: str) -> None:
            if name not in comfy.files:
                self._json({}, 404)
                return
            self._send(comfy.files[name], "image/png")

        def _json(self, data: Any, status: int = 200) -> None:
            self._send(json.dumps(data).encode(), "application/json", status)

        def _send(self, data: bytes, kind: str, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(comfy.claim or len(data)))
            self.end_headers()
            with suppress(ConnectionError):  # a client that has seen enough hangs up
                self.wfile.write(data)

    return Handler


@contextmanager
def serving() -> Iterator[FakeComfy]:
    """A server for the length of a test."""
    comfy = FakeComfy()
    try:
        yield comfy
    finally:
        comfy.close()


def until(true: Any, seconds: float = 20.0) -> None:
    """Wait for something to become true; fails when it does not."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)

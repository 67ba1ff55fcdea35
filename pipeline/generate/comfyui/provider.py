"""The provider `comfyui`: videos from a workflow on a running ComfyUI server, which the artist names by its address.

The workflow says by marks in its titles what it takes (see `workflow`). Known frames go up as PNG, the workflow is
queued, its websocket tells progress and previews, its history names the frames, which come down as PNG. Closing the
generator takes the job out of the server's queue or interrupts it. A websocket that drops is opened again; what was
missed meanwhile stands in the history.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.generate.comfyui import pictures
from pipeline.generate.comfyui.listening import Ear, Happening
from pipeline.generate.comfyui.server import Address, Gone, Server, State, one_line
from pipeline.generate.comfyui.workflow import Workflow, read
from pipeline.generate.options import Option, checked
from pipeline.generate.provider import Ability, Frames, Known, Made, Making, VideoProvider
from pipeline.project.take import KINDS, VideoRequest
from renderer.errors import Refusal

OPTIONS = (
    Option("workflow", "Workflow", "file", "Exported in API format, its inputs marked by titles"),
    Option("server", "Server", "address", "Where ComfyUI runs", "http://127.0.0.1:8188"),
)
ABILITY = Ability(
    "comfyui", "ComfyUI", KINDS, max_frames=81, multiple=16, licence="unknown: that of the models in the workflow",
    options=OPTIONS, needs="Name a workflow: exported from ComfyUI in API format, with its inputs marked.",
)  # fmt: skip
PATIENCE = 60.0
"""Seconds for which a server may not answer, or not know the job, before the video is given up."""
FAILURES = ("execution_error", "execution_interrupted")
TICK = 0.5
"""Seconds between looks at the queue while nothing is heard; a stop waits as long."""


class ComfyProvider:
    """See the module; `Adjustable`: a workflow says what it takes."""

    def __init__(self, ability: Ability = ABILITY) -> None:
        self.ability = ability

    def adjusted(self, options: Mapping[str, Any]) -> VideoProvider:
        """What the workflow of the options can make; the server is not asked. Raises `Refusal` for a wrong one."""
        given = checked(ABILITY.title, OPTIONS, options)
        Address.parse(given["server"])
        return ComfyProvider(_able(read(Path(given["workflow"])))) if given["workflow"] else self

    def generate(self, request: VideoRequest, known: Known) -> Generator[Making, None, Made]:
        """Have the server make it; seed, size, frames and words are filled in where the workflow marks them."""
        options = checked(ABILITY.title, OPTIONS, request.options)
        if not options["workflow"]:
            raise Refusal(ABILITY.needs)
        workflow = read(Path(options["workflow"]))
        server = Server(Address.parse(options["server"]))
        versions = server.versions()
        graph = workflow.filled(request, _uploaded(server, workflow, known, request.n_frames))
        client = uuid.uuid4().hex
        with Ear(server.address, client) as ear:
            ticket = server.queue(graph, client)
            entry: Mapping[str, Any] | None = None
            try:
                entry = yield from _watched(server, ear, ticket, workflow)
            finally:
                if entry is None:
                    with contextlib.suppress(Refusal):
                        server.cancel(ticket)
        frames = yield from _fetched(server, entry, workflow, request)
        told = {"model": "comfyui", "workflow": graph, "workflow_digest": workflow.digest, "versions": versions}
        return Made(frames, {**told, "licence": ABILITY.licence})


def _able(workflow: Workflow) -> Ability:
    kinds = ("reference",) if workflow.positions == "none" else KINDS
    return replace(
        ABILITY, kinds=kinds, positions=workflow.positions, lengths=workflow.lengths, max_frames=workflow.most_frames,
        multiple=workflow.multiple, text="prompt" in workflow.marks, needs="",
    )  # fmt: skip


def _uploaded(server: Server, workflow: Workflow, known: Known, n_frames: int) -> dict[str, str]:
    """The known frames on the server, by the marks that take them. Raises `Refusal` for frames that none takes."""
    if not known.positions:
        return {}
    if "video" in workflow.marks:
        return {"video": server.upload(pictures.animated(known, n_frames))}
    takers = {0: "image:first", n_frames - 1: "image:last"}
    if not all(takers.get(position) in workflow.marks for position in known.positions):
        raise Refusal("The workflow takes no frames there; mark a node with splatime:video, or use fewer frames.")
    return {
        takers[position]: server.upload(pictures.png(frame))
        for position, frame in zip(known.positions, known.frames, strict=True)
    }


def _watched(server: Server, ear: Ear, ticket: str, workflow: Workflow) -> Generator[Making, None, Mapping[str, Any]]:
    """Until the job is over; its entry in the history. Raises `Refusal` when it failed, or the server is gone."""
    where, heard = Making(0, 1, stage="waiting in the queue of ComfyUI"), time.monotonic()
    while True:
        happening = ear.hear(TICK)
        if happening.data.get("prompt_id", ticket) == ticket:
            where = _after(happening, where, workflow)
        done = happening.kind == "executing" and happening.data.get("node") is None
        if done or happening.kind in ("silence", "deaf", "execution_success"):
            try:
                state = server.state(ticket)
            except Gone:
                state = State("unknown")
            if state.entry is not None:
                return _good(state.entry, workflow)
            if state.name == "unknown" and time.monotonic() - heard > PATIENCE:
                raise _lost(server)
            heard = heard if state.name == "unknown" else time.monotonic()
        if happening.kind == "deaf":
            time.sleep(TICK)
        yield where


def _after(happening: Happening, where: Making, workflow: Workflow) -> Making:
    """Where the job is after something was heard; a node's progress begins anew. Raises `Refusal` for a failure."""
    data = happening.data
    if happening.kind == "preview":
        return where if happening.picture is None else replace(where, preview=happening.picture)
    if happening.kind == "executing" and isinstance(data.get("node"), str):
        return Making(0, 1, where.preview, workflow.title(data["node"]))
    if happening.kind == "progress":
        step, steps = data.get("value"), data.get("max")
        if isinstance(step, int) and isinstance(steps, int) and 0 <= step <= steps <= 1 << 20 and steps:
            return replace(where, step=step, steps=steps)
    if happening.kind in FAILURES:
        raise _failed(happening.kind, data, workflow)
    return where


def _good(entry: Mapping[str, Any], workflow: Workflow) -> Mapping[str, Any]:
    """An entry of the history, unless it tells of a failure: then that `Refusal`."""
    status = entry.get("status")
    if isinstance(status, dict) and status.get("status_str") == "error":
        messages = status.get("messages")
        for message in messages if isinstance(messages, list) else ():
            if not (isinstance(message, list) and len(message) == 2 and isinstance(message[1], dict)):
                continue
            if message[0] in FAILURES:
                raise _failed(message[0], message[1], workflow)
        raise Refusal("The workflow failed on the ComfyUI server, which does not say why; look at its log.")
    return entry


def _failed(kind: str, data: Mapping[str, Any], workflow: Workflow) -> Refusal:
    if kind == "execution_interrupted":
        return Refusal("The video was interrupted on the ComfyUI server; make it again.")
    node = workflow.title(str(data.get("node_id", "")))
    if "OutOfMemory" in str(data.get("exception_type", "")):
        return Refusal(
            f"The ComfyUI server ran out of memory in {one_line(node, 60)}; ask for fewer frames, or for smaller ones."
        )
    return Refusal(f"The workflow failed in {one_line(node, 60)}: {one_line(data.get('exception_message', ''))}")


def _lost(server: Server) -> Refusal:
    try:
        server.versions()
    except Gone as fault:
        return fault
    return Refusal(
        f"The ComfyUI server at {server.address} does not know the video any more, it was started anew or emptied its "
        "queue; make the video again."
    )


def _fetched(
    server: Server, entry: Mapping[str, Any], workflow: Workflow, request: VideoRequest
) -> Generator[Making, None, Frames]:
    """The frames that the marked node shows, counted before one is asked for and measured before it is decoded."""
    outputs = entry.get("outputs")
    shown = outputs.get(workflow.result) if isinstance(outputs, dict) else None
    rows = shown.get("images") if isinstance(shown, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refusal(f"The node {workflow.title(workflow.result)} shows no pictures; mark one that does.")
    count, size = request.n_frames, request.size
    if len(rows) != count:
        raise Refusal(
            f"The workflow made {len(rows)} pictures where {count} were asked for; mark the node that takes their "
            "number, and say which numbers it takes, such as splatime:frames:4k+1."
        )
    frames = np.zeros((count, *size, 3), np.uint8)
    for index, row in enumerate(rows):
        frames[index] = pictures.decoded(server.view(row, pictures.most_bytes(size)), size)
        yield Making(index + 1, count, stage="fetching frames")
    return frames

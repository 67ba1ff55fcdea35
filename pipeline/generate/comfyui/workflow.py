"""A ComfyUI workflow whose inputs are marked, as a form that a request fills.

A workflow is the JSON that ComfyUI's "Export (API)" writes: nodes by id, each with a class, inputs and a title. Marks
are words of a title, so an artist sets them by renaming nodes; a title may carry several. Of each mark's node the first
of these inputs is set:

    splatime:prompt, splatime:negative   text, prompt, string, value
    splatime:seed                        seed, noise_seed, value
    splatime:steps                       steps, value
    splatime:guidance                    cfg, guidance, value
    splatime:fps                         fps, frame_rate, value
    splatime:size[:MULTIPLE]             width and height; MULTIPLE px (16) divides both
    splatime:frames[:AK+B[:MOST]]        length, num_frames, frames, video_frames, batch_size, value; 4k+1 frames, at
                                         most MOST (81) in one go
    splatime:image:first, :last          image: a known first or last frame
    splatime:video                       image: all frames in one animated PNG, see `pictures.animated`
    splatime:result                      the node that shows or saves the frames, one picture each

Seed, size, frames and result must be there. A node for known frames that a request does not have is taken out, with
the links from it, so it must feed inputs that are optional. The rest stays as the workflow says.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.project.take import VideoRequest
from renderer.errors import Refusal

PREFIX = "splatime:"
INPUTS: dict[str, tuple[str, ...]] = {
    "prompt": ("text", "prompt", "string", "value"),
    "negative": ("text", "prompt", "string", "value"),
    "seed": ("seed", "noise_seed", "value"),
    "steps": ("steps", "value"),
    "guidance": ("cfg", "guidance", "value"),
    "fps": ("fps", "frame_rate", "value"),
    "size": ("width", "height"),
    "frames": ("length", "num_frames", "frames", "video_frames", "batch_size", "value"),
    "image:first": ("image",),
    "image:last": ("image",),
    "video": ("image",),
    "result": (),
}
PICTURES = ("image:first", "image:last", "video")
NEEDED = ("seed", "size", "frames", "result")
MULTIPLE, MOST_FRAMES = 16, 81
_MOST_BYTES, _MOST_NODES = 1 << 20, 2000
_LENGTHS = re.compile(r"([1-9]\d{0,2})?k(?:\+(\d{1,3}))?")

Graph = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Workflow:
    """A marked workflow.

    Attributes:
        graph: nodes by id, as /prompt takes them; marks: ids of the nodes of each mark; digest: of the file.
        lengths, most_frames, multiple: see `pipeline.generate.provider.Ability`.
    """

    graph: Graph
    marks: Mapping[str, tuple[str, ...]]
    digest: str
    lengths: tuple[int, int] = (1, 1)
    most_frames: int = MOST_FRAMES
    multiple: int = MULTIPLE

    @property
    def positions(self) -> str:
        """Where known frames may stand, as an `Ability` says it."""
        if "video" in self.marks:
            return "any"
        if "image:first" not in self.marks:
            return "none"
        return "ends" if "image:last" in self.marks else "first"

    @property
    def result(self) -> str:
        """The id of the node that shows the frames."""
        return self.marks["result"][0]

    def title(self, node: str) -> str:
        """What to call a node: its title without marks, else its class."""
        held = self.graph.get(node, {})
        words = [word for word in _title(held).split() if not word.startswith(PREFIX)]
        return " ".join(words)[:60] or str(held.get("class_type", node))[:60]

    def filled(self, request: VideoRequest, pictures: Mapping[str, str]) -> Graph:
        """The graph of a request; `pictures` names the uploaded file of each of the marks in `PICTURES` that is used.

        Steps, guidance and the negative prompt stay the workflow's own where the request says nothing.
        """
        graph = copy.deepcopy(self.graph)
        values: dict[str, Any] = {
            "prompt": request.prompt, "negative": request.negative_prompt or None, "seed": request.seed,
            "steps": request.steps or None, "guidance": request.guidance or None, "fps": request.fps or None,
            "frames": request.n_frames, **pictures,
        }  # fmt: skip
        for mark, nodes in self.marks.items():
            for node in nodes:
                if mark == "size":
                    height, width = request.size
                    graph[node]["inputs"] |= {"width": width, "height": height}
                elif values.get(mark) is not None:
                    graph[node]["inputs"][_input_of(graph[node], mark)] = values[mark]
                elif mark in PICTURES:
                    _take_out(graph, node)
        return graph


def read(path: Path) -> Workflow:
    """The workflow of a file. Raises `Refusal` when it is none, or when its marks are wrong or missing."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise Refusal(f"{path} is larger than a workflow of ComfyUI is; choose the file that it exported.")
        raw = path.read_bytes()
        data = json.loads(raw)
    except OSError as fault:
        raise Refusal(
            f"The workflow {path} cannot be read ({fault.strerror or fault}); choose another file."
        ) from fault
    except (ValueError, RecursionError) as fault:
        raise Refusal(f"{path} is no JSON; choose a workflow that ComfyUI exported in API format.") from fault
    return parse(data, str(path), hashlib.blake2b(raw, digest_size=16).hexdigest())


def parse(data: Any, name: str, digest: str = "") -> Workflow:
    """A workflow from its JSON data; `name` is said in the sentences of a `Refusal`."""
    if isinstance(data, dict) and "nodes" in data and "links" in data:
        raise Refusal(f"{name} is a workflow as the editor saves it; export it by Workflow > Export (API) instead.")
    whole = isinstance(data, dict) and 0 < len(data) <= _MOST_NODES and all(map(_is_node, data.values()))
    if not whole:
        raise Refusal(f"{name} is no workflow of ComfyUI in API format; export it by Workflow > Export (API).")
    marks: dict[str, tuple[str, ...]] = {}
    figures: dict[str, Any] = {}
    for node, held in data.items():
        for word in _title(held).split():
            if word.startswith(PREFIX):
                mark = _mark(word, name, figures)
                if mark != "result":
                    _input_of(held, mark, name)
                marks[mark] = (*marks.get(mark, ()), node)
    missing = [mark for mark in NEEDED if mark not in marks]
    if missing:
        raise Refusal(
            f"{name} has no node with {PREFIX}{missing[0]} in its title; rename the node that takes it, or shows it."
        )
    if len(marks["result"]) > 1 or ("image:last" in marks and "image:first" not in marks):
        raise Refusal(f"{name} must have one {PREFIX}result, and an {PREFIX}image:first where it has a last one.")
    return Workflow(data, marks, digest, **figures)


def _mark(word: str, name: str, figures: dict[str, Any]) -> str:
    """The mark of a title's word; what it says of lengths and sizes goes into `figures`."""
    mark = word.removeprefix(PREFIX)
    head, _, rest = mark.partition(":")
    if head == "size" and rest.isdecimal() and 1 <= int(rest) <= 256:
        figures["multiple"] = int(rest)
        return head
    if head == "frames" and rest:
        lengths, _, most = rest.partition(":")
        found = _LENGTHS.fullmatch(lengths.lower())
        if found and (not most or (most.isdecimal() and 1 <= int(most) <= 1000)):
            figures["lengths"] = int(found[1] or 1), int(found[2] or 0) or int(found[1] or 1)
            figures |= {"most_frames": int(most)} if most else {}
            return head
    if mark in INPUTS:
        return mark
    raise Refusal(f"The mark {word[:60]!r} in {name} is none that is known; they are: {', '.join(INPUTS)}.")


def _input_of(node: Mapping[str, Any], mark: str, name: str = "") -> str:
    """The input of a node that a mark sets; a linked one is not taken, because its value is made elsewhere."""
    free = [key for key in INPUTS[mark] if key in node["inputs"] and not isinstance(node["inputs"][key], list)]
    if not free or (mark == "size" and len(free) < 2):
        names = " and ".join(INPUTS[mark]) if mark == "size" else " or ".join(INPUTS[mark])
        raise Refusal(f"The node {_title(node)[:60]!r} of {name} has no input of its own that is called {names}.")
    return free[0]


def _take_out(graph: Graph, node: str) -> None:
    """Without a node, and without the links from it."""
    graph.pop(node, None)
    for held in graph.values():
        held["inputs"] = {key: value for key, value in held["inputs"].items() if not _links(value, node)}


def _links(value: Any, node: str) -> bool:
    return isinstance(value, list) and len(value) == 2 and str(value[0]) == node


def _is_node(node: Any) -> bool:
    return isinstance(node, dict) and isinstance(node.get("class_type"), str) and isinstance(node.get("inputs"), dict)


def _title(node: Mapping[str, Any]) -> str:
    meta = node.get("_meta")
    return str(meta.get("title", ""))[:1000] if isinstance(meta, dict) else ""

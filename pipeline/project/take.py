"""A take: one video that came into a project, with the whole request that made it.

Nothing is ever overwritten: a re-roll is a new take with a parent and another seed. A video that a person
brought is a take too; its provider is "file".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.project.clip import Clip

KINDS = ("reference", "freeze_time", "extend", "reroll")


@dataclass(frozen=True)
class KnownFrame:
    """A frame that a new video must show: source frame `frame` of `take`, at `position`.

    `strength`: how far a model may stray from it while it works, 1 not at all; the finished take shows it exactly.
    """

    position: int
    take: str
    frame: int
    strength: float = 1.0


@dataclass(frozen=True)
class VideoRequest:
    """Everything that a provider is told.

    Attributes:
        kind: one of `KINDS`.
        prompt, negative_prompt: what to show, and what not to.
        provider: who makes the video; "file" for one that was brought.
        context: the dataset context of section 3.2, "dynamic" or "freeze_time"; empty: none.
        sources: ids of the takes that it goes on from; known: their frames that stay as they are.
        n_frames, fps, size: of the new video, (height, width) px; 0 where the provider chooses.
        seed, steps, guidance: of the sampler; 0 where there is none.
        options: what only this provider understands, such as the folder of its weights; plain JSON data.
    """

    kind: str
    prompt: str = ""
    negative_prompt: str = ""
    provider: str = "file"
    context: str = ""
    sources: tuple[str, ...] = ()
    known: tuple[KnownFrame, ...] = ()
    n_frames: int = 0
    fps: float = 0.0
    size: tuple[int, int] = (0, 0)
    seed: int = 0
    steps: int = 0
    guidance: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"a take is one of {', '.join(KINDS)}, not {self.kind!r}")

    @property
    def role(self) -> str:
        """What its video is good for, "reference" or "freeze_time": a re-roll or extension stays what it was."""
        again = self.kind in ("extend", "reroll") and self.context == "dynamic"
        return "reference" if self.kind == "reference" or again else "freeze_time"


@dataclass(frozen=True)
class Take:
    """One video of the project; `id` is unique in it, `parent` the id of the take that this one re-rolls.

    `name` is for people: the name of the file that was brought, without its suffix. `provenance` is all that its
    provider told about making it (laid out by `pipeline.generate.adapters`); empty for one that was brought.
    """

    id: str
    request: VideoRequest
    clip: Clip
    parent: str | None = None
    name: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict, hash=False)
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def title(self) -> str:
        """What to call it: its name, else what it shows, else its id."""
        return self.name or self.request.prompt or self.id

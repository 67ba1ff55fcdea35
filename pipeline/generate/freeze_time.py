"""Recipes: what to ask of a provider for each thing that an artist wants (section 3.2). Pure: requests, no pixels.

A reference video comes from words; a freeze-time video from one frame of it; a re-roll is the same video with some
frames unknown; frames in between are unknown frames that were not there; a variation is the same request with another
seed. All of them are known frames, a seed and a prompt. Extending the orbit is `pipeline.generate.sweep`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pipeline.project.take import KnownFrame, Take, VideoRequest
from renderer.errors import Refusal

CONTEXTS = {"reference": "dynamic", "freeze_time": "freeze_time"}
"""The dataset contexts of section 3.2; providers that know none pass them over."""


def reference(wish: VideoRequest) -> VideoRequest:
    """A reference video from words alone."""
    return replace(wish, kind="reference", context=CONTEXTS["reference"])


def freeze_time(wish: VideoRequest, take: Take, frame: int) -> VideoRequest:
    """A freeze-time video that begins at source frame `frame` of a reference take.

    Raises `Refusal` for a frame that the take does not have.
    """
    _check(take, (frame,))
    known = (KnownFrame(0, take.id, frame),)
    return replace(_at(wish, take), kind="freeze_time", context=CONTEXTS["freeze_time"], known=known)


def reroll(wish: VideoRequest, take: Take, free: Collection[int]) -> VideoRequest:
    """The same video with the frames `free` made anew; all others are known, so the neighbours hold them.

    Raises `Refusal` when there is nothing to make, or for frames that the take does not have.
    """
    _check(take, free)
    if not free:
        raise Refusal("Every frame is locked, so there is nothing to make anew; unlock some.")
    known = tuple(KnownFrame(i, take.id, i) for i in range(take.clip.n_frames) if i not in free)
    asked = _again(wish, take, "reroll")
    return replace(asked, known=known, n_frames=take.clip.n_frames)


def in_between(wish: VideoRequest, take: Take, count: int, spans: Collection[int]) -> VideoRequest:
    """`count` new frames between each of the frames `spans` and the one after it; all frames of the take are known.

    The rate rises where every gap is filled, so that the video lasts as long as before.
    """
    gaps = {i for i in spans if 0 <= i < take.clip.n_frames - 1}
    if count < 1 or not gaps:
        raise Refusal("Say how many frames are to come between which; the last frame has none after it.")
    position, known = 0, []
    for i in range(take.clip.n_frames):
        known.append(KnownFrame(position, take.id, i))
        position += 1 + (count if i in gaps else 0)
    asked = _again(wish, take, "reroll")
    every = len(gaps) == take.clip.n_frames - 1
    fps = take.clip.fps * (count + 1) if every else take.clip.fps
    return replace(asked, known=tuple(known), n_frames=position, fps=min(fps, 240.0))


def variation(take: Take, seed: int) -> VideoRequest:
    """The request of a take with another seed; raises `Refusal` for a video that was brought."""
    if take.request.provider == "file":
        raise Refusal(f"{take.title} was brought, not generated, so there is nothing to vary; re-roll its frames.")
    return replace(take.request, seed=seed, n_frames=take.clip.n_frames)


def extension(wish: VideoRequest, take: Take) -> VideoRequest:
    """What is common to every step of an extension of a take: half known, half new frames, a camera that goes on."""
    return _again(wish, take, "extend")


def _again(wish: VideoRequest, take: Take, kind: str) -> VideoRequest:
    """A request for another video of what the take shows; what the wish leaves open is as in the take."""
    told = take.request
    return replace(
        _at(wish, take),
        kind=kind,
        context=CONTEXTS[told.role],
        prompt=wish.prompt or told.prompt,
        negative_prompt=wish.negative_prompt or told.negative_prompt,
    )


def _at(wish: VideoRequest, take: Take) -> VideoRequest:
    """The wish at the size of the take that it goes on from, and at its rate."""
    size = take.clip.size
    if all(wish.size) and wish.size != size:
        a, b = wish.size, size
        raise Refusal(
            f"Its frames stay as they are, so the new video is {b[1]}x{b[0]} and cannot be {a[1]}x{a[0]}; "
            "leave the size out."
        )
    return replace(wish, size=size, fps=wish.fps or take.clip.fps, sources=(take.id,))


def _check(take: Take, frames: Collection[int]) -> None:
    beyond = [frame for frame in frames if not 0 <= frame < take.clip.n_frames]
    if beyond:
        raise Refusal(
            f"{take.title} has {take.clip.n_frames} frames, so there is no frame {min(beyond)}; "
            f"choose from 0 to {take.clip.n_frames - 1}."
        )

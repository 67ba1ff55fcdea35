"""Which goes of a provider make a wanted video: pure index arithmetic, no pixels.

A wanted video of n frames, of which some are known, becomes pieces that an `Ability` can make: lengths of 4k+1, known
frames at the first place only, at most 16 frames in one go. Later pieces know frames that earlier ones made; where
there is room for it half of a piece is known and half is new, as in section 3.2.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pipeline.generate.provider import Ability
from renderer.errors import Refusal


@dataclass(frozen=True)
class Piece:
    """One go of the provider.

    Attributes:
        frames: frames of the wanted video that it holds, a range, rising.
        length: frames that the provider makes; those that no place names are thrown away.
        places: for each of `frames`, where it stands in the video that is made; falling when it is made backward.
        known: those of `frames` that are given; new: those that are wanted of it.
    """

    frames: range
    length: int
    places: tuple[int, ...]
    known: tuple[int, ...]
    new: tuple[int, ...]

    def place(self, frame: int) -> int:
        """Where a frame of the wanted video stands in the video that is made."""
        return self.places[frame - self.frames.start]


def pieces(n_frames: int, known: Collection[int], ability: Ability) -> tuple[Piece, ...]:
    """The pieces, in the order in which they are made; every frame that is not known is new in exactly one.

    Raises `Refusal` for known frames, or a length, that the provider cannot have.
    """
    done = set(known)
    if done and not (0 <= min(done) and max(done) < n_frames):
        raise ValueError("known frames stand inside the video")
    if done and ability.positions == "none":
        raise Refusal(f"{ability.title} makes videos from words alone; choose a provider that goes on from frames.")
    if n_frames > ability.longest and (ability.positions == "none" or ability.longest < 2):
        raise Refusal(f"{ability.title} makes {ability.longest} frames at most; ask for fewer.")
    step = _anywhere if ability.positions == "any" else _at_the_ends
    made = []
    while len(done) < n_frames:
        made.append(step(n_frames, done, ability))
        done |= set(made[-1].new)
    return tuple(made)


def _anywhere(n_frames: int, done: set[int], ability: Ability) -> Piece:
    """The next piece of a provider that takes known frames anywhere."""
    if n_frames <= ability.longest:
        return _piece(range(n_frames), done, ability)
    first, stop = _gap(n_frames, done)
    room = ability.longest
    if not done:
        start = 0
    elif stop - first <= room // 2:
        start = first - (room - (stop - first)) // 2
    elif first > 0:
        start = first - room // 2
    else:
        start = stop - room // 2
    start = max(0, min(start, n_frames - room))
    return _piece(range(start, start + room), done, ability)


def _at_the_ends(n_frames: int, done: set[int], ability: Ability) -> Piece:
    """The next piece of a provider that takes a known frame at the first place, or one at each end."""
    first, stop = _gap(n_frames, done)
    before, after = first > 0, stop < n_frames
    room = ability.longest
    both = before and after and ability.positions == "ends" and stop - first + 2 <= room
    if both:
        return _piece(range(first - 1, stop + 1), done, ability, stretched=True)
    if before or not after:
        start = first - 1 if before else first
        return _piece(range(start, min(stop, start + room)), done, ability)
    return _piece(range(max(0, stop + 1 - room), stop + 1), done, ability, backward=True)


def _gap(n_frames: int, done: set[int]) -> tuple[int, int]:
    """[first, stop) of the unknown frames to make next: those after a known frame, else those before the first one."""
    first = next((i for i in range(1, n_frames) if i - 1 in done and i not in done), 0)
    stop = next((i for i in range(first, n_frames) if i in done), n_frames)
    return first, stop


def _piece(
    frames: range, done: set[int], ability: Ability, *, backward: bool = False, stretched: bool = False
) -> Piece:
    """`stretched`: both ends are given, so surplus frames lie between; otherwise they follow the last one."""
    count = len(frames)
    length = ability.fits(count)
    spread = (length - 1) / (count - 1) if stretched else 1.0
    places = tuple(round(i * spread) for i in range(count))
    if backward:
        places = places[::-1]
    known = tuple(frame for frame in frames if frame in done)
    return Piece(frames, length, places, known, tuple(frame for frame in frames if frame not in done))

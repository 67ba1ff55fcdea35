"""What a person or a preset may say about solving cameras; nothing here knows COLMAP's option names.

The numbers suit 16 to 60 frames of 256 to 512 pixels. All of them enter the digest of a solution, so a
change solves again.
"""

from __future__ import annotations

from dataclasses import dataclass

RUNGS = ("quick", "careful", "learned", "flow", "global", "orbit")
"""The ladder from bottom to top; what each is stands in `ladder.py`."""


@dataclass(frozen=True)
class PoseSettings:
    """How cameras are solved.

    Attributes:
        rungs: which of `RUNGS` are climbed, in this order, until one is good.
        per_frame_focal: each frame has its own focal length, for a camera that zooms.
        fields_of_view: horizontal degrees; COLMAP maps the frames once with each of them held fixed. On small
            generated frames a free focal length runs to 5 degrees or collapses before it has seen enough frames.
        prior_fov: where an undecided focal length settles, degrees.
        fov_limits: no solution outside is taken, degrees.
        max_side: larger frames are reduced to this many px before they are solved.
        max_features: SIFT features per frame.
        peak_threshold: SIFT contrast threshold; COLMAP's 0.0067 leaves a smooth 256x144 frame with too few.
        min_frames: fewer frames than this are refused.
        min_registered: the share of frames that COLMAP must place; the rest is interpolated between neighbours.
        min_motion: median motion of matched features below this share of the image width is a still camera.
        max_flatness: a camera only turns or zooms, or sees one plane, when a single homography explains more than this
            share of the matches of the most moving pairs; an orbit around a scene stays below 0.8,
            a camera that turns on the spot above 0.93.
        min_angle: median triangulation angle in degrees below which a camera only turned or zoomed.
        threads: of COLMAP.
        seed: the same input and seed give the same poses at a fixed number of threads.
    """

    rungs: tuple[str, ...] = ("careful", "learned", "flow", "global", "orbit")
    per_frame_focal: bool = False
    fields_of_view: tuple[float, ...] = (25.0, 35.0, 50.0, 70.0)
    prior_fov: float = 45.0
    fov_limits: tuple[float, float] = (20.0, 110.0)
    max_side: int = 1024
    max_features: int = 2000
    peak_threshold: float = 0.002
    min_frames: int = 4
    min_registered: float = 0.6
    min_motion: float = 0.004
    max_flatness: float = 0.9
    min_angle: float = 0.7
    threads: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.rungs or not set(self.rungs) <= set(RUNGS):
            raise ValueError(f"rungs are among {RUNGS}, got {self.rungs}")

    @classmethod
    def quick(cls) -> PoseSettings:
        """An answer in seconds, from plain SIFT alone; good enough to look at, and often to lift."""
        return cls(rungs=("quick",))

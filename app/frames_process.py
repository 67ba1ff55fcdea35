"""The process that decodes videos for the window: requests in on stdin, arrays out as files.

Separate, so that a hostile video can only take this process down, and a long one never holds up the window. Run as
`python -P -m app.frames_process`. One JSON object a line each way, one request at a time; the end of stdin ends it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pipeline.project import media, strip_writer
from pipeline.project.canonical import closest_pair
from renderer.errors import Refusal

MATCH_SIDE = 256  # px, as the lift matches


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do one request; what can't be done is a fault with its sentence."""
    try:
        if request["op"] == "match":
            return {"pair": _match(request)}
        video = Path(request["video"])
        if request["op"] == "coverage":
            return {"coverage": _coverage(request)}
        if request["op"] == "check":
            return {"check": _check(video, request["frames"])}
        target = Path(request["target"])
        if request["op"] == "strip":
            strip_writer.make_strip(video, target)
        else:
            strip_writer.make_full(video, target, int(request["max_size"]))
    except (Refusal, OSError) as fault:
        return {"fault": str(fault)}
    return {}


def _match(request: dict[str, Any]) -> list[int]:
    """The source frames of least difference of two trimmed videos."""
    frames = [request["reference_frames"], request["freeze_time_frames"]]
    videos = [request["reference"], request["freeze_time"]]
    a, b = (media.read_frames(video, some, MATCH_SIDE) for video, some in zip(videos, frames, strict=True))
    i, j = closest_pair(a, b)
    return [frames[0][i], frames[1][j]]


def _coverage(request: dict[str, Any]) -> dict[str, Any]:
    """How far the camera goes around on either side of a frame."""
    from pipeline.jobs.coverage import coverage  # OpenCV, which only this request needs

    frames = media.read_frames(request["video"])
    return coverage(frames, int(request["canonical"]), Path(request["poses"])).to_json()


def _check(video: Path, frames: list[int]) -> dict[str, Any]:
    """What the used frames of a video are worth."""
    from pipeline.jobs.look import look  # OpenCV, which only this request needs

    return look(video, frames).to_json()


def main() -> int:
    """Serve until stdin ends."""
    for line in sys.stdin:
        request = json.loads(line)
        sys.stdout.write(json.dumps({"number": request["number"], **answer(request)}) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The process that draws for a window without OpenGL: requests in on stdin, pictures out through a shared file.

Separate, so that numba's compiler and a large scene never hold up the window. Run as
`python -P -m app.tile_process PICTURE_FILE`. One JSON object a line each way; the window has at most one
view under way, so pictures never overlap. The end of stdin ends it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from renderer.camera import Camera
from renderer.errors import Refusal
from renderer.gl.moment import Mode, Moment
from renderer.snapshot import Posed, Snapshot


class TileServer:
    """Answers requests about one scene."""

    def __init__(self, picture: Path) -> None:
        self._picture = picture
        self._snapshot: Snapshot | None = None
        self._posed: tuple[Moment, Posed] | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do one request; a `Refusal` becomes a fault for the window to show."""
        try:
            if request["op"] == "scene":
                self._snapshot, self._posed = Snapshot.load(Path(request["path"])), None
                return {"op": "scene"}
            return self._draw(request)
        except Refusal as refusal:
            return {"op": "fault", "of": request["op"], "text": str(refusal)}

    def _draw(self, request: dict[str, Any]) -> dict[str, Any]:
        from renderer.tiles.render import render

        if self._snapshot is None:
            raise Refusal("There is no scene to draw; open the project again.")
        started = time.perf_counter()
        moment = Moment(Mode(request["mode"]), float(request["position"]))
        if self._posed is None or self._posed[0] != moment:
            self._posed = moment, moment.posed(self._snapshot)
        camera = Camera.from_json(request["camera"])
        red, green, blue = (float(value) for value in request["background"])
        rgb = render(self._posed[1], camera, (red, green, blue)).rgb
        height, width = camera.size
        shown = np.memmap(self._picture, np.uint8, "r+", shape=(height, width, 4))
        shown[..., :3] = rgb[..., ::-1]  # Qt's RGB32 is blue first in memory
        shown[..., 3] = 255
        spent = 1000.0 * (time.perf_counter() - started)
        return {"op": "picture", "size": [height, width], "ms": spent, "number": request["number"]}


def main() -> int:
    """Serve until stdin ends."""
    from renderer.tiles.render import warm

    server = TileServer(Path(sys.argv[1]))
    warm()  # compiles, some 12 s once for each user; later it is read from a cache
    _say({"op": "ready"})
    for line in sys.stdin:
        _say(server.answer(json.loads(line)))
    return 0


def _say(reply: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

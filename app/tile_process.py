"""The process that draws for a window without OpenGL: requests in on stdin, pictures out through a shared file.

Separate, so that numba's compiler and a large scene never hold up the window. Run as
`python -P -m app.tile_process PICTURE_FILE`. One JSON object a line each way; the window has at most one
view under way, so pictures never overlap. The end of stdin ends it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from renderer.camera import Camera
from renderer.errors import Refusal
from renderer.gl.moment import Mode, Moment
from renderer.look import Look
from renderer.snapshot import Snapshot

if TYPE_CHECKING:
    from renderer.tiles.scene import TileScene


class TileServer:
    """Answers requests about one scene."""

    def __init__(self, picture: Path) -> None:
        self._pixels = np.memmap(picture, np.uint8, "r+")
        self._scene: TileScene | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do one request; a `Refusal` becomes a fault for the window to show."""
        try:
            if request["op"] == "scene":
                return self._take(Path(request["path"]))
            return self._draw(request)
        except Refusal as refusal:
            return {"op": "fault", "of": request["op"], "text": str(refusal)}

    def _take(self, path: Path) -> dict[str, Any]:
        from renderer.tiles.scene import TileScene

        self._scene = TileScene(Snapshot.load(path))
        return {"op": "scene"}

    def _draw(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._scene is None:
            raise Refusal("There is no scene to draw; open the project again.")
        camera = Camera.from_json(request["camera"])
        height, width = camera.size
        red, green, blue = (float(value) for value in request["background"])
        shown = np.asarray(self._pixels[: height * width * 4]).reshape(height, width, 4)
        cost = self._scene.draw(
            camera, Moment(Mode(request["mode"]), float(request["position"])), (red, green, blue), shown,
            Look.from_json(request["look"]), float(request["share"]),
        )  # fmt: skip
        return {
            "op": "picture", "size": [height, width], "number": request["number"],
            "splats_ms": cost.splats_ms, "pixels_ms": cost.pixels_ms,
        }  # fmt: skip


def main() -> int:
    """Serve until stdin ends."""
    from renderer.tiles.scene import warm

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

"""Solve every freeze-time video beside the repository and print what came of it, one row a video.

`python -m tests.benchmarks.poses ../shared [--cut 26] [--quick] [--only TEXT]`; with `--cut 0` whole videos. Columns:
frames, frames held by 30 tracks, horizontal field of view, largest bend of the path in median steps, median
reprojection error at 512 px, zoom, seconds; where cameras are known, centres (% of the path's extent), rotations
(degrees; medians, aligned) and focal length (%), then the same for pycolmap's defaults.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from pipeline.poses.solve import PoseSettings, SolvedPoses, solve
from pipeline.project.media import read_frames, write_image
from renderer.errors import Refusal

Array = npt.NDArray[np.float64]
Frames = npt.NDArray[np.uint8]

DEFAULTS = """
import json, pathlib, sys
import pycolmap
folder = pathlib.Path(sys.argv[1])
(folder / "out").mkdir()
pycolmap.extract_features(folder / "db", folder / "images", camera_mode=pycolmap.CameraMode.SINGLE)
pycolmap.match_exhaustive(folder / "db")
models = pycolmap.incremental_mapping(folder / "db", folder / "images", folder / "out").values()
best = max(models, key=lambda model: model.num_reg_images(), default=None)
poses = {} if best is None else {
    best.image(i).name: best.image(i).cam_from_world().matrix().tolist() for i in best.reg_image_ids()
}
focal = None if best is None else next(iter(best.cameras.values())).params[0]
(folder / "found.json").write_text(json.dumps({"models": len(models), "poses": poses, "focal": focal}))
"""


def videos(root: Path) -> Iterator[tuple[str, Path, Path | None]]:
    """Name, video or folder of photographs, and the known cameras if any; generation failures are left out."""
    for scene in sorted((root / "scenes").iterdir()):
        if scene.is_dir():
            yield scene.name, scene / "freeze_time.mp4", None
    for video in sorted((root / "orbits").glob("*.mp4")):
        if "failure" not in video.name:
            yield video.stem, video, None
    for video in sorted((root / "orbits" / "with_poses").glob("*.mp4")):
        yield video.stem, video, video.with_suffix(".txt")
    fox = root / "orbits" / "with_poses" / "fox"
    yield "fox", fox, fox / "transforms.json"


def frames_of(path: Path) -> Frames:
    if path.is_dir():
        return np.stack([np.asarray(Image.open(photo).convert("RGB")) for photo in sorted(path.glob("*.jpg"))])
    return read_frames(path)


def truth_of(path: Path) -> tuple[Array, float]:
    """World from camera [F, 4, 4] in OpenCV's axes, and the focal length in widths."""
    if path.suffix == ".txt":
        rows = [np.array(line.split(), float) for line in path.read_text().splitlines() if len(line.split()) == 19]
        views = np.tile(np.eye(4), (len(rows), 1, 1))
        views[:, :3] = [row[7:].reshape(3, 4) for row in rows]
        return np.asarray(np.linalg.inv(views), float), float(rows[0][1])
    told = json.loads(path.read_text())
    frames = sorted(told["frames"], key=lambda frame: Path(frame["file_path"]).name)
    poses = np.array([frame["transform_matrix"] for frame in frames]) @ np.diag([1.0, -1.0, -1.0, 1.0])
    return poses, told["fl_x"] / told["w"]


def errors(found: Array, exact: Array) -> tuple[float, float]:
    """Medians after a similarity alignment: centres in % of the path's extent, rotations in degrees."""
    a, b = found[:, :3, 3], exact[:, :3, 3]
    u, s, vt = np.linalg.svd((b - b.mean(0)).T @ (a - a.mean(0)))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    scale = (s * sign).sum() / np.square(a - a.mean(0)).sum()
    off = scale * (a - a.mean(0)) @ (u * sign @ vt).T + b.mean(0) - b
    extent = np.linalg.norm(b[:, None] - b[None], axis=-1).max()
    relative = exact[:, :3, :3] @ found[:, :3, :3].transpose(0, 2, 1)
    u, _, vt = np.linalg.svd(relative.sum(0))
    mean = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
    cosines = (np.einsum("ji,nji->n", mean.T, relative.transpose(0, 2, 1)) - 1.0) / 2.0
    angles = np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0)))
    return 100.0 * float(np.median(np.linalg.norm(off, axis=1))) / float(extent), float(np.median(angles))


def row(poses: SolvedPoses, seconds: float) -> str:
    centres = np.array([camera.centre for camera in poses.cameras.values()])
    step = np.median(np.linalg.norm(np.diff(centres, axis=0), axis=1))
    bend = np.linalg.norm(np.diff(centres, 2, axis=0), axis=1).max() / step
    size = poses.cameras[poses.canonical].size
    held = len(poses.in_state("registered"))
    return (
        f"{len(poses.cameras):6} {held:5} {poses.fov_x:6.1f} {bend:6.2f} {poses.median_error * 512 / max(size):6.2f} "
        f"{poses.zoom:5.2f} {seconds:6.1f} {poses.rung:8}"
    )


def defaults(frames: Frames, exact: Array, focal: float) -> str:
    """What pycolmap's defaults make of the same frames."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place, frame in enumerate(frames):
            write_image(folder / "images" / f"{place:05d}.png", frame)
        subprocess.run([sys.executable, "-c", DEFAULTS, name], capture_output=True, check=False)
        if not (folder / "found.json").exists():
            return "defaults: a crash"
        found = json.loads((folder / "found.json").read_text())
    names = sorted(found["poses"])
    if len(names) < 3:
        return f"defaults: {len(names)} frames"
    views = np.tile(np.eye(4), (len(names), 1, 1))
    views[:, :3] = [found["poses"][name] for name in names]
    centre, turn = errors(np.asarray(np.linalg.inv(views), float), exact[[int(name[:5]) for name in names]])
    off = 100.0 * (found["focal"] / frames.shape[2] / focal - 1.0)
    return f"defaults: {found['models']} models, {len(names)} frames, {centre:.2f} % {turn:.2f} deg {off:+.1f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--cut", type=int, default=26)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    told = parser.parse_args()
    settings = PoseSettings.quick() if told.quick else PoseSettings()
    for name, path, known in videos(told.shared):
        if told.only not in name:
            continue
        frames = frames_of(path)
        kept = np.arange(len(frames))
        if told.cut and len(frames) > 32:
            kept = np.unique(np.round(np.linspace(0, len(frames) - 1, told.cut)).astype(int))
        started = time.monotonic()
        try:
            with tempfile.TemporaryDirectory() as work:
                poses = solve(frames[kept], kept.tolist(), int(kept[0]), settings, Path(work))
        except Refusal as refusal:
            print(f"{name[:26]:26} refused: {refusal}", flush=True)
            continue
        line = f"{name[:26]:26} {row(poses, time.monotonic() - started)}"
        if known is not None:
            exact, focal = truth_of(known)
            cameras = [poses.cameras[int(k)] for k in kept]
            centre, turn = errors(np.array([c.world_from_camera for c in cameras]), exact[kept])
            off = 100.0 * (cameras[0].K[0, 0] / frames.shape[2] / focal - 1.0)
            line += f"  {centre:.2f} % {turn:.2f} deg {off:+.1f} %; {defaults(frames[kept], exact[kept], focal)}"
        print(line, flush=True)


if __name__ == "__main__":
    main()

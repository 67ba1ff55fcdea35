"""Cameras from another program as `SolvedPoses`: matched to frames, straightened, with points, in our gauge.

Nothing is solved here. A frame without a camera lies between its neighbours, as after solving. Where no points or no
tracks came along, they are triangulated from features followed through the frames.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.poses.exchange import frame_of
from pipeline.poses.gauge import fill_gaps, normalise
from pipeline.poses.settings import PoseSettings
from pipeline.poses.solved import FrameFit, SolvedPoses
from pipeline.poses.tracks import Triangulated, follow, grey, triangulate, widest_angles
from pipeline.project.media import same_aspect
from renderer.camera import Camera
from renderer.errors import Refusal
from renderer.formats.lens import Lens
from renderer.formats.posed_images import NO_CLOUD, Cloud, PosedImage, PosedImages

Frames = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

FEATURES = 800
"""Features followed per frame where points must be triangulated."""
FITTING = 0.4
"""Share of the followed features that must meet in a point: 0.95 and more with right cameras, none with turned axes."""
FEW_POINTS = 50
"""With fewer points than this in the file they are triangulated: the lift starts its splats from them."""


@dataclass(frozen=True, eq=False)
class Matched:
    """Which camera belongs to which frame.

    Attributes:
        frames: source frame indices that have a camera, rising. places: the place of each in `posed.images`.
        lenses: the lens of every source frame asked for, at the size of the video; distorted as it came.
    """

    posed: PosedImages
    frames: tuple[int, ...]
    places: tuple[int, ...]
    lenses: Mapping[int, Lens]

    @property
    def is_straight(self) -> bool:
        """Whether no frame needs resampling."""
        return all(lens.is_straight for lens in self.lenses.values())


def match(
    posed: PosedImages, indices: Sequence[int], total: int, size: tuple[int, int], names: Sequence[str] | None
) -> Matched:
    """Say which camera is which frame's.

    Args:
        indices: source frames in use, of `total`. size: (height, width) of the video.
        names: file names of the frames, where they are a folder of images; else None.

    With names, names decide. Of a video, frames are named as Splatime exports them (frame_00012), or else there is a
    camera for every frame and they come in order. Raises `Refusal` where it is not clear.
    """
    by_frame = _by_name(posed, names) if names is not None else _by_number(posed, total)
    frames = tuple(index for index in indices if index in by_frame)
    if len(frames) < max(2, round(PoseSettings().min_registered * len(indices))):
        raise Refusal(
            f"Only {len(frames)} of the {len(indices)} freeze-time frames have a camera in that folder; trim the video "
            "to those, or let Splatime solve the cameras."
        )
    lenses = {frame: _fitted(posed.images[by_frame[frame]], size) for frame in frames}
    nearest = {index: min(frames, key=lambda frame: abs(frame - index)) for index in indices}
    every = {index: lenses[near] for index, near in nearest.items()}
    return Matched(posed, frames, tuple(by_frame[frame] for frame in frames), every)


def _by_name(posed: PosedImages, names: Sequence[str]) -> dict[int, int]:
    whole = {name: index for index, name in enumerate(names)}
    stems = {PurePosixPath(name).stem: index for index, name in enumerate(names)}
    found: dict[int, int] = {}
    for place, image in enumerate(posed.images):
        name = PurePosixPath(image.name).name
        index = whole.get(name, stems.get(name, stems.get(PurePosixPath(name).stem)))
        if index is None:
            raise Refusal(f"A camera belongs to the image {image.name}, which the freeze-time folder does not hold.")
        found[index] = place
    return found


def _by_number(posed: PosedImages, total: int) -> dict[int, int]:
    numbers = [frame_of(image.name) for image in posed.images]
    if all(number is not None and number < total for number in numbers):
        return {number: place for place, number in enumerate(numbers) if number is not None}
    if len(numbers) == total:
        return {place: place for place in range(total)}
    raise Refusal(
        f"There are {len(numbers)} cameras and {total} freeze-time frames, and the cameras' names do not say which "
        "belong together; give the folder of images as the freeze-time video, or name the images frame_00000 and so on."
    )


def _fitted(image: PosedImage, size: tuple[int, int]) -> Lens:
    lens = image.lens
    if not same_aspect(lens.size, size):
        raise Refusal(
            f"The camera of {image.name} is for pictures of {lens.size[1]}x{lens.size[0]}, but the freeze-time video "
            f"is {size[1]}x{size[0]}, another shape."
        )
    try:
        lens = lens.resized(size)
        lens.straightened()
    except ValueError as fault:
        raise Refusal(f"The camera of {image.name} cannot be used: {fault}.") from fault
    return lens


def straightened(frames: Frames, lenses: Sequence[Lens]) -> Frames:
    """Frames [F, H, W, 3] as pinhole lenses would show them: bicubic, in sRGB, without a blank rim."""
    out = np.empty_like(frames)
    maps: dict[Lens, npt.NDArray[np.float32]] = {}
    for i, (frame, lens) in enumerate(zip(frames, lenses, strict=True)):
        at = lens.resized((int(frames.shape[1]), int(frames.shape[2])))
        if at.is_straight:
            out[i] = frame
            continue
        if at not in maps:
            maps[at] = (at.source_pixels(at.straightened()) - 0.5).astype(np.float32)
        out[i] = cv2.remap(frame, maps[at], None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return out


def take_in(matched: Matched, frames: Frames, indices: Sequence[int], canonical: int) -> SolvedPoses:
    """The cameras in our gauge, with points.

    `frames` [F, H, W, 3] are the frames `indices`, straightened already. Raises `Refusal` when no start for the lift
    can be made: the cameras then do not fit the video.
    """
    if canonical not in matched.frames:
        raise Refusal(f"The canonical freeze-time frame {canonical} has no camera in that folder; choose another one.")
    images = [matched.posed.images[place] for place in matched.places]
    rows = [list(indices).index(frame) for frame in matched.frames]
    given = np.stack([image.world_from_camera for image in images])
    poses = fill_gaps(rows, given, len(indices))
    straight = [matched.lenses[index].straightened() for index in indices]
    cameras = [lens.camera(pose) for lens, pose in zip(straight, poses, strict=True)]
    size = cameras[0].size
    placed = [camera if row in set(rows) else None for row, camera in enumerate(cameras)]
    found = _given_points(matched, rows, cameras)
    loose = NO_CLOUD
    if found is None:
        tracks = follow(grey(frames), FEATURES)
        found, loose = triangulate(tracks, placed, _tolerance(size), 1.0), matched.posed.cloud
        if len(found.points) < max(4, FITTING * tracks.longer_than(2)):
            raise Refusal(
                "The cameras do not fit the freeze-time video: too few of its features meet in points under them; "
                "check that they belong to this video and that their convention is the format's."
            )
    return _assembled(found, loose, cameras, rows, frames, indices, canonical)


def _tolerance(size: tuple[int, int]) -> float:
    """px a triangulated observation may be off: as when cameras are solved."""
    return max(1.5, 4.0 * max(size) / 1024.0)


def _given_points(matched: Matched, rows: Sequence[int], cameras: Sequence[Camera]) -> Triangulated | None:
    """The file's own points where their tracks came along; None where they must be found."""
    cloud = matched.posed.cloud
    row_of = np.full(len(matched.posed.images), -1)
    row_of[list(matched.places)] = rows
    seen = row_of[cloud.images] >= 0
    owners, frames, xy = cloud.owners[seen], row_of[cloud.images[seen]], cloud.xy[seen].copy()
    used, owners = np.unique(owners, return_inverse=True)
    if len(used) < FEW_POINTS:
        return None
    points = cloud.points[used]
    errors = np.empty(len(xy))
    for place, row in zip(matched.places, rows, strict=True):
        mine = frames == row
        lens = matched.posed.images[place].lens
        scale = np.array(cameras[row].size[::-1]) / np.array(lens.size[::-1])
        xy[mine] = scale * lens.straighten_points(xy[mine], lens.straightened())
        errors[mine] = np.linalg.norm(cameras[row].project(points[owners[mine]])[0] - xy[mine], axis=1)
    if not np.isfinite(errors).all() or np.median(errors) > 4 * _tolerance(cameras[0].size):
        raise Refusal(
            f"The folder's points miss the places where they were seen by {np.median(errors):.0f} px; its cameras and "
            "points do not belong together."
        )
    return Triangulated(points, owners, frames, xy, errors)


def _assembled(
    found: Triangulated,
    loose: Cloud,
    cameras: Sequence[Camera],
    rows: Sequence[int],
    frames: Frames,
    indices: Sequence[int],
    canonical: int,
) -> SolvedPoses:
    """`loose` are points without tracks, which come after those with tracks."""
    place, count = list(indices).index(canonical), len(found.points) + len(loose.points)
    seen = np.unique(found.owners[found.frames == place])
    poses = np.stack([camera.world_from_camera for camera in cameras])
    poses, points = normalise(poses, np.concatenate([found.points, loose.points]), place, seen)
    lengths = np.bincount(found.owners, minlength=count)
    errors = np.bincount(found.owners, found.errors, count) / np.maximum(lengths, 1)
    errors[len(found.points) :] = np.median(found.errors)
    angles = widest_angles(points, found.owners, poses[:, :3, 3][found.frames])
    return SolvedPoses(
        cameras={index: camera.posed(pose) for index, camera, pose in zip(indices, cameras, poses, strict=True)},
        canonical=canonical,
        points=points.astype(np.float32),
        point_rgb=np.concatenate([_colours(found, frames), loose.rgb]),
        point_errors=errors.astype(np.float32),
        track_offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        track_frames=np.asarray(indices, np.int32)[found.frames],
        track_xy=found.xy.astype(np.float32),
        fits=_fits(found, rows, indices),
        attempt="imported",
        angle=float(np.median(angles[: len(found.points)])),
        digest=_digest(poses, cameras, points, indices, canonical),
    )


def _fits(found: Triangulated, rows: Sequence[int], indices: Sequence[int]) -> tuple[FrameFit, ...]:
    """A camera that was given counts as registered whatever it sees: another program vouches for it."""
    fits = []
    for row, index in enumerate(indices):
        own = found.errors[found.frames == row]
        state = "registered" if row in rows else "lost"
        fits.append(FrameFit(index, state, len(own), float(np.median(own)) if len(own) else float("nan")))
    return tuple(fits)


def _colours(found: Triangulated, frames: Frames) -> npt.NDArray[np.uint8]:
    height, width = frames.shape[1:3]
    x = np.clip(found.xy[:, 0].astype(int), 0, width - 1)
    y = np.clip(found.xy[:, 1].astype(int), 0, height - 1)
    rgb = frames[found.frames, y, x].astype(np.float64)
    counts = np.maximum(np.bincount(found.owners, minlength=len(found.points)), 1)
    sums = [np.bincount(found.owners, rgb[:, c], len(found.points)) for c in range(3)]
    return np.round(np.stack(sums, 1) / counts[:, None]).astype(np.uint8)


def _digest(poses: Floats, cameras: Sequence[Camera], points: Floats, indices: Sequence[int], canonical: int) -> str:
    digest = hashlib.sha256(f"imported {list(indices)} {canonical} {cameras[0].size}".encode())
    for table in (poses, np.stack([camera.K for camera in cameras]), points):
        digest.update(np.ascontiguousarray(np.round(table, 9)).data)
    return digest.hexdigest()


def seen_from(poses: SolvedPoses, canonical: int) -> SolvedPoses:
    """The same cameras and points in the gauge of another canonical frame."""
    if canonical == poses.canonical:
        return poses
    if canonical not in poses.cameras:
        raise Refusal(f"The canonical freeze-time frame {canonical} has no camera; choose another one.")
    order = list(poses.cameras)
    stack = np.stack([poses.cameras[frame].world_from_camera for frame in order])
    seen = poses.visible_points(canonical)
    moved, points = normalise(stack, poses.points.astype(np.float64), order.index(canonical), seen)
    cameras = {frame: poses.cameras[frame].posed(pose) for frame, pose in zip(order, moved, strict=True)}
    return replace(poses, cameras=cameras, points=points.astype(np.float32), canonical=canonical)

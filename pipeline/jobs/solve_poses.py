"""Solving the cameras of one video into a folder: report, our own file, and what other programs read."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.jobs.background import heard
from pipeline.jobs.control import Control
from pipeline.jobs.spec import FLOW_MASKS, PosesJob
from pipeline.messages import Finished, Message, Note, Produced, Progress, StageStarted
from pipeline.project import media
from pipeline.project.atomic import atomic_file, writing_to
from renderer.errors import Refusal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pipeline.poses.settings import PoseSettings
    from pipeline.poses.solved import SolvedPoses

SOLVED = "poses.safetensors"
OURS = frozenset(
    [
        SOLVED,
        "report.json",
        "report.txt",
        "colmap.log",
        "images",
        "sparse",
        "transforms.json",
        "sparse_pc.ply",
        "cameras.json",
    ]
)
STOPPED = "Stopped as asked; nothing was written."
LARGEST = 1024
"""px a side that cameras are solved at; more takes longer and places no frame better."""
HOPELESS = 15
"""A video that scores no more before solving is refused with its reason at once."""


def solve_poses(job: PosesJob, control: Control) -> Iterator[Message]:
    """Do the job; raises `Refusal` for what a person can mend."""
    from pipeline.jobs.look import look
    from pipeline.poses.check import sharpness
    from pipeline.poses.exchange import write_folder
    from pipeline.poses.report import report

    folder = Path(job.folder)
    check_folder(folder)
    seen = look(Path(job.video), poll=_poll(control))
    if seen.freeze_time.liftability.score <= HOPELESS:
        raise Refusal(f"The cameras of {job.video} cannot be solved: {seen.freeze_time.liftability.reasons[0]}")
    frames = media.read_frames(job.video, max_size=LARGEST)
    yield StageStarted("poses", 0, 1, 0)
    poses = yield from solved(job, frames, control)
    told = report(poses, seen.freeze_time, dict(enumerate(sharpness(frames).tolist())))
    _clear_images(folder / "images", len(frames))
    write_folder(folder, poses, frames, range(len(frames)))
    for name, text in (("report.json", told.json_text()), ("report.txt", told.text())):
        with atomic_file(folder / name) as file:
            file.write(text.encode())
    yield Produced("poses", {"path": str(folder.resolve()), "score": told.liftability.score})
    yield Finished({"out": str(folder.resolve()), "score": told.liftability.score, **poses.summary()})


def solved(job: PosesJob, frames: npt.NDArray[np.uint8], control: Control) -> Generator[Message, None, SolvedPoses]:
    """The cameras, those of the folder where they were solved from the same frames with the same settings."""
    from pipeline.poses.solve import PosesCancelled, digest_of, solve, solve_guessed
    from pipeline.poses.solved import SolvedPoses

    settings, folder = _settings(job), Path(job.folder)
    path, indices = folder / SOLVED, list(range(len(frames)))
    held = None if job.hold is None else _held(Path(job.hold), frames)
    canonical = len(frames) // 2 if held is None else held.canonical
    moving = _masks(job.masks, frames, control)
    if held is not None:
        yield Note(f"The cameras of {len(held.cameras)} frames were solved before and stay where they are.")
    elif path.is_file():
        known = SolvedPoses.load(path)
        if known.digest == digest_of(frames, indices, canonical, settings, moving):
            yield Note("Cameras as solved before.")
            yield Progress("poses", 1, 1)
            return known
    if moving is not None:
        yield Note(f"The masks leave out {moving.mean():.0%} of the pictures.")

    def work(tell: Callable[[Message], None]) -> SolvedPoses:
        stopped = lambda: control() == "stop"  # noqa: E731
        given = frames, indices, canonical, settings, folder
        if moving is not None and job.masks == FLOW_MASKS:
            return solve_guessed(*given, moving=moving, tell=tell, cancelled=stopped, held=held)
        return solve(*given, tell=tell, cancelled=stopped, moving=moving, held=held)

    try:
        poses = yield from heard(work)
    except PosesCancelled:
        raise Refusal(STOPPED) from None
    poses.save(path)
    return poses


def _masks(said: str | None, frames: npt.NDArray[np.uint8], control: Control) -> npt.NDArray[np.bool_] | None:
    from pipeline.poses.masks import moving_masks, read_masks

    if said is None:
        return None
    if said == FLOW_MASKS:
        return moving_masks(frames, _poll(control))
    return read_masks(Path(said), len(frames), (int(frames.shape[1]), int(frames.shape[2])))


def _poll(control: Control) -> Callable[[], None]:
    """Called between frames; raises `Refusal` once stop was said."""

    def poll() -> None:
        if control() == "stop":
            raise Refusal(STOPPED)

    return poll


def _held(folder: Path, frames: npt.NDArray[np.uint8]) -> SolvedPoses:
    from pipeline.poses.holding import found_again
    from pipeline.poses.solved import SolvedPoses

    if not (folder / SOLVED).is_file():
        raise Refusal(f"{folder} holds no cameras to hold; name a folder that poses wrote.")
    held = found_again(SolvedPoses.load(folder / SOLVED), frames)
    if held is None:
        raise Refusal(
            f"Fewer than three frames of the video are pictures whose cameras {folder} holds: lossy files change their "
            "pixels. Solve without --hold, or cut the video losslessly."
        )
    return held


def check_folder(folder: Path) -> None:
    """Refuse a place that holds anything but an earlier solution."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise Refusal(f"{folder} is a file; name a folder.")
    foreign = sorted(entry.name for entry in folder.iterdir() if entry.name not in OURS)
    if foreign:
        raise Refusal(f"{folder} already holds something else ({foreign[0]}); name a new or empty folder.")


def _settings(job: PosesJob) -> PoseSettings:
    from pipeline.poses.settings import PoseSettings

    settings = PoseSettings.quick() if job.how == "quick" else PoseSettings()
    return replace(settings, per_frame_focal=job.per_frame_focal)


def _clear_images(folder: Path, count: int) -> None:
    """Frames of an earlier, longer video would belong to no camera."""
    from pipeline.poses.exchange import frame_of

    with writing_to(folder):
        for image in folder.glob("*.png") if folder.is_dir() else ():
            number = frame_of(image.name)
            if number is not None and number >= count:
                image.unlink()

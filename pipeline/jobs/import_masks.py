"""Bringing the artist's masks into a project: a picture for each frame that has something to leave out.

They name the video that they were drawn over, so those of one take are never laid over another.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.jobs.spec import masks_dir
from pipeline.poses.exchange import frame_name, frame_of
from pipeline.poses.masks import BLACK, Mask, read_masks
from pipeline.project import edits, media, project_file
from pipeline.project.atomic import writing_to
from pipeline.project.project import Project
from renderer.errors import Refusal


def bring_masks(folder: Path, place: Path) -> tuple[Project, str]:
    """Solve the cameras of the project's chosen freeze-time take without what is black in the pictures in `place`.

    Gives the project, and a sentence about the masks. Raises `Refusal`, with the project as it was, for pictures that
    do not fit the take.
    """
    project = project_file.load(folder)
    take = next((take for take in project.takes if take.id == project.cut.freeze_time), None)
    if take is None:
        raise Refusal("No freeze-time take is chosen yet; choose one in Curate.")
    masks = read_masks(place, take.clip.n_frames, take.clip.size)
    if not masks.any():
        raise Refusal(f"Nothing is black in the masks in {place}, so nothing would be left out.")
    masks_id = f"{take.clip.digest[:16]}-{hashlib.blake2b(np.packbits(masks).tobytes(), digest_size=8).hexdigest()}"
    _keep(masks_dir(folder, masks_id), masks)
    solve = replace(project.cut.solve, masks=masks_id, flow_masks=False)
    words = (
        f"The masks leave out {masks.mean():.1%} of the pictures, in {masks.any((1, 2)).sum()} of {len(masks)} frames."
    )
    return project_file.update(folder, lambda known: edits.set_solve(known, solve)), words


def masks_of(folder: Path, masks_id: str, digest: str, indices: Sequence[int], size: tuple[int, int]) -> Mask:
    """[F, H, W] what the masks leave out of the source frames `indices`, `size` large, of the video of this digest.

    Raises `Refusal` where they were drawn over another video, or are gone.
    """
    if not masks_id.startswith(f"{digest[:16]}-"):
        raise Refusal(
            "The masks that are chosen were drawn over another freeze-time take; bring masks for this one, or use the "
            "whole picture."
        )
    place = masks_dir(folder, masks_id)
    names = media.names_of(place) if _holds_some(place) else None
    if not names:
        raise Refusal(f"The masks in {place} are gone; bring them again, or use the whole picture.")
    rows = {frame_of(name): row for row, name in enumerate(names)}
    masked = [index for index in indices if index in rows]
    out = np.zeros((len(indices), *size), bool)
    if masked:
        pictures = media.read_frames(place, [rows[index] for index in masked])
        if pictures.shape[1:3] != size:
            raise Refusal(f"The masks in {place} have another size than the video; bring them again.")
        out[[indices.index(index) for index in masked]] = pictures.max(-1) < BLACK
    return out


def _keep(place: Path, masks: npt.NDArray[np.bool_]) -> None:
    if _holds_some(place):
        return
    with writing_to(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".") as scratch:
            inner = Path(scratch) / place.name
            inner.mkdir()
            for index in np.flatnonzero(masks.any((1, 2))).tolist():
                white = np.where(masks[index], 0, 255).astype(np.uint8)
                media.write_image(inner / frame_name(index), np.repeat(white[..., None], 3, -1))
            if place.is_dir():
                place.rmdir()
            inner.rename(place)


def _holds_some(place: Path) -> bool:
    return place.is_dir() and any(place.iterdir())

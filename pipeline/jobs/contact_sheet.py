"""A contact sheet: held-out views, one a row, as the truth has them and as each arm shows them, like Figures 8 and 9.

Under every view stands the part of it where the arms err most, enlarged, because whole pictures hide what an ablation
is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from pipeline.lift.evaluate import HeldOut, Studio, read_entries
from pipeline.lift.measures import moving, psnr
from pipeline.project import media
from renderer.errors import Refusal
from renderer.snapshot import Snapshot

Frames = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float32]

ROWS, WIDTH, GAP, LINE, SIDE = 3, 240, 6, 22, 72
"""Views shown; px: a cell's width, between cells, a line of text, the row titles' margin."""
CLOSE = 0.38
"""Share of a picture's sides that the enlarged part takes."""
PAPER, INK, QUIET = (250, 250, 248), (24, 24, 24), (110, 110, 110)


@dataclass(frozen=True, eq=False)
class Cell:
    """A picture [H, W, 3] uint8 and the line under it."""

    picture: Frames
    caption: str


def sheet(scene_dir: Path, arms: Sequence[tuple[str, Snapshot]]) -> Frames:
    """The sheet [H, W, 3] of arms' scenes, by their titles, against a scene folder's held-out views."""
    entries = read_entries(scene_dir)
    truth, photos = (
        media.read_frames(scene_dir / name).astype(np.float32) / np.float32(255)
        for name in ("held_out.mp4", "freeze_time.mp4")
    )
    if not all(0 <= e.frame < len(truth) and 0 <= e.camera_freeze_frame < len(photos) for e in entries):
        raise Refusal(f"{scene_dir / 'scene.json'} names frames that the videos don't have.")
    titles = ["Truth", *(title for title, _ in arms)]
    rows = []
    for entry in chosen(entries, truth, photos):
        goal = truth[entry.frame]
        shown = [_picture(scene, entry, goal) for _, scene in arms]
        rows.append(_row(entry, goal, shown))
    return laid_out(titles, rows)


def chosen(entries: Sequence[HeldOut], truth: Array, photos: Array) -> list[HeldOut]:
    """Views from the beginning, the middle and the end of the entries, of each part the one in which most moves."""

    def share(entry: HeldOut) -> float:
        photo, goal = photos[entry.camera_freeze_frame], truth[entry.frame]
        return float(moving(goal, photo).mean()) if photo.shape == goal.shape else 0.0

    parts = np.array_split(np.arange(len(entries)), min(ROWS, len(entries)))
    return [max((entries[i] for i in part), key=share) for part in parts]


def _picture(scene: Snapshot, entry: HeldOut, goal: Array) -> Array:
    studio = Studio(scene)
    camera = studio.camera(entry.camera_freeze_frame, (goal.shape[0], goal.shape[1]))
    return studio.picture(scene.at(entry.reference_frame), camera)


def _row(entry: HeldOut, goal: Array, shown: Sequence[Array]) -> tuple[str, list[Cell], list[Cell]]:
    """Its title, the whole pictures, and their enlarged parts."""
    top, left, height, width = worst_part(goal, shown)
    captions = ["", *(f"{psnr(image, goal):.2f} dB" for image in shown)]
    cut = np.s_[top : top + height, left : left + width]
    whole = [Cell(_scaled(p), c) for p, c in zip((goal, *shown), captions, strict=True)]
    close = [
        Cell(_scaled(picture[cut]), f"{psnr(picture[cut], goal[cut]):.2f} dB" if i else "")
        for i, picture in enumerate((goal, *shown))
    ]
    return f"camera {entry.camera_freeze_frame}\ntime {entry.reference_frame:g}", whole, close


def worst_part(goal: Array, shown: Sequence[Array]) -> tuple[int, int, int, int]:
    """(top, left, height, width) of the part in which the pictures err most together."""
    height, width = (max(1, round(CLOSE * side)) for side in goal.shape[:2])
    error = np.mean([np.square(image - goal).mean(-1) for image in shown], 0) if shown else np.zeros(goal.shape[:2])
    sums = cv2.boxFilter(error.astype(np.float64), -1, (width, height), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    inside = sums[: goal.shape[0] - height + 1, : goal.shape[1] - width + 1]
    top, left = np.unravel_index(int(np.argmax(inside)), inside.shape)
    return int(top), int(left), height, width


def _scaled(picture: Array) -> Frames:
    height = max(1, round(WIDTH * picture.shape[0] / picture.shape[1]))
    pixels = (255 * np.clip(picture, 0, 1) + 0.5).astype(np.uint8)
    scaled: Frames = media.resize(pixels[None], (height, WIDTH))[0]
    return scaled


def laid_out(titles: Sequence[str], rows: Sequence[tuple[str, list[Cell], list[Cell]]]) -> Frames:
    """Titles over columns, a title beside each row, captions under pictures."""
    bands = [(title if i == 0 else "", cells) for title, *both in rows for i, cells in enumerate(both)]
    heights = [cells[0].picture.shape[0] + LINE + GAP for _, cells in bands]
    page = Image.new("RGB", (SIDE + len(titles) * (WIDTH + GAP), LINE + 2 * GAP + sum(heights)), PAPER)
    pen, font, small = ImageDraw.Draw(page), ImageFont.load_default(15), ImageFont.load_default(13)
    for column, title in enumerate(titles):
        pen.text((SIDE + column * (WIDTH + GAP), GAP), title, INK, font)
    y = LINE + 2 * GAP
    for (title, cells), height in zip(bands, heights, strict=True):
        pen.multiline_text((GAP, y), title, INK, small)
        for column, cell in enumerate(cells):
            x = SIDE + column * (WIDTH + GAP)
            page.paste(Image.fromarray(cell.picture), (x, y))
            pen.text((x, y + cell.picture.shape[0] + 2), cell.caption, QUIET, small)
        y += height
    return np.asarray(page, np.uint8)

"""A folder of cameras from another program: which format it is, and whether it is whole.

Looks, in this order, for a COLMAP model (binary, then text; in the folder, in sparse or in sparse/N, of which the one
with the most images counts), transforms.json, and cameras.json. A file may be named directly.
"""

from __future__ import annotations

from pathlib import Path

from renderer.errors import Refusal
from renderer.formats import cameras_json, colmap_binary, colmap_text, transforms_json
from renderer.formats.posed_images import PosedImages

MAX_MODELS = 32
_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".exr")


def read_pose_folder(path: Path, fallback_size: tuple[int, int] | None = None) -> PosedImages:
    """Cameras and points in `path`.

    `fallback_size` (height, width) is that of the images, for files that don't say it. Raises `Refusal`, naming the
    fault, for a folder that holds no cameras, half a model, contradictions, or names images that are not there.
    """
    if not path.exists():
        raise Refusal(f"{path} does not exist; check the name.")
    posed = _read_file(path, fallback_size) if path.is_file() else _read_folder(path, fallback_size)
    _check_images(path if path.is_dir() else path.parent, posed)
    return posed


def _read_file(path: Path, fallback_size: tuple[int, int] | None) -> PosedImages:
    if path.suffix.lower() != ".json":
        raise Refusal(f"{path} is not a file of cameras; name a folder, a transforms.json or a cameras.json.")
    if path.name.startswith("cameras"):
        return cameras_json.read_cameras_json(path)
    return transforms_json.read_transforms(path, fallback_size)


def _read_folder(folder: Path, fallback_size: tuple[int, int] | None) -> PosedImages:
    models = [place for place in _model_places(folder) if _has_model(place)]
    if models:
        return max((_read_model(place) for place in models), key=lambda posed: len(posed.images))
    for name in (transforms_json.FILE, "transforms_train.json"):
        if (folder / name).is_file():
            return transforms_json.read_transforms(folder / name, fallback_size)
    if (folder / cameras_json.FILE).is_file():
        return cameras_json.read_cameras_json(folder / cameras_json.FILE)
    raise Refusal(
        f"{folder} holds no cameras that Splatime reads: no COLMAP model (cameras.bin and images.bin, or .txt, "
        "there or in sparse/0), no transforms.json and no cameras.json."
    )


def _model_places(folder: Path) -> list[Path]:
    places = [folder]
    for sparse in (folder / "sparse", folder / "colmap" / "sparse"):
        if sparse.is_dir():
            numbered = sorted(place for place in sparse.iterdir() if place.is_dir() and place.name.isdigit())
            places += [sparse, *numbered[:MAX_MODELS]]
    return places


def _has_model(place: Path) -> bool:
    return any((place / name).exists() for name in (*colmap_binary.FILES, *colmap_text.FILES))


def _read_model(place: Path) -> PosedImages:
    """The binary model, or the text model where that one alone is whole; half a model is refused by what it lacks."""
    for names, read in (
        (colmap_binary.FILES, colmap_binary.read_colmap_binary),
        (colmap_text.FILES, colmap_text.read_colmap_text),
    ):
        if all((place / name).is_file() for name in names[:2]):
            return read(place)
    ending = ".bin" if any((place / name).exists() for name in colmap_binary.FILES) else ".txt"
    lacks = next(f"{stem}{ending}" for stem in ("images", "cameras") if not (place / f"{stem}{ending}").is_file())
    raise Refusal(
        f"The COLMAP model in {place} is incomplete: it has no {lacks}; copy or export the whole model again."
    )


def _check_images(folder: Path, posed: PosedImages) -> None:
    """Where images lie beside the cameras, all that are named must be there; cameras alone are fine."""
    roots = [root for root in (folder, folder / "images") if root.is_dir()]
    if not any(map(_holds_images, roots)):
        return
    lost = [image.name for image in posed.images if not any(_exists(root, image.name) for root in roots)]
    if lost:
        others = f" and {len(lost) - 1} others" if len(lost) > 1 else ""
        raise Refusal(
            f"The cameras in {folder} name the image {lost[0]}{others}, which the folder does not hold; put the images "
            "back or take their cameras out."
        )


def _holds_images(root: Path) -> bool:
    return any(entry.suffix.lower() in _SUFFIXES for entry in root.iterdir())


def _exists(root: Path, name: str) -> bool:
    """Names may come without an ending (Blender's transforms.json, older cameras.json)."""
    return (root / name).is_file() or any((root / f"{name}{suffix}").is_file() for suffix in _SUFFIXES)

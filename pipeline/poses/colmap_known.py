"""Models around cameras that are known already: those of an earlier solve, or of the orbit prior. COLMAP child only."""

from __future__ import annotations

import pycolmap  # isort: skip

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.poses.colmap_features import tolerance


def known(spec: dict[str, Any], mapping: pycolmap.IncrementalPipelineOptions, out: Path) -> pycolmap.Reconstruction:
    """The database's matches triangulated from the poses in `spec["known"]`: focal px, and by image name 12 numbers of
    camera from world [3, 4]."""
    poses, focal = spec["known"]["poses"], spec["known"]["focal"]
    model = pycolmap.Reconstruction()
    database = pycolmap.Database.open(spec["database"])
    try:
        for camera in database.read_all_cameras():
            camera.params = [focal, camera.width / 2, camera.height / 2]
            model.add_camera(camera)
        for rig in database.read_all_rigs():
            model.add_rig(rig)
        for frame in database.read_all_frames():
            model.add_frame(frame)
        images = database.read_all_images()
    finally:
        database.close()
    for image in images:
        model.add_image(image)
        if image.name in poses:
            pose = np.asarray(poses[image.name], np.float64).reshape(3, 4)
            model.frame(image.frame_id).set_cam_from_world(image.camera_id, pycolmap.Rigid3d(pose))
            model.register_frame(image.frame_id)
    return pycolmap.triangulate_points(
        model, spec["database"], spec["frames_dir"], out, clear_points=True, options=mapping
    )


def register_rest(
    spec: dict[str, Any],
    model: pycolmap.Reconstruction,
    mapping: pycolmap.IncrementalPipelineOptions,
    out: Path,
    hold: bool = False,
) -> pycolmap.Reconstruction:
    """The model with as many of the missing frames as its points can place; with `hold` no camera that it has moves."""
    source = out / "from"
    source.mkdir()
    model.write(str(source))
    mapping.fix_existing_frames = mapping.mapper.fix_existing_frames = hold
    try:
        found = pycolmap.incremental_mapping(
            spec["database"], spec["frames_dir"], out, options=mapping, input_path=source
        )
    finally:
        mapping.fix_existing_frames = mapping.mapper.fix_existing_frames = False
    grown = max(found.values(), key=lambda m: int(m.num_reg_images()), default=model)
    pycolmap.ObservationManager(grown).filter_all_points3D(tolerance(spec["size"]), 0.5)
    return grown if grown.num_reg_images() >= model.num_reg_images() else model

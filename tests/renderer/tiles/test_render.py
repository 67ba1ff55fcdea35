"""The torch-free picture: the same as training's, with no torch, no surprise compilation and no GIL games."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from renderer.camera import Camera
from renderer.diff.rasterize import rasterize
from renderer.diff.splats import ActiveSplats, CameraBatch
from renderer.snapshot import Posed
from renderer.tiles import binning, blending, projection
from renderer.tiles.render import Picture, render, warm
from tests.renderer.diff.scenes import random_splats

SIZE = (60, 100)


def _scene() -> tuple[Posed, Camera, ActiveSplats]:
    splats = random_splats(800, 0, SIZE, torch.float32, radius=6.0)
    arrays = (x.numpy() for x in (splats.means, splats.quats, splats.scales, splats.opacities, splats.rgb))
    return Posed(*arrays), Camera.from_fov(np.eye(4), 1.0, SIZE), splats


def test_the_picture_is_trainings() -> None:
    posed, camera, splats = _scene()
    picture = render(posed, camera, (0.2, 0.4, 0.6))
    batch = CameraBatch.of([camera], splats.means)
    exact = rasterize(splats, batch, background=torch.tensor([0.2, 0.4, 0.6]))
    expected = (exact.image[0].clamp(0, 1) * 255).round().numpy()
    assert np.abs(picture.rgb.astype(int) - expected).max() <= 1
    # Not bit for bit: training's cameras are float32.
    np.testing.assert_allclose(picture.alpha, exact.alpha[0, ..., 0].numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(picture.depth, exact.depth[0, ..., 0].numpy(), rtol=1e-4)
    assert picture.rgb.std() > 10


def test_nothing_is_the_background() -> None:
    _, camera, _ = _scene()
    none = Posed(*(np.zeros((0, *rest), np.float32) for rest in ((3,), (4,), (3,), (), (3,))))
    picture = render(none, camera, (1.0, 0.5, -3.0))
    assert (picture.rgb == [255, 128, 0]).all()
    assert not picture.alpha.any()
    assert not picture.depth.any()


def test_colours_out_of_range_saturate() -> None:
    posed, camera, _ = _scene()
    wild = Posed(posed.means, posed.quats, posed.scales, posed.opacities, posed.rgb * 1000 - 500)
    assert set(np.unique(render(wild, camera).rgb[render(wild, camera).alpha > 0.9])) <= set(range(256))
    bright = Posed(posed.means, posed.quats, posed.scales, posed.opacities, np.full_like(posed.rgb, 1e6))
    assert (render(bright, camera).rgb[render(bright, camera).alpha > 0.1] == 255).all()


def test_read_only_arrays_compile_nothing_new() -> None:
    """A memory-mapped snapshot is read-only; a second specialisation would freeze the window for seconds."""
    posed, camera, _ = _scene()
    warm(gradients=True)
    kernels: list[Any] = [projection.project_forward, binning._depth_order, binning._list, blending._forward]
    before = [len(kernel.signatures) for kernel in kernels]
    for array in (posed.means, posed.quats, posed.scales, posed.opacities, posed.rgb):
        array.setflags(write=False)
    strided = Posed(
        posed.means[::2], posed.quats[::2], posed.scales[::2], posed.opacities[::2].astype(np.float64), posed.rgb[::2]
    )
    render(posed, camera)
    render(strided, camera)
    assert [len(kernel.signatures) for kernel in kernels] == before


def test_two_threads_at_once() -> None:
    posed, camera, _ = _scene()
    alone = render(posed, camera)
    pictures: list[Picture] = []
    threads = [threading.Thread(target=lambda: pictures.append(render(posed, camera))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pictures) == 4
    assert all(np.array_equal(picture.rgb, alone.rgb) for picture in pictures)


def test_it_needs_no_torch(root: Path) -> None:
    code = "import sys, renderer.tiles.render; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_arrays_that_do_not_fit_are_refused() -> None:
    posed, camera, _ = _scene()
    with pytest.raises(ValueError, match="posed splats"):
        render(Posed(posed.means, posed.quats, posed.scales, posed.opacities[:-1], posed.rgb), camera)


@pytest.mark.skipif(sys.platform != "linux", reason="the cache folder follows XDG_CACHE_HOME on Linux only")
def test_kernels_work_where_the_users_cache_is_not_writeable(root: Path) -> None:
    code = (
        "import os, numpy as np\n"
        "from renderer.tiles.binning import _depth_order\n"
        "assert len(_depth_order(np.zeros(0, np.uint32), np.zeros((0, 2), np.int32))) == 0\n"
        "assert os.listdir(os.environ['NUMBA_CACHE_DIR'])\n"
        "print(os.environ['NUMBA_CACHE_DIR'])"
    )
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"} | {"XDG_CACHE_HOME": os.devnull}
    script = [sys.executable, "-c", code]
    done = subprocess.run(script, cwd=root, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert folder.name.startswith("splatime-")
    assert not folder.exists(), "the private folder goes with its process"

"""Real-ESRGAN and its like through ncnn, on the CPU: pictures are enlarged one by one, whatever they show.

It knows neither prompts nor time, so what it adds may flicker; the fit to all frames averages that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.generate.ncnn_files import Network
from pipeline.generate.provider import Frames
from renderer.errors import Refusal

FRAMES = 16
"""Pictures of one film; a video model has its own number, and this is the paper's."""
LEAST = 8
"""px a side that are enlarged at least."""


class FrameUpsampler:
    """A `VideoUpsampler` that makes pictures of about the size `seen` (height, width) px of a network's output.

    Raises `Refusal` when ncnn is not installed or doesn't take the network.
    """

    n_frames = FRAMES

    def __init__(self, network: Network, seen: tuple[int, int], threads: int) -> None:
        try:
            import ncnn
        except ImportError as fault:
            raise Refusal("Real-ESRGAN runs by ncnn, which is not installed; pip install ncnn.") from fault
        self._network, self._ncnn = network, ncnn
        self.small = (max(round(seen[0] / network.scale), LEAST), max(round(seen[1] / network.scale), LEAST))
        self.size = (self.small[0] * network.scale, self.small[1] * network.scale)
        self._net = ncnn.Net()
        self._net.opt.use_vulkan_compute, self._net.opt.num_threads = False, threads
        # In single precision throughout, the same figures on every machine.
        for name in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
            setattr(self._net.opt, name, False)
        if self._net.load_param(str(network.param)) or self._net.load_model(str(network.weights)):
            raise Refusal(f"ncnn can't load {network.param}; take the files of a Real-ESRGAN for ncnn.")

    def upsample(self, small: Frames, prompt: str, context: str, seed: int) -> Frames:  # noqa: ARG002
        """See `VideoUpsampler`; only the pictures count."""
        return np.stack([self._enlarged(frame) for frame in small])

    def _enlarged(self, frame: Frames) -> Frames:
        planes = np.ascontiguousarray(frame.transpose(2, 0, 1), np.float32) / np.float32(255.0)
        run: Any = self._net.create_extractor()
        run.input(self._network.entry, self._ncnn.Mat(planes).clone())
        failed, made = run.extract(self._network.exit)
        large: npt.NDArray[np.float32] = np.array(made, np.float32)
        if failed or large.shape != (3, *self.size):
            raise Refusal("Real-ESRGAN made no picture; there may be too little memory. Leave --upsampler out.")
        pixels: Frames = (large.clip(0.0, 1.0) * 255.0).round().astype(np.uint8).transpose(1, 2, 0)
        return pixels

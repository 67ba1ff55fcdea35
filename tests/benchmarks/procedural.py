"""Clips a second of the procedural scenes: `python -m tests.benchmarks.procedural [--count 100] [--size 64x36]`.

Prints clips made one after another in one process (kernels on all of numba's threads), after a first clip that loads or
compiles the kernels; processor seconds a clip; and where the time goes.
"""

from __future__ import annotations

import argparse
import time

import numba

from pipeline.generate.procedural_clips import shots


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--size", default="64x36", help="WxH in pixels")
    parser.add_argument("--supersampling", type=int, default=2)
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    next(shots(9, 1, (height, width))).clip(options.supersampling)
    start, used, drawn = time.perf_counter(), time.process_time(), 0.0
    for shot in shots(0, options.count, (height, width)):
        began = time.perf_counter()
        shot.clip(options.supersampling)
        drawn += time.perf_counter() - began
    wall, cpu = time.perf_counter() - start, time.process_time() - used
    print(
        f"{options.count / wall:.1f} clips/s of 16x{height}x{width} on {numba.get_num_threads()} threads; "
        f"{1000 * cpu / options.count:.1f} ms of processor a clip, {1000 * drawn / options.count:.1f} ms drawing"
    )


if __name__ == "__main__":
    main()

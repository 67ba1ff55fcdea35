"""The verb train-prior: trains a stage of the pixel model for a while, and goes on from where it was."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType

from pipeline.cli.console import JsonLines
from pipeline.cli.run_job import CANCELLED, DONE
from pipeline.jobs.control import Control
from pipeline.messages import Finished, Message, Note, Progress


def train_prior(args: argparse.Namespace) -> int:
    """Train until the time is over. Ctrl-C and SIGTERM end it after the step at hand, with weights all the same."""
    from pipeline.generate.pixel_diffusion.clips import procedural_source
    from pipeline.generate.pixel_diffusion.presets import preset
    from pipeline.generate.pixel_diffusion.train import Training, train

    told = Training(
        preset(args.config, args.stage), args.out, minutes=args.minutes, steps=args.steps, seed=args.seed,
        resume=args.resume, workers=args.workers, device=args.device, precision=args.precision,
    )  # fmt: skip
    asked: list[int] = []
    control = Control()
    if args.attended:
        control.listen(sys.stdin)

    def stop(number: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for message in train(told, procedural_source, lambda: bool(asked) or control.stopping):
            JsonLines().hear(message) if args.json else _tell(message, args)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return CANCELLED if asked or control.stopping else DONE


def _tell(message: Message, args: argparse.Namespace) -> None:
    if isinstance(message, Progress):
        print(f"step {message.step}  loss {message.loss:.4f}  {message.per_second:.2f} steps/s", flush=True)
    elif isinstance(message, Note):
        print(message.text, flush=True)
    elif isinstance(message, Finished):
        rows = message.summary["held_out"]
        print(
            f"{args.out / args.stage}.safetensors after {message.summary['steps']} steps; --resume goes on from there"
        )
        print("sigma   " + "".join(f"{sigma:>9g}" for sigma in rows["sigmas"]) + "  (held-out error, 1 is guessing)")
        for kind, name in (("unconditional", "none"), ("first", "frame 0")):
            print(f"{name:8}" + "".join(f"{value:9.3f}" for value in rows[kind]))

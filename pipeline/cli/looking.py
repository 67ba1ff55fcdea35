"""The verbs about one video: check, stabilise, poses."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from pipeline.cli.console import complain, print_json
from pipeline.cli.run_job import DONE, USAGE, run_job

NO_MASKS = "none"


def check(args: argparse.Namespace) -> int:
    """Say what a video is worth, as a freeze-time video and as a reference video."""
    from pipeline.jobs.look import look

    seen = look(args.video)
    if args.json:
        print_json(seen.to_json())
    else:
        print(seen.text())
    return DONE


def stabilise(args: argparse.Namespace) -> int:
    """Take the shake out of a reference video."""
    from pipeline.jobs.look import stabilise as stabilised

    measured = stabilised(args.video, args.out, args.frame)
    if args.json:
        print_json({"out": str(args.out), "frame": measured.anchor, **measured.to_json()})
    else:
        print(f"Stabilised {args.out}: frame {measured.anchor} stays, drifts of up to {measured.worst:.2f} px are out")
    return DONE


def poses(args: argparse.Namespace) -> int:
    """Solve the cameras of one video into a folder, or of a project's freeze-time take in the project."""
    from pipeline.jobs.spec import PosesJob
    from pipeline.project.project_file import is_project

    if args.out is None:
        if is_project(args.video):
            return _project_poses(args)
        complain("say where cameras and report go: --out DIR")
        return USAGE
    how = "quick" if args.quick else "careful"
    own_lens = bool(args.per_frame_focal)
    job = PosesJob(str(args.out.resolve()), str(args.video), how, args.masks, args.hold, own_lens)
    code, end = run_job(job, as_json=args.json, attended=args.attended)
    if end is not None and not args.json:
        print((args.out / "report.txt").read_text(encoding="utf-8"), end="")
    return code


def _project_poses(args: argparse.Namespace) -> int:
    from pipeline.jobs.spec import FLOW_MASKS, CamerasJob
    from pipeline.project import edits
    from pipeline.project.project_file import load, update

    if args.hold is not None or args.quick:
        complain("cameras of a project are solved carefully, and those of frames solved before are held by themselves")
        return USAGE
    project = load(args.video)
    if args.masks not in (None, FLOW_MASKS, NO_MASKS):
        from pipeline.jobs.import_masks import bring_masks

        project, words = bring_masks(args.video, Path(args.masks))
        if not args.json:
            print(words)
    solve = project.cut.solve
    if args.per_frame_focal is not None:
        solve = replace(solve, per_frame_focal=args.per_frame_focal)
    if args.masks in (FLOW_MASKS, NO_MASKS):
        solve = replace(solve, flow_masks=args.masks == FLOW_MASKS, masks=None)
    if solve != project.cut.solve:  # a lift is to find what is solved now
        project = update(args.video, lambda known: edits.set_solve(known, solve))
    job = CamerasJob.from_project(project, args.video)
    code, end = run_job(job, as_json=args.json, attended=args.attended)
    if end is not None and not args.json:
        print(f"Solved: liftability {end.summary['score']} of 100; the report is {job.report_path}")
    return code

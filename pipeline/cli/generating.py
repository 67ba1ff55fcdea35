"""The verb generate: takes from a provider, kept and chosen as imported ones are."""

from __future__ import annotations

import argparse

from pipeline.cli.console import complain
from pipeline.cli.run_job import DONE, run_job


def generate(args: argparse.Namespace) -> int:
    """Have takes made; the first of each kind is chosen, so that `lift --out` goes on from here."""
    from pipeline.cli.words import generate_job
    from pipeline.project import edits, library, project_file
    from pipeline.project.provenance import coverage_in, seams_in

    job = generate_job(args)
    if job.wish.kind == "freeze_time" and job.wish.prompt and not args.json:
        complain(f"the prompt is {job.wish.prompt!r}")
    code, end = run_job(job, as_json=args.json)
    if project_file.is_project(args.out):
        project = project_file.update(args.out, library.completed)
    if end is None:
        return code
    if args.accept and end.summary["takes"]:
        last = end.summary["takes"][-1]
        project = project_file.update(args.out, lambda known: edits.accept(known, last))
    for take in (project.take(name) for name in end.summary["takes"]):
        height, width = take.clip.size
        told = [f"{take.clip.n_frames} frames of {width}x{height}", f"seed {take.request.seed}"]
        covered, seams = coverage_in(take.provenance), seams_in(take.provenance)
        told += [f"{covered.degrees:.0f} degrees"] if covered else []
        told += [f"weakest seam {min(seams.values()):.2f}"] if seams else []
        if not args.json:
            print(f"Kept take {take.id}: {', '.join(told)}")
    return DONE

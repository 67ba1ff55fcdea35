"""From parsed words to a verb's work and its exit code: 0 done, 1 failed, 2 usage, 130 cancelled."""

from __future__ import annotations

import argparse
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline.cli import generating, looking, providers, serving, training
from pipeline.cli.console import JsonLines, complain, print_json, reporter
from pipeline.cli.run_job import CANCELLED, DONE, FAILED, USAGE, run_job
from pipeline.messages import Failed, Finished, Produced
from pipeline.project.atomic import refusal_for
from pipeline.project.codec import encode
from renderer.errors import Refusal


def run_verb(args: argparse.Namespace) -> int:
    """Run one verb. What a person can mend ends in one sentence; a fault of ours keeps its traceback."""
    if args.version:
        print(f"splatime {installed_version()}")
        return DONE
    verbs = {
        "generate": generating.generate,
        "import": _import, "check": looking.check, "stabilise": looking.stabilise, "poses": looking.poses,
        "lift": _lift, "render": _render, "export": _export, "evaluate": _evaluate, "ablate": _ablate, "study": _study,
        "train-prior": training.train_prior, "serve-prior": serving.serve_prior,
        "providers": providers.providers, "fetch-model": providers.fetch_model,
        "info": _info, "pack": _pack, "unpack": _unpack, "relink": _relink, "doctor": _doctor,
    }  # fmt: skip
    if args.verb is None:
        complain("say a verb, or splatime --help")
        return USAGE
    try:
        return verbs[args.verb](args)
    except Refusal as refusal:
        return _failed(str(refusal), args)
    except BrokenPipeError:
        return FAILED  # the reader of our output left; there is nobody to tell
    except OSError as fault:
        return _failed(str(refusal_for(fault, Path(str(fault.filename or "the output")))), args)
    except KeyboardInterrupt:
        more = (
            "; the same command with --resume goes on from the last checkpoint"
            if args.verb in ("lift", "train-prior")
            else ""
        )
        _failed(f"Stopped{more}.", args, cancelled=True)
        return CANCELLED


def _failed(sentence: str, args: argparse.Namespace, *, cancelled: bool = False) -> int:
    if getattr(args, "json", False):
        JsonLines().hear(Failed(sentence, cancelled))
    complain(sentence)
    return FAILED


def _import(args: argparse.Namespace) -> int:
    from pipeline.project import library, project_file

    files = [(path, "reference") for path in args.reference] + [(path, "freeze_time") for path in args.freeze_time]
    if not files and args.poses is None and args.masks is None:
        complain(
            "say which videos: --reference R.mp4, --freeze-time F.mp4, or several of each; or --poses DIR, --masks DIR"
        )
        return USAGE
    project_file.check_home(args.project)
    with reporter(as_json=args.json) as out:
        for take in library.take_in(args.project, files):
            out.hear(Produced("take", encode(take)))
            if not args.json:
                print(f"Kept {take.clip.n_frames} frames as take {take.id}")
        if not args.library_only:
            project_file.update(args.project, library.completed)
        told: dict[str, Any] = {"takes": len(files)}
        if args.poses is not None:
            from pipeline.jobs.import_poses import bring_poses

            told["poses"] = bring_poses(args.project, args.poses)[1]
            if not args.json:
                print(told["poses"])
        if args.masks is not None:
            from pipeline.jobs.import_masks import bring_masks

            told["masks"] = bring_masks(args.project, args.masks)[1]
            if not args.json:
                print(told["masks"])
        out.hear(Finished(told))
    return DONE


def _pack(args: argparse.Namespace) -> int:
    from pipeline.project.pack import pack

    return _told(args, {"files": pack(args.project, args.out)}, f"Packed {args.project} into {args.out}")


def _unpack(args: argparse.Namespace) -> int:
    from pipeline.project.pack import unpack

    files = unpack(args.zip, args.out)
    return _told(args, {"files": files}, f"Unpacked into {args.out}; look at it with: splatime {args.out}")


def _relink(args: argparse.Namespace) -> int:
    from pipeline.project.relink import relink

    names = [take.title for take in relink(args.project, args.search)]
    return _told(args, {"takes": names}, f"Found {', '.join(names)}")


def _told(args: argparse.Namespace, summary: dict[str, Any], sentence: str) -> int:
    """Say that it is done, to a script or to a person."""
    JsonLines().hear(Finished(summary)) if args.json else print(sentence)
    return DONE


def _lift(args: argparse.Namespace) -> int:
    from pipeline.cli.words import lift_job

    if (args.reference is None) != (args.freeze_time is None):
        complain("name both --reference and --freeze-time, or neither to lift what the project has chosen")
        return USAGE
    if args.poses is not None and args.reference is None:
        complain("name both videos with --poses, whose cameras are those of the freeze-time video")
        return USAGE
    code, end = run_job(lift_job(args), as_json=args.json, attended=args.attended)
    if end is not None and not args.json:
        print(f"Lifted into {args.out}; look at it with: splatime {args.out}")
    return code


def _render(args: argparse.Namespace) -> int:
    from pipeline.cli.words import render_job

    code, end = run_job(render_job(args), as_json=args.json)
    if end is not None and not args.json:
        print(f"Rendered {args.out}")
    return code


def _export(args: argparse.Namespace) -> int:
    from pipeline.cli.words import export_job

    code, end = run_job(export_job(args), as_json=args.json)
    if end is not None and not args.json:
        print(f"Exported {args.out}")
    return code


def _evaluate(args: argparse.Namespace) -> int:
    from pipeline.jobs.run_dir import scene_of
    from pipeline.project import project_file

    _, scene = scene_of(args.project, project_file.load(args.project), args.run)
    from pipeline.cli.report import evaluation_text
    from pipeline.lift.evaluate import evaluate
    from pipeline.lift.judges import judged

    judge = partial(judged, folder=args.judges)
    figures = evaluate(scene, args.scene, freeze_time=args.freeze_time, judge=judge).to_json()
    if args.json:
        print_json(figures)
    else:
        print(evaluation_text(figures))
    return DONE


def _ablate(args: argparse.Namespace) -> int:
    from pipeline.cli.words import ablation_job
    from pipeline.jobs.ablation_report import TABLE

    code, end = run_job(ablation_job(args), as_json=args.json)
    if end is not None and not args.json:
        print((args.out / TABLE).read_text(encoding="utf-8"), end="")
    return code


def _study(args: argparse.Namespace) -> int:
    from pipeline.jobs.study import write_page

    page = write_page(args.a, args.b, args.out, args.prompt)
    summary = {"out": str(args.out.resolve()), "questions": page.questions, "study": page.id}
    asked = f"asks {page.questions} questions" + ("" if args.prompt.strip() else "; with --prompt TEXT one more")
    return _told(args, summary, f"Wrote {args.out}, which {asked}; open it in a browser")


def _info(args: argparse.Namespace) -> int:
    from pipeline.cli.report import info_text
    from pipeline.jobs.info import about

    data = about(args.project)
    if args.json:
        print_json(data)
    else:
        print(info_text(data))
    return DONE


def _doctor(args: argparse.Namespace) -> int:
    from pipeline.cli.report import doctor_text
    from pipeline.jobs.doctor import examine

    findings = examine()
    if args.json:
        for finding in findings:
            print_json(finding.to_json())
    else:
        print(doctor_text(findings))
    return FAILED if any(finding.state == "bad" for finding in findings) else DONE


def installed_version() -> str:
    """The version of the installed package, or a word when it runs from a bare checkout."""
    try:
        return version("splatime")
    except PackageNotFoundError:
        return "(not installed)"

"""The command line's grammar, a stable contract that scripts depend on. Imports nothing but argparse.

What can be told wrong from the words alone is a usage error here (exit 2; single words: `values`); what needs a look at
the disk is refused later with a sentence (exit 1).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipeline.cli.values import (
    ABLATIONS,
    arms,
    frame_list,
    frame_rate,
    image_size,
    measure,
    moment,
    natural,
    passes,
    seeds,
    setting,
    time_range,
    whole,
)

VERBS = (
    "generate", "import", "check", "stabilise", "poses", "lift", "render", "export", "evaluate", "ablate", "study",
    "train-prior", "serve-prior", "providers", "fetch-model", "info", "pack", "unpack", "relink", "doctor",
)  # fmt: skip
CODECS = ("h264", "h265", "prores", "vp9", "gif")
GENERATED = ("reference", "freeze-time", "extend", "reroll")

_EPILOG = "With no verb: splatime [PROJECT] opens the window. Exit codes: 0 done, 1 failed, 2 usage, 130 cancelled."


def build_parser() -> argparse.ArgumentParser:
    """The whole grammar."""
    parser = argparse.ArgumentParser(prog="splatime", description="Lift two videos into a 4D scene.", epilog=_EPILOG)
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    _add_generate(verbs)
    _add_import(verbs)
    _add_looking(verbs)
    _add_lift(verbs)
    _add_render(verbs)
    _add_export(verbs)
    _add_evaluate(verbs)
    _add_ablate(verbs)
    _add_train_prior(verbs)
    _add_serve_prior(verbs)
    _add_providers(verbs)
    pack = verbs.add_parser("pack", help="write a project to one zip file")
    pack.add_argument("project", type=Path, metavar="PROJECT")
    pack.add_argument("--out", type=Path, required=True, metavar="X.zip")
    unpack = verbs.add_parser("unpack", help="make a project folder from a packed project")
    unpack.add_argument("zip", type=Path, metavar="X.zip")
    unpack.add_argument("--out", type=Path, required=True, metavar="PROJECT", help="a new or empty folder")
    relink = verbs.add_parser("relink", help="find videos that are gone from a project by their content")
    relink.add_argument("project", type=Path, metavar="PROJECT")
    relink.add_argument("--search", type=Path, required=True, metavar="DIR|FILE")
    info = verbs.add_parser("info", help="say what a project holds")
    info.add_argument("project", type=Path, metavar="PROJECT")
    doctor = verbs.add_parser("doctor", help="say what this machine has and lacks")
    for verb in (info, pack, unpack, relink, doctor):
        _add_json(verb)
    return parser


def _add_json(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--json", action="store_true", help="one JSON object per line on standard output")


def _add_generate(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    make = verbs.add_parser(
        "generate", help="have a provider make takes: videos, more of them, or some of their frames"
    )
    what = make.add_mutually_exclusive_group(required=True)
    what.add_argument("--kind", choices=GENERATED, help="a reference video, a freeze-time one, more of it, or less")
    what.add_argument("--like", metavar="TAKE", help="the same request as that of a take, with other seeds")
    make.add_argument("--provider", required=True, metavar="P", help="who makes it; doctor lists them")
    make.add_argument("--prompt", default="", metavar="TEXT", help="what to show; by default what the take was told")
    make.add_argument("--as-written", action="store_true", help="take a freeze-time prompt word for word")
    make.add_argument("--negative-prompt", default="", metavar="TEXT", help="what not to show")
    make.add_argument("--take", metavar="ID", help="the take to go on from; by default the one that is used")
    make.add_argument("--frame", type=natural, metavar="F", help="reference frame that a freeze-time video begins with")
    make.add_argument("--lock", type=frame_list, metavar="0-3,12", help="frames that a re-roll keeps as they are")
    make.add_argument("--frames", type=frame_list, metavar="4-7", help="frames that a re-roll makes anew")
    make.add_argument("--between", type=whole(1, 16), default=0, metavar="K", help="K new frames after each of them")
    make.add_argument("--side", choices=("left", "right", "both"), default="both", help="where an extension grows")
    make.add_argument("--sweep", type=measure(360), default=0.0, metavar="DEG", help="degrees to reach; 0: one step")
    make.add_argument("--seed", type=whole(0, 2**31 - 1), default=0, metavar="N")
    make.add_argument("--takes", type=whole(1, 64), default=1, metavar="N", help="so many, with seeds N, N+1, ...")
    make.add_argument("--count", type=whole(2, 1000), default=0, metavar="N", help="frames of a new video")
    make.add_argument("--size", type=image_size, default=(0, 0), metavar="WxH")
    make.add_argument("--fps", type=frame_rate, default=0.0, metavar="F")
    make.add_argument("--steps", type=whole(1, 10_000), default=0, metavar="N", help="of the sampler")
    make.add_argument("--guidance", type=measure(1000), default=0.0, metavar="G")
    make.add_argument("--model", metavar="DIR", help="the folder of the provider's model, as --set model=DIR")
    make.add_argument("--set", type=setting, action="append", default=[], metavar="KEY=VALUE", help="for the provider")
    make.add_argument("--accept", action="store_true", help="use the new take in place of its source")
    make.add_argument("--out", type=Path, required=True, metavar="PROJECT", help="project folder, made when missing")
    _add_json(make)


def _add_import(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    take = verbs.add_parser("import", help="bring videos into a project as takes, without lifting")
    take.add_argument("project", type=Path, metavar="PROJECT", help="project folder, made when missing")
    take.add_argument("--reference", type=Path, action="append", default=[], metavar="R.mp4")
    take.add_argument("--freeze-time", type=Path, action="append", default=[], metavar="F.mp4")
    take.add_argument(
        "--poses", type=Path, metavar="DIR", help="cameras from another program for the chosen freeze-time take"
    )
    take.add_argument(
        "--masks", type=Path, metavar="DIR", help="pictures over that take, black where its solver is not to look"
    )
    take.add_argument("--library-only", action="store_true", help=argparse.SUPPRESS)  # the window chooses by itself
    _add_json(take)


def _add_looking(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = verbs.add_parser("check", help="say in seconds what a video is worth, and why")
    check.add_argument("video", type=Path, metavar="VIDEO")
    stabilise = verbs.add_parser("stabilise", help="take the shake out of a reference video")
    stabilise.add_argument("video", type=Path, metavar="VIDEO")
    stabilise.add_argument("--out", type=Path, required=True, metavar="X.mkv|X.mp4", help=".mkv keeps every pixel")
    stabilise.add_argument("--frame", type=natural, metavar="I", help="the frame that stays as it is")
    poses = verbs.add_parser("poses", help="solve the cameras of a freeze-time video, with a report")
    poses.add_argument("video", type=Path, metavar="VIDEO", help="or a project: its chosen freeze-time take")
    poses.add_argument("--out", type=Path, metavar="DIR", help="for cameras and report; a project keeps its own")
    how = poses.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true", help="an answer in seconds")
    how.add_argument("--careful", action="store_true", help="the default")
    poses.add_argument(
        "--masks", metavar="flow|DIR",
        help="leave out what moves: found from optical flow, or black in a folder's pictures",
    )  # fmt: skip
    poses.add_argument("--hold", metavar="DIR", help="of an earlier solve: cameras of the same pictures do not move")
    poses.add_argument(
        "--per-frame-focal", action=argparse.BooleanOptionalAction,
        help="each frame its own, where the lens zooms; a project remembers it, and its masks until --masks none",
    )  # fmt: skip
    poses.add_argument("--attended", action="store_true", help=argparse.SUPPRESS)  # the window holds our stdin
    for verb in (check, stabilise, poses):
        _add_json(verb)


def _add_lift(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    lift = verbs.add_parser("lift", help="make a scene from a reference video and a freeze-time video")
    lift.add_argument("--reference", type=Path, metavar="R.mp4", help="things move, camera still")
    lift.add_argument("--freeze-time", type=Path, metavar="F.mp4", help="camera moves, time frozen")
    lift.add_argument(
        "--out", type=Path, required=True, metavar="PROJECT",
        help="project folder, made when missing; without videos, lifts what this project has chosen",
    )  # fmt: skip
    lift.add_argument("--poses", type=Path, metavar="DIR", help="cameras from another program instead of solving them")
    # What is not said is the project's choice, and draft, auto and 0 where there is none.
    lift.add_argument("--preset", choices=("draft", "standard", "paper"))
    lift.add_argument("--canonical-frame", type=natural, metavar="I", help="reference frame of the frozen moment")
    lift.add_argument("--canonical-freeze-frame", type=natural, metavar="J", help="freeze-time frame of that moment")
    lift.add_argument("--device", choices=("auto", "cpu", "cuda"))
    lift.add_argument("--seed", type=natural, metavar="N")
    lift.add_argument("--without", choices=ABLATIONS, action="append", default=[], help="leave a part out (ablation)")
    _add_prior(lift, None)
    lift.add_argument(
        "--upsampler", metavar="none|pixel|realesrgan|DIR", help="model for re-upsampled details, the last stage"
    )
    lift.add_argument("--attended", action="store_true", help=argparse.SUPPRESS)  # the window holds our stdin
    lift.add_argument("--resume", action="store_true", help="go on from the last checkpoint, if there is one")
    _add_json(lift)


def _add_evaluate(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    evaluate = verbs.add_parser("evaluate", help="measure a lifted scene against frames that were held out")
    evaluate.add_argument("project", type=Path, metavar="PROJECT")
    evaluate.add_argument("--run", metavar="ID", help="default: the newest finished one")
    evaluate.add_argument("--scene", type=Path, required=True, metavar="DIR", help="with scene.json and held_out.mp4")
    evaluate.add_argument(
        "--freeze-time", type=Path, metavar="F.mp4", help="what was lifted instead of the scene's, with its cameras"
    )
    evaluate.add_argument(
        "--judges", type=Path, metavar="DIR", help="x-clip/ and videoscore/ with weights, instead of the cache"
    )
    study = verbs.add_parser("study", help="write a page that asks people which of two renders is better")
    study.add_argument("a", type=Path, metavar="A.mp4")
    study.add_argument("b", type=Path, metavar="B.mp4")
    study.add_argument("--out", type=Path, required=True, metavar="PAGE.html")
    study.add_argument("--prompt", default="", metavar="TEXT", help="what the videos should show; else six questions")
    for verb in (evaluate, study):
        _add_json(verb)


def _add_ablate(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    ablate = verbs.add_parser("ablate", help="lift a scene with parts of the method left out, and compare")
    which = ablate.add_mutually_exclusive_group(required=True)
    which.add_argument("of", type=Path, nargs="?", metavar="SCENE", help="a folder with scene.json and held_out.mp4")
    which.add_argument("--scene", type=Path, metavar="DIR", help="the same")
    which.add_argument("--faulty", action="store_true", help="the procedural sample with injected faults")
    ablate.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the table, the sheet and the lifts")
    ablate.add_argument("--arms", type=arms, default=(), metavar="A,B", help=f"some of {','.join(ABLATIONS)}")
    ablate.add_argument("--preset", choices=("draft", "standard", "paper"), default="draft")
    ablate.add_argument("--seeds", type=seeds, default=1, metavar="N", help="lift each arm with seeds 0 to N - 1")
    ablate.add_argument(
        "--freeze-time", type=Path, metavar="F.mp4", help="instead of the scene's own; its frame k is camera k"
    )
    ablate.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    _add_prior(ablate, "auto")
    _add_json(ablate)


def _add_train_prior(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    train = verbs.add_parser("train-prior", help="train the pixel model on procedural scenes, or go on with it")
    train.add_argument("--config", choices=("toy", "small", "medium", "paper"), default="small", help="how large it is")
    train.add_argument("--stage", choices=("base", "upsampler"), default="base")
    train.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the checkpoint, videos and weights")
    train.add_argument("--minutes", type=measure(1e6), metavar="M", help="how long; without end when neither is said")
    train.add_argument("--steps", type=natural, metavar="N", help="until step N of the whole run")
    train.add_argument("--seed", type=natural, default=0, metavar="N")
    train.add_argument("--workers", type=natural, default=1, metavar="N", help="processes that make videos")
    train.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    train.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto", help="bfloat16 on a GPU")
    train.add_argument("--resume", action="store_true", help="go on from the checkpoint, if there is one")
    train.add_argument("--attended", action="store_true", help=argparse.SUPPRESS)  # the window holds our stdin
    _add_json(train)


def _add_providers(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    tell = verbs.add_parser("providers", help="say what makes videos here, and what one of them can do")
    tell.add_argument("name", nargs="?", metavar="NAME", help="tell all of this one")
    tell.add_argument("--model", metavar="DIR", help="as this model's folder makes it")
    tell.add_argument("--set", type=setting, action="append", default=[], metavar="KEY=VALUE", help="as an option does")
    fetch = verbs.add_parser("fetch-model", help="bring a published video model to this machine, once you agree")
    fetch.add_argument("repository", metavar="OWNER/NAME", help="as its page on the Hugging Face hub is called")
    fetch.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder for it, made when missing")
    fetch.add_argument("--yes", action="store_true", help="agree to its size and licence without being asked")
    for verb in (tell, fetch):
        _add_json(verb)


def _add_serve_prior(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    serve = verbs.add_parser("serve-prior", help="serve a latent video model to lifts on this or another machine")
    serve.add_argument("--prior", required=True, metavar="DIR", help="the model's folder, or a name")
    serve.add_argument("--host", default="127.0.0.1", metavar="H", help="to listen at; this machine alone by default")
    serve.add_argument("--port", type=natural, default=8471, metavar="P", help="0 takes a free one")
    serve.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    _add_json(serve)


def _add_prior(verb: argparse.ArgumentParser, default: str | None) -> None:
    verb.add_argument(
        "--prior", default=default, metavar="pixel|none|DIR|URL",
        help="video prior for score distillation; when not named, the shipped one in presets that ask for it",
    )  # fmt: skip


def _add_render(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    render = verbs.add_parser("render", help="render a picture, a film or a folder of frames")
    render.add_argument("project", type=Path, metavar="PROJECT")
    render.add_argument("--out", required=True, metavar="X.png|X.exr|X.mp4|X.mov|X.webm|X.gif|DIR/")
    render.add_argument("--camera", default="reference", metavar="freeze:K|reference|study|FILE.json")
    render.add_argument("--time", type=time_range, metavar="T|T0:T1", help="in reference frames")
    render.add_argument("--size", type=image_size, metavar="WxH")
    render.add_argument("--fps", type=frame_rate, metavar="F")
    render.add_argument("--codec", choices=CODECS, help="of a film; by the ending of --out when not given")
    render.add_argument("--frames", choices=("png", "exr"), default="png", help="what a folder holds")
    render.add_argument("--passes", type=passes, default=("colour",), metavar="P,P", help="some of colour,depth,alpha")
    render.add_argument("--supersampling", type=int, choices=range(1, 5), default=1, metavar="1..4")
    render.add_argument("--transparent", action="store_true", help="keep alpha instead of lying over black")
    render.add_argument("--run", metavar="ID", help="another run than the newest finished one")
    _add_json(render)


def _add_export(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    export = verbs.add_parser("export", help="write splat files that other programs open")
    export.add_argument("project", type=Path, metavar="PROJECT")
    export.add_argument("--out", required=True, metavar="X.ply|DIR/")
    export.add_argument("--format", choices=("ply", "ply-sequence"), help="by the form of --out when not given")
    export.add_argument("--time", type=moment, metavar="T", help="in reference frames")
    export.add_argument("--run", metavar="ID", help="another run than the newest finished one")
    _add_json(export)

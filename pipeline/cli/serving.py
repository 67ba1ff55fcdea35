"""The verb serve-prior: a latent model on this machine, for lifts on this or another one."""

from __future__ import annotations

import argparse

from pipeline.cli.console import print_json
from pipeline.cli.run_job import DONE
from renderer.errors import Refusal


def serve_prior(args: argparse.Namespace) -> int:
    """Load the model, say where it is served, and serve it until Ctrl-C."""
    from pipeline.generate import priors
    from pipeline.generate.provider import VideoRefiner
    from pipeline.generate.serving import PriorServer
    from pipeline.lift.run import choose_device

    content = priors.content_of(args.prior)
    model = priors.load_prior(args.prior, choose_device(args.device).type)
    if not isinstance(model, VideoRefiner):
        raise Refusal(f"{args.prior} works on pixels and is fast enough where the lift is; latent models are served.")
    with PriorServer(model, content, args.host, args.port) as server:
        if args.json:
            print_json({"address": server.address, **server.served.to_json()})
        else:
            print(f"Serving {args.prior}; lift with --prior {server.address}. Ctrl-C ends it.", flush=True)
        server.serve_forever()
    return DONE

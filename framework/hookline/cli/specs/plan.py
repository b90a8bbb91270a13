"""`hookline plan spec.toml`, and `hookline plan --resume runs/iris/1`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import asdict

from hookline.cli.arguments.spec_arguments import (
    add_allow_argument,
    add_from_argument,
    add_spec_arguments,
    document_of,
    loader_of,
    located,
)
from hookline.cli.commands import GOOD
from hookline.cli.output.plans.plan_lines import plan_lines
from hookline.cli.output.plans.remaining_lines import remaining_lines
from hookline.cli.output.screen import screen_width
from hookline.cli.output.warnings import printed_warnings
from hookline.errors.exceptions import HooklineError
from hookline.errors.printing import echo, echo_json
from hookline.plugins.sources.local import from_file

if TYPE_CHECKING:
    from hookline.runs.plan.plan import Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("spec", nargs="?", help="a TOML file")
    add_spec_arguments(parser)
    add_from_argument(parser)
    parser.add_argument(
        "--resume", metavar="RUN", help="instead of a spec: show what was done in this run, and what remains of it"
    )
    add_allow_argument(parser)
    parser.add_argument("--format", choices=["text", "json"], default="text", help="the output format (default: text)")


def run(arguments: argparse.Namespace) -> int:
    """Read the data, build the model, and print what would run, without training."""
    if (arguments.spec is None) == (arguments.resume is None):
        raise HooklineError("Pass either a spec, or a run to resume: `--resume runs/iris/1`.")
    return _plan_of_run(arguments) if arguments.spec is None else _plan_of_spec(arguments)


def _plan_of_spec(arguments: argparse.Namespace) -> int:
    if arguments.allow:
        raise HooklineError("`--allow` is for a run to resume: `--resume runs/iris/1`.")
    document = document_of(arguments, arguments.spec)
    loader = loader_of(arguments)
    spec = loader.load(document, with_data=True)
    from hookline.cli.output.space_lines import space_as_json, space_lines
    from hookline.cli.training import _deferred_compiler as deferred_compiler
    from hookline.training.planning.pace import seconds_of_epoch
    from hookline.training.planning.planning import with_estimates
    from hookline.training.preparation import prepared
    from hookline.training.run_setup import new_run

    deferred_compiler.defer()
    with printed_warnings(document), located(document, spec), new_run(spec, loader.plugins(document)) as opened:
        made = prepared(opened)
        plan = with_estimates(opened, made)
        epoch = None if spec.tune is None else seconds_of_epoch(opened, made)
    if arguments.format == "json":
        search = {} if spec.tune is None else {"search": space_as_json(spec, spec.tune, epoch)}
        echo_json({**_as_json(plan), **search}, indent=2)
    else:
        echo(*plan_lines(plan, screen_width()))
        if spec.tune is not None:
            echo("", *space_lines(spec, spec.tune, epoch, screen_width()))
    return GOOD


def _plan_of_run(arguments: argparse.Namespace) -> int:
    if arguments.overlays or arguments.from_run:
        raise HooklineError("A run continues with its own spec: remove `--with` and `--from`, and use `--set`.")
    from hookline.cli.training import _deferred_compiler as deferred_compiler
    from hookline.trained.resume import resumable_run

    extra = [from_file(file) for file in arguments.plugin]
    with printed_warnings(str(Path(arguments.resume) / "spec.toml")):
        run = resumable_run(arguments.resume, overrides=arguments.overrides, allow=arguments.allow, plugins=extra)
    deferred_compiler.defer()
    with printed_warnings(run.document), located(run.document, run.spec):
        plan, remaining = run.planned(run.loader.plugins(run.document))
    if arguments.format == "json":
        made = {**asdict(remaining), "directory": str(remaining.directory)}
        echo_json({"resume": made, **_as_json(plan)}, indent=2)
    else:
        echo(*remaining_lines(remaining, screen_width()), "", *plan_lines(plan, screen_width()))
    return GOOD


def _as_json(plan: "Plan") -> dict[str, Any]:
    """A plan as JSON values, with the totals that the text output shows."""
    made = asdict(plan, filter=lambda _, value: value is not None)
    memory = {} if plan.memory is None else {"memory": {**made["memory"], "total": plan.memory.total}}
    return {**made, "parameters": plan.parameters, **memory}

"""`hookline tune spec.toml`, and `hookline tune --resume runs/iris/1`."""

import argparse
import gc
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.check.load import Loader
from hookline.cli.arguments.spec_arguments import add_spec_arguments, document_of, loader_of, located
from hookline.cli.main import GOOD
from hookline.errors.exceptions import HooklineError

if TYPE_CHECKING:
    from hookline.tuning.study import Study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("spec", nargs="?", help="a TOML file with a section [tune]")
    add_spec_arguments(parser)
    parser.add_argument(
        "--trials", type=_positive, metavar="N", help="the total number of trials (default: the spec's)"
    )
    parser.add_argument(
        "--workers", type=_positive, default=1, metavar="N", help="the number of processes on this machine (default: 1)"
    )
    parser.add_argument("--out", metavar="DIR", help="the new directory of the study (default: runs/<name>/<number>)")
    parser.add_argument(
        "--resume",
        "--join",
        metavar="DIR",
        help="go on with the study in this directory, also beside other processes that work on it",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors and warnings")


def run(arguments: argparse.Namespace) -> int:
    """Tune the spec, and print the trials and the best one."""
    loader = loader_of(arguments)
    return tuned(opened(arguments, loader), arguments, arguments.workers)


def tuned(study: "Study", arguments: argparse.Namespace, workers: int = 1) -> int:
    """Train the trials of a study, and return the exit code. The arguments are those of `hookline train`, too."""
    from hookline.cli import _deferred_compiler as deferred_compiler
    from hookline.cli.output.trial_lines import TrialDisplay
    from hookline.cli.output.warnings import printed_warnings
    from hookline.plugins.signals import EXIT_CODE, Interruption
    from hookline.tuning.finishing import finish
    from hookline.tuning.workers import work_together

    gc.enable()
    deferred_compiler.defer()
    display = TrialDisplay(study)
    with Interruption() as interruption:
        interruption.listen()
        shown = nullcontext() if arguments.quiet else display
        with printed_warnings(study.document), located(study.document), shown:
            if workers == 1:
                study.work(interruption, on_end=display.add)
            else:
                work_together(study, workers, interruption, display.add, plugins=arguments.plugin)
        with printed_warnings(study.document), located(study.document):
            deployed = finish(study)
        if not arguments.quiet:
            display.print_result(interruption.number, deployed)
        number, interruption.number = interruption.number, None
    return GOOD if number is None else EXIT_CODE + number


def opened(arguments: argparse.Namespace, loader: Loader) -> "Study":
    """The study that the arguments name: a new one, or one to go on with."""
    from hookline.tuning.opening import new_study, open_study

    if arguments.spec is None and arguments.resume is None:
        raise HooklineError("Pass a spec with a section [tune], or a study to go on with: `--resume runs/iris/1`.")
    if arguments.resume is not None and arguments.out is not None:
        raise HooklineError("`--resume` goes on in the directory of the study: remove `--out`.")
    changes = [] if arguments.trials is None else [f"tune.trials={arguments.trials}"]
    if arguments.spec is None:
        if arguments.overlays or arguments.overrides:
            raise HooklineError("A study goes on with its own spec: remove `--set` and `--with`.")
        return open_study(Path(arguments.resume), loader, trials=arguments.trials)
    arguments.overrides = [*arguments.overrides, *changes]
    document = document_of(arguments, arguments.spec)
    spec = loader.load(document, with_data=True)
    if arguments.resume is not None:
        return open_study(Path(arguments.resume), loader, like=spec)
    return new_study(spec, loader, document, arguments.out)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is not a positive number.")
    return int(text)

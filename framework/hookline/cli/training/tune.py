"""`hookline tune spec.toml`, and `hookline tune --resume runs/iris/1`."""

import argparse
import gc
import os
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.check.load import Loader
from hookline.check.toml.override import ChangeByOption
from hookline.cli.arguments.numbers import positive_integer
from hookline.cli.arguments.spec_arguments import add_spec_arguments, document_of, loader_of, located
from hookline.cli.commands import GOOD
from hookline.cli.output.screen import screen_width
from hookline.errors.argument_error import ArgumentError
from hookline.errors.exceptions import HooklineError
from hookline.errors.printing import echo
from hookline.runs.study import STORAGE, read_plan

if TYPE_CHECKING:
    from hookline.check.toml.document import Document
    from hookline.plugins.signals import Interruption
    from hookline.spec.space.storage import Storage
    from hookline.spec.training import TrainingSpec
    from hookline.tuning.study import Study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("spec", nargs="?", help="a TOML file with a section [tune]")
    add_spec_arguments(parser)
    parser.add_argument(
        "--trials", type=positive_integer, metavar="N", help="the total number of trials (default: the spec's)"
    )
    parser.add_argument(
        "--workers",
        type=positive_integer,
        default=1,
        metavar="N",
        help="the number of processes on this machine (default: 1)",
    )
    parser.add_argument("--out", metavar="DIR", help="the new directory of the study (default: runs/<name>/<number>)")
    parser.add_argument(
        "--resume",
        "--join",
        metavar="DIR|URL",
        help="continue the study in this directory or storage, also beside other processes that work on it",
    )
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="keep the trials in a database that several machines share, such as postgresql://me@host/db (default: the "
        "environment variable HOOKLINE_STORAGE); a study of the same name is joined",
    )
    parser.add_argument("--study", metavar="NAME", help="the name of the study in the storage (default: run.name)")
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors and warnings")


def run(arguments: argparse.Namespace) -> int:
    """Tune the spec, and print the trials and the best one."""
    if arguments.spec is None and arguments.resume is None:
        raise HooklineError("Pass a spec with a section [tune], or a study to resume: `--resume runs/iris/1`.")
    loader, url = loader_of(arguments), _url(arguments)
    return _work(arguments, loader, *_spec_of(arguments, loader), url)


def tuned_by_default(arguments: argparse.Namespace, loader: Loader, spec: "TrainingSpec", document: "Document") -> int:
    """Tune a spec for `hookline train`, as `hookline tune` does without options of its own."""
    defaults = {"trials": None, "workers": 1, "resume": None, "storage": None, "study": None}
    made = argparse.Namespace(**vars(arguments), **defaults)
    return _work(made, loader, spec, document, _url(made))


def _work(
    arguments: argparse.Namespace,
    loader: Loader,
    spec: "TrainingSpec | None",
    document: "Document | None",
    url: str | None,
) -> int:
    from hookline.plugins.manager import Plugins
    from hookline.tuning.joining import connected

    plugins = Plugins((), loader.extra) if document is None else loader.plugins(document)
    with connected(url, plugins) as storage:
        return _tuned(opened(arguments, loader, spec, document, storage), arguments, url)


def _tuned(study: "Study", arguments: argparse.Namespace, url: str | None) -> int:
    """Train the trials of a study, and return the exit code."""
    from hookline.cli.output.trial_lines import TrialDisplay
    from hookline.cli.output.warnings import printed_warnings
    from hookline.cli.training import _deferred_compiler as deferred_compiler
    from hookline.plugins.signals import EXIT_CODE, Interruption
    from hookline.tuning.finishing import finish
    from hookline.tuning.workers import work_together

    gc.enable()
    deferred_compiler.defer()
    display = TrialDisplay(study)
    with Interruption() as interruption:
        interruption.listen()
        shown = nullcontext() if arguments.quiet else display
        with printed_warnings(study.document), located(study.document, study.spec), shown:
            if arguments.workers == 1:
                study.work(interruption, on_end=display.add)
            else:
                work_together(
                    study,
                    arguments.workers,
                    interruption,
                    display.add,
                    plugins=arguments.plugin,
                    url=url,
                    on_warning=lambda line: echo(line, file=sys.stderr),
                )
        with printed_warnings(study.document), located(study.document, study.spec):
            deployed = finish(study)
        if not arguments.quiet:
            display.print_result(interruption.number, deployed)
        with printed_warnings(study.document), located(study.document, study.spec):
            _refit(study, interruption, is_quiet=arguments.quiet)
        number, interruption.number = interruption.number, None
    return GOOD if number is None else EXIT_CODE + number


def _refit(study: "Study", interruption: "Interruption", *, is_quiet: bool) -> None:
    """Train the best values on training and validation rows if the spec says so, and print the result."""
    from hookline.cli.output.trial_lines import refit_lines
    from hookline.plugins.signals import sentence
    from hookline.tuning.refitting import refit

    try:
        made = refit(study, interruption)
    except KeyboardInterrupt:
        number = interruption.number or signal.SIGINT
        echo(sentence(number), f"Train with `refit` anew with `hookline tune --resume {study.root}`.", file=sys.stderr)
        interruption.number = number
        return
    if made is not None and not is_quiet:
        echo(*refit_lines(made, screen_width()))


def opened(
    arguments: argparse.Namespace,
    loader: Loader,
    spec: "TrainingSpec | None",
    document: "Document | None",
    storage: "Storage | None",
) -> "Study":
    """The study that the arguments name: a new one, or one to resume."""
    from hookline.tuning.joining import join_study
    from hookline.tuning.opening import new_study, open_study

    if arguments.resume is not None and "://" not in arguments.resume:
        return open_study(Path(arguments.resume), loader, like=spec, trials=arguments.trials, storage=storage)
    if storage is not None:
        given = {"like": spec, "trials": arguments.trials, "out": arguments.out}
        return join_study(storage, arguments.study, loader, creates=arguments.resume is None, **given)
    assert spec is not None, "There is a spec, or a study to resume."
    assert document is not None, "A spec has a document."
    return new_study(spec, loader, document, arguments.out)


def _url(arguments: argparse.Namespace) -> str | None:
    """The URL of the storage with the trials; `None` if they are in a directory.

    Raises:
        ArgumentError: if an argument has no effect beside the others.

    """
    from hookline.tuning.opening import refuse_unused_arguments

    if "://" in (arguments.resume or ""):
        if arguments.storage is not None:
            raise ArgumentError("storage", "`--resume` has the URL of the storage already: remove this.")
        return str(arguments.resume)
    given = arguments.storage or os.environ.get(STORAGE)
    if arguments.resume is None:
        refuse_unused_arguments(None, out=arguments.out, storage=given, study=arguments.study)
        return given
    refuse_unused_arguments(arguments.resume, out=arguments.out, storage=arguments.storage, study=arguments.study)
    return None if read_plan(Path(arguments.resume)).storage is None else given


def _spec_of(arguments: argparse.Namespace, loader: Loader) -> "tuple[TrainingSpec | None, Document | None]":
    """The spec that the arguments name, if any, with its document."""
    if arguments.spec is None:
        if arguments.overlays or arguments.overrides:
            raise HooklineError("A study keeps its own spec: remove `--set` and `--with`.")
        return None, None
    if arguments.trials is not None and document_of(arguments, arguments.spec).root.child("tune") is not None:
        arguments.overrides = [
            *arguments.overrides,
            ChangeByOption(f"tune.trials={arguments.trials}", f"--trials {arguments.trials}"),
        ]
    document = document_of(arguments, arguments.spec)
    return loader.load(document, with_data=True), document

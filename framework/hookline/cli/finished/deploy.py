"""`hookline deploy runs/iris/1 --type Safetensors`."""

import argparse
import gc
import sys
from pathlib import Path

from hookline.cli.arguments.run_arguments import add_opening_arguments, add_run_argument, opened_run
from hookline.cli.commands import GOOD
from hookline.cli.output.screen import paragraph, screen_width
from hookline.cli.output.warnings import printed_warnings
from hookline.errors.exceptions import HooklineError
from hookline.errors.printing import echo
from hookline.plugins.signals import EXIT_CODE, EndedBySignal, raising, sentence
from hookline.plugins.sources.local import from_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run_argument(parser)
    parser.add_argument(
        "--type",
        metavar="TYPE",
        help='the format: `hookline list "deployment targets"` lists them (default: those of [[deploy]] in the spec)',
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="options",
        metavar="OPTION=VALUE",
        help="set an option of the format, as `hookline show TYPE` lists them, or change the data source, such as "
        "data.path=/new/iris.csv, for a run without example rows; repeatable",
    )
    parser.add_argument(
        "-o", "--out", metavar="DIR", help="the directory of the files (default: a directory in that of the run)"
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace the directory of a deployed model; it stays until the new one is complete",
    )
    add_opening_arguments(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors and warnings")


def run(arguments: argparse.Namespace) -> int:
    """Deploy the run, and print what was written and how it compares."""
    overrides = [change for change in arguments.options if change.lstrip().startswith("data.")]
    options = [change for change in arguments.options if change not in overrides]
    if arguments.type is None and options:
        raise HooklineError("`--set` sets options of a format: pass its type, too, with `--type`.")
    from hookline.trained.chosen_target import target_of_texts

    gc.enable()
    plugins = [from_file(file) for file in arguments.plugin]
    with printed_warnings(str(Path(arguments.directory) / "spec.toml")):
        finished = opened_run(arguments, arguments.directory, arguments.trial, plugins, overrides=overrides)
        targets = finished.spec.deploy if arguments.type is None else [target_of_texts(arguments.type, options)]
        if not targets:
            raise HooklineError("The spec of the run has no [[deploy]]: pass a format with `--type`.")
        if arguments.out is not None and len(targets) > 1:
            raise HooklineError("The spec has several [[deploy]]: pass one of them with `--type`, to use `--out`.")
        for target in targets:
            try:
                with raising():
                    made = finished.deploy(target, out=arguments.out, force=arguments.force)
            except EndedBySignal as signal:
                echo(sentence(signal.number), file=sys.stderr)
                return EXIT_CODE + signal.number
            if not arguments.quiet:
                width = screen_width()
                echo(*(f"  deployed {path}" for path in made.files))
                echo(*paragraph(made.compared, width))
    return GOOD

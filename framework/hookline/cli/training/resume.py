"""`hookline resume runs/iris/1`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from hookline.cli.arguments.spec_arguments import add_allow_argument, add_plugin_argument, add_set_argument
from hookline.cli.commands import GOOD
from hookline.errors.printing import echo
from hookline.plugins.sources.local import from_file
from hookline.plugins.trial import Trial


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("directory", metavar="RUN", help="the directory of a run that saved checkpoints")
    add_set_argument(parser, "change a value of the spec, such as run.epochs=50 for a longer run")
    add_allow_argument(parser)
    add_plugin_argument(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors and warnings")


def run(arguments: argparse.Namespace) -> int:
    """Resume the run, and print the results."""
    # Imported here, so that `hookline resume --help` does not wait for these imports.
    from hookline.cli.output.training import trained
    from hookline.cli.output.warnings import printed_warnings
    from hookline.plugins.manager import Plugins
    from hookline.trained.resume import resumable_run

    extra: list[object] = [from_file(file) for file in arguments.plugin]
    directory = Path(arguments.directory)
    with printed_warnings(str(directory / "spec.toml")):
        run = resumable_run(directory, overrides=arguments.overrides, allow=arguments.allow, plugins=extra)
    if run.has_ended:
        if not arguments.quiet:
            longer = f"`hookline resume {directory} --set run.epochs={2 * run.spec.run.epochs}`"
            echo(f"{directory}: The run has ended after step {run.step:,}, so nothing remains. A longer run: {longer}.")
        return GOOD
    if not arguments.quiet:
        echo(f"{arguments.directory}: The newest checkpoint is that of step {run.step:,}.", "")

    def train_with(added: Sequence[object]) -> Trial:
        return run.train(Plugins(run.spec.plugins, [*added, *extra]))

    result = trained(run.spec, run.document, run.loader, train_with, is_quiet=arguments.quiet)
    return result if isinstance(result, int) else GOOD

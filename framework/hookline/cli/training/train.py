"""`hookline train spec.toml`, and `hookline train --locked runs/iris/1`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hookline.check.load import Loader
from hookline.cli.arguments.spec_arguments import add_from_argument, add_spec_arguments, document_of
from hookline.cli.commands import DIFFERENT, GOOD
from hookline.errors.exceptions import HooklineError
from hookline.errors.printing import echo
from hookline.errors.text import enumerate_names
from hookline.plugins.sources.local import from_file
from hookline.plugins.trial import Trial
from hookline.runs.directory import CRITERION, LOG, MODEL
from hookline.runs.lock import NAME as LOCK
from hookline.runs.trials import is_later_trial, trials_of

COMPARED = (MODEL, CRITERION, LOG)
"""The files of a repeated run whose bits are compared with those of the first one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("spec", nargs="?", help="a TOML file")
    add_spec_arguments(parser)
    add_from_argument(parser)
    parser.add_argument("--out", metavar="DIR", help="the new run directory (default: runs/<name>/<number>)")
    parser.add_argument(
        "--locked",
        metavar="DIR",
        help="repeat the run in this directory to the same bits, or report what has changed since",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors and warnings")


def run(arguments: argparse.Namespace) -> int:
    """Train, and print the results."""
    path = _spec_path(arguments)
    extra: list[object] = [from_file(file) for file in arguments.plugin]
    document = document_of(arguments, path)
    loader = Loader(extra)
    if arguments.locked is None:
        spec = loader.load(document, with_data=True)
    else:
        from hookline.trained.run_plugins import load_spec

        spec = load_spec(loader, document, Path(arguments.locked), with_data=True)
    if spec.tune is not None:
        if arguments.locked is not None or arguments.from_run is not None:
            raise HooklineError("The spec has a section [tune]: `--locked` and `--from` are for a single training.")
        from hookline.cli.training.tune import tuned_by_default

        return tuned_by_default(arguments, loader, spec, document)
    # Imported here, so that problems in the spec are reported without waiting for these imports.
    from hookline.cli.output.training import trained
    from hookline.training.pipeline import train

    def train_with(added: Sequence[object]) -> Trial:
        return train(spec, plugins=[*added, *extra], out=arguments.out, locked=arguments.locked)

    result = trained(spec, document, loader, train_with, is_quiet=arguments.quiet)
    if isinstance(result, int) or arguments.locked is None:
        return result if isinstance(result, int) else GOOD
    return _compare(result, Path(arguments.locked), is_quiet=arguments.quiet)


def _spec_path(arguments: argparse.Namespace) -> str:
    """The path of the spec to train; with `--locked`, that of the run to repeat."""
    if (arguments.spec is None) == (arguments.locked is None):
        raise HooklineError("Pass either a spec, or a run to repeat: `--locked runs/iris/1`.")
    if arguments.locked is None:
        return str(arguments.spec)
    if Path(arguments.locked).exists() and not Path(arguments.locked).is_dir():
        raise HooklineError(f"{arguments.locked} is not a run directory, such as runs/iris/1.")
    if arguments.overlays or arguments.overrides or arguments.from_run:
        raise HooklineError("`--locked` repeats a run unchanged: remove `--set`, `--with` and `--from`.")
    return str(Path(arguments.locked) / "spec.toml")


def _compare(trial: Trial, first: Path, *, is_quiet: bool) -> int:
    """Report whether a repeated run has the same bits as the first one, in each of its trials."""
    is_a_later_one = is_later_trial(trial.directory.name) and (trial.directory.parent / LOCK).is_file()
    again = trial.directory.parent if is_a_later_one else trial.directory
    paths = [path / name for path in trials_of(first).values() for name in COMPARED]
    kept = [path.relative_to(first).as_posix() for path in paths if path.is_file()]
    different = [name for name in kept if (first / name).read_bytes() != _bytes(again / name)]
    if different:
        what = f"{enumerate_names(different)} {'differs' if len(different) == 1 else 'differ'} from {first}"
        echo(f"{what}, although nothing in the lock has changed.", file=sys.stderr)
        return DIFFERENT
    if kept and not is_quiet:
        echo(f"All bits equal those of {first}.")
    return GOOD


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None

"""`hookline new spec data.csv` and `hookline new plugin focal`."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from hookline.cli.drafts.columns import Column, columns_of, seems_to_lack_a_header
from hookline.cli.drafts.plugin import EXAMPLES, files
from hookline.cli.drafts.spec import Task, as_spec, drafted, likely_target
from hookline.cli.main import GOOD
from hookline.errors.exceptions import HooklineError
from hookline.errors.printing import printable, tell
from hookline.errors.text import counted, did_you_mean
from hookline.files import write_file
from hookline.spec.dump import as_toml
from hookline.spec.words import article

MOST_SHOWN = 30
"""How many columns are shown to choose from."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    kinds = parser.add_subparsers(title="what", dest="what", required=True, metavar="WHAT")
    spec = kinds.add_parser("spec", help="a spec for a CSV file", description="Write a commented spec for a CSV file.")
    spec.add_argument("data", type=Path, metavar="data.csv", help="a table with a header")
    spec.add_argument("--target", metavar="COLUMN", help="the column to predict (asked for if it is left out)")
    spec.add_argument(
        "--task",
        choices=["classes", "number"],
        help="whether the target is one of several classes, or a number (found out if it is left out)",
    )
    spec.add_argument("--out", type=Path, metavar="FILE", help="the new file (default: <data>.toml)")
    spec.set_defaults(write=_write_spec)
    plugin = kinds.add_parser(
        "plugin",
        help="a plugin that can be installed",
        description="Write a complete distribution with an example, tests and a README, which passes as it is.",
    )
    plugin.add_argument("name", help='what specs call it, such as "focal"')
    plugin.add_argument(
        "--family", choices=EXAMPLES, default="loss", help="what the example is of (default: %(default)s)"
    )
    plugin.add_argument("--out", type=Path, metavar="DIR", help="the new directory (default: hookline-<name>)")
    plugin.set_defaults(write=_write_plugin)


def run(arguments: argparse.Namespace) -> int:
    """Write what was asked for."""
    return int(arguments.write(arguments))


def _write_plugin(arguments: argparse.Namespace) -> int:
    """Write a plugin."""
    made = files(arguments.name, arguments.family)
    out: Path = arguments.out or Path(f"hookline-{arguments.name.replace('_', '-')}")
    try:
        out.mkdir(parents=True)
        for name, text in made.items():
            write_file(out / name, text)
    except FileExistsError:
        raise HooklineError(f"{out} exists, and nothing is written over. Name another directory with --out.") from None
    except OSError as error:
        raise HooklineError(f"{out} cannot be written: {error.strerror}.") from None
    module = next(name for name in made if name.endswith(".py"))
    tell(f"{out} is written:")
    for name, what in (
        (
            module,
            f"an example of {article(arguments.family)} {arguments.family}: write yours in its place",
        ),
        (f"test_{module}", "every check of `hookline.testing`"),
        ("example.toml", "a small training that uses it, with example.csv"),
        ("pyproject.toml", "name, version, and the entry point that makes it a plugin"),
        ("README.md", "what those read who install it"),
        (".gitignore", "what tests, trainings and builds leave behind"),
    ):
        tell(f"  {name:<{len(module) + 5}}  {what}")
    tell(
        f"Try it: cd {shlex.quote(str(out))} && pip install --editable .[test] && pytest && hookline train example.toml"
    )
    return GOOD


def _write_spec(arguments: argparse.Namespace) -> int:
    """Write a spec for a table, which is checked before it is told."""
    out: Path = arguments.out or Path(f"{arguments.data.stem}.toml")
    if out.exists():
        raise HooklineError(f"{out} exists, and nothing is written over. Name another file with --out.")
    columns = columns_of(arguments.data)
    if seems_to_lack_a_header([column.name for column in columns]):
        tell(
            f"{arguments.data}: The names of its columns are numbers. If the first line is a row and no header, "
            "put a line of names above it. (a warning)",
            file=sys.stderr,
        )
    target = arguments.target
    if target is None:
        target = _asked(arguments.data, columns)
    task: Task | None = arguments.task
    draft = drafted(arguments.data, columns, target, task)
    text = as_spec(draft, arguments.data, out.parent)
    write_file(out, text)
    tell(f"{out} is written. {draft.sentence}")
    for name, why in draft.left_out.items():
        tell(f"  {as_toml(name)} is no input: {why}")
    tell(f"Train it: hookline train {shlex.quote(str(out))}")
    return GOOD


def _asked(path: Path, columns: Sequence[Column]) -> str:
    """The column that a person at a terminal chooses."""
    likely = likely_target(columns).name
    names = [column.name for column in columns]
    if not sys.stdin.isatty():
        raise HooklineError(
            f'{path}: Say which column is to be predicted, such as --target "{likely}".{did_you_mean("", names)}'
        )
    shown = columns if len(columns) <= MOST_SHOWN else [*columns[: MOST_SHOWN - 1], columns[-1]]
    width = max(len(column.name) for column in shown)
    for column in shown:
        if column is columns[-1] and len(shown) < len(columns):
            tell(f"  … {counted(len(columns) - len(shown), 'other')}")
        tell(f"  {column.name:<{width}}  {column.description}")
    while True:
        try:
            answer = input(f"Which column is to be predicted? [{printable(likely)}] ").strip() or likely
        except EOFError:
            raise HooklineError(f"{path}: No column was chosen.") from None
        if answer in names:
            return answer
        tell(f'There is no column "{answer}".{did_you_mean(answer, names)}')

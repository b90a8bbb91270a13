"""`hookline new spec data.csv`."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from hookline.command_line import GOOD
from hookline.drafts.columns import Column, columns_of
from hookline.drafts.spec import Task, as_spec, drafted, likely_target
from hookline.errors import HooklineError
from hookline.wording import counted, did_you_mean
from hookline.writing import as_toml

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


def run(arguments: argparse.Namespace) -> int:
    """Write a spec for a table, which is checked before it is told."""
    out: Path = arguments.out or Path(f"{arguments.data.stem}.toml")
    if out.exists():
        raise HooklineError(f"{out} exists, and nothing is written over. Name another file with --out.")
    columns = columns_of(arguments.data)
    target = arguments.target
    if target is None:
        target = _asked(arguments.data, columns)
    task: Task | None = arguments.task
    draft = drafted(arguments.data, columns, target, task)
    text = as_spec(draft, arguments.data, out.parent)
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise HooklineError(f"{out} cannot be written: {error.strerror}.") from None
    print(f"{out} is written. {draft.sentence}")
    for name, why in draft.left_out.items():
        print(f"  {as_toml(name)} is no input: {why}")
    print(f"Train it: hookline train {shlex.quote(str(out))}")
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
            print(f"  … {counted(len(columns) - len(shown), 'other')}")
        print(f"  {column.name:<{width}}  {column.description}")
    while True:
        try:
            answer = input(f"Which column is to be predicted? [{likely}] ").strip() or likely
        except EOFError:
            raise HooklineError(f"{path}: No column was chosen.") from None
        if answer in names:
            return answer
        print(f'There is no column "{answer}".{did_you_mean(answer, names)}')

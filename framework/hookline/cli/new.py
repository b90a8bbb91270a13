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
"""The maximum number of columns in the list to choose from."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    kinds = parser.add_subparsers(title="what", dest="what", required=True, metavar="WHAT")
    spec = kinds.add_parser("spec", help="a spec for a CSV file", description="Write a commented spec for a CSV file.")
    spec.add_argument("data", type=Path, metavar="data.csv", help="a CSV file with a header")
    spec.add_argument("--target", metavar="COLUMN", help="the column to predict (default: ask)")
    spec.add_argument(
        "--task",
        choices=["classes", "number"],
        help="whether the target is one of several classes or a number (default: detect from the column)",
    )
    spec.add_argument("--out", type=Path, metavar="FILE", help="the new file (default: <data>.toml)")
    spec.set_defaults(write=_write_spec)
    plugin = kinds.add_parser(
        "plugin",
        help="an installable plugin",
        description="Write a complete package with an example, tests that pass, and a README.",
    )
    plugin.add_argument("name", help='the name of the plugin in specs, such as "focal"')
    plugin.add_argument(
        "--family", choices=EXAMPLES, default="loss", help="the family of the example component (default: %(default)s)"
    )
    plugin.add_argument("--out", type=Path, metavar="DIR", help="the new directory (default: hookline-<name>)")
    plugin.set_defaults(write=_write_plugin)


def run(arguments: argparse.Namespace) -> int:
    """Write the spec or the plugin."""
    return int(arguments.write(arguments))


def _write_plugin(arguments: argparse.Namespace) -> int:
    """Write a plugin package and list its files."""
    made = files(arguments.name, arguments.family)
    out: Path = arguments.out or Path(f"hookline-{arguments.name.replace('_', '-')}")
    try:
        out.mkdir(parents=True)
        for name, text in made.items():
            write_file(out / name, text)
    except FileExistsError:
        raise HooklineError(f"{out} already exists. Choose another directory with --out.") from None
    except OSError as error:
        raise HooklineError(f"{out} cannot be written: {error.strerror}.") from None
    module = next(name for name in made if name.endswith(".py"))
    tell(f"Created {out}:")
    for name, what in (
        (
            module,
            f"an example of {article(arguments.family)} {arguments.family}; replace it with your own",
        ),
        (f"test_{module}", "runs every check of `hookline.testing`"),
        ("example.toml", "a small spec that uses it, with example.csv"),
        ("pyproject.toml", "name, version, and the entry point of the plugin"),
        ("README.md", "documentation for users of the plugin"),
        (".gitignore", "files that tests, training and builds create"),
    ):
        tell(f"  {name:<{len(module) + 5}}  {what}")
    tell(
        f"Try it: cd {shlex.quote(str(out))} && pip install --editable .[test] && pytest && hookline train example.toml"
    )
    return GOOD


def _write_spec(arguments: argparse.Namespace) -> int:
    """Write a spec for a table and check it."""
    out: Path = arguments.out or Path(f"{arguments.data.stem}.toml")
    if out.exists():
        raise HooklineError(f"{out} already exists. Choose another file with --out.")
    columns = columns_of(arguments.data)
    if seems_to_lack_a_header([column.name for column in columns]):
        tell(
            f"{arguments.data}: The column names are numbers. If the first line is a row of data instead of a header, "
            "insert a line with column names above it. (a warning)",
            file=sys.stderr,
        )
    target = arguments.target
    if target is None:
        target = _asked(arguments.data, columns)
    task: Task | None = arguments.task
    draft = drafted(arguments.data, columns, target, task)
    text = as_spec(draft, arguments.data, out.parent)
    write_file(out, text)
    tell(f"Created {out}. {draft.sentence}")
    for name, why in draft.left_out.items():
        tell(f"  {as_toml(name)} is not an input: {why}")
    tell(f"Train it: hookline train {shlex.quote(str(out))}")
    return GOOD


def _asked(path: Path, columns: Sequence[Column]) -> str:
    """Ask the user which column to predict."""
    likely = likely_target(columns).name
    names = [column.name for column in columns]
    if not sys.stdin.isatty():
        raise HooklineError(
            f'{path}: Pass the column to predict, such as --target "{likely}".{did_you_mean("", names)}'
        )
    shown = columns if len(columns) <= MOST_SHOWN else [*columns[: MOST_SHOWN - 1], columns[-1]]
    width = max(len(column.name) for column in shown)
    for column in shown:
        if column is columns[-1] and len(shown) < len(columns):
            tell(f"  … {counted(len(columns) - len(shown), 'other')}")
        tell(f"  {column.name:<{width}}  {column.description}")
    while True:
        try:
            answer = input(f"Which column do you want to predict? [{printable(likely)}] ").strip() or likely
        except EOFError:
            raise HooklineError(f"{path}: No column was chosen.") from None
        if answer in names:
            return answer
        tell(f'There is no column "{answer}".{did_you_mean(answer, names)}')

"""`hookline new spec data.csv` and `hookline new plugin focal`."""

import argparse
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from hookline.check.toml.document import run_name
from hookline.check.toml.not_specs import binary_kind
from hookline.cli.arguments.names import add_plugin_arguments, plugins_of
from hookline.cli.commands import GOOD
from hookline.cli.drafts.plugin import EXAMPLES, files
from hookline.cli.output.warnings import printed_warnings
from hookline.errors.exceptions import DataError, HooklineError, PluginError
from hookline.errors.failures import FAILURES, reason
from hookline.errors.printing import echo, printable
from hookline.errors.suggestions import did_you_mean
from hookline.errors.text import counted
from hookline.errors.unwritable import obstacle
from hookline.files.atomic import write_file
from hookline.spec.draft import SpecDraft
from hookline.spec.words import article

COMPRESSED = (".gz", ".zst", ".bz2", ".xz")
"""The suffixes of compressed files."""

MOST_SHOWN = 30
"""The maximum number of columns in the list to choose from."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    kinds = parser.add_subparsers(title="what", dest="what", required=True, metavar="WHAT")
    spec = kinds.add_parser(
        "spec",
        help="a spec for a table, arrays or a folder of images",
        description="Write a commented spec for a table (CSV, Parquet, Arrow, JSON Lines), arrays (NPZ), a folder of "
        "images, or another type of file that a plugin knows.",
    )
    spec.add_argument(
        "data",
        type=Path,
        nargs="+",
        metavar="DATA",
        help='the file, several files, a pattern such as "data/*.csv", or a folder',
    )
    spec.add_argument(
        "--validation", type=Path, nargs="+", default=[], metavar="FILE", help="files or a folder of validation rows"
    )
    spec.add_argument("--test", type=Path, nargs="+", default=[], metavar="FILE", help="files or a folder of test rows")
    spec.add_argument("--target", metavar="COLUMN", help="the column to predict (default: ask)")
    spec.add_argument(
        "--task",
        choices=["classes", "number"],
        help="whether the target is one of several classes or a number (default: detect from the column)",
    )
    spec.add_argument("--out", type=Path, metavar="FILE", help="the new file (default: <data>.toml)")
    add_plugin_arguments(spec)
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
    except OSError as error:
        if isinstance(error, FileExistsError) and os.path.lexists(out):
            raise HooklineError(f"{out} already exists. Choose another directory with --out.") from None
        raise HooklineError(f"{out} cannot be written: {obstacle(out, error)}.") from None
    module = next(name for name in made if name.endswith(".py"))
    echo(f"Created {out}:")
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
        echo(f"  {name:<{len(module) + 5}}  {what}")
    echo(
        f"Try it: cd {shlex.quote(str(out))} && pip install --editable .[test] && pytest && hookline train example.toml"
    )
    return GOOD


def _write_spec(arguments: argparse.Namespace) -> int:
    """Let the plugins draft a spec for a file of data, and write it."""
    path: Path = arguments.data[0]
    out: Path = arguments.out or Path(f"{_name(path)}.toml")
    if out.exists():
        raise HooklineError(f"{out} already exists. Choose another file with --out.")
    draft = _drafted(arguments, path, out.parent)
    if draft is None:
        kind = None if path.is_dir() else binary_kind(path)
        raise DataError(f"{path}: {f'This is a {kind} file. ' if kind else ''}No plugin drafts specs for such files.")
    write_file(out, draft.text)
    echo(f"Created {out}. {draft.summary}".rstrip())
    for note in draft.notes:
        echo(f"  {note}")
    echo(f"Train it: hookline train {shlex.quote(str(out))}")
    first = f"runs/{run_name(out.stem)}/1"
    echo(f"Then predict new rows: hookline predict {shlex.quote(first)} {shlex.quote(draft.new_rows)}")
    return GOOD


def _name(path: Path) -> str:
    """The name of the spec for a file, a folder or a pattern, without the suffix.

    >>> _name(Path("data/flowers.csv.gz")), _name(Path("flowers/part-*.csv")), _name(Path("*.csv"))
    ('flowers', 'flowers', 'data')
    """
    if path.is_dir():
        return path.resolve().name or "data"
    if any(sign in path.name for sign in "*?[") and not path.exists():
        parent = path.parent.name
        return parent if parent and not any(sign in parent for sign in "*?[") else "data"
    return Path(path.stem).stem if path.suffix in COMPRESSED else path.stem


def _drafted(arguments: argparse.Namespace, path: Path, directory: Path) -> SpecDraft | None:
    """The draft of the first plugin that has one."""
    manager = plugins_of(arguments).manager()
    target: str | None = arguments.target
    is_used = False

    def choose_target(columns: Mapping[str, str], likely: str) -> str:
        nonlocal is_used
        is_used = True
        return _ask(path, columns, likely) if target is None else target

    try:
        with printed_warnings(str(path)):
            draft: SpecDraft | None = manager.hook.draft_spec(
                path=path,
                files={
                    "training": tuple(arguments.data),
                    "validation": tuple(arguments.validation),
                    "test": tuple(arguments.test),
                },
                directory=directory,
                task=arguments.task,
                choose_target=choose_target,
            )
    except HooklineError:
        raise
    except FAILURES as error:
        raise PluginError(f'A plugin failed in "draft_spec". {reason(error)}') from error
    if draft is not None and target is not None and not is_used:
        raise HooklineError(f"{path}: There is nothing to choose for these files: remove --target. {draft.summary}")
    return draft


def _ask(path: Path, columns: Mapping[str, str], likely: str) -> str:
    """Ask the user which column to predict."""
    names = list(columns)
    if not sys.stdin.isatty():
        raise HooklineError(
            f'{path}: Pass the column to predict, such as --target "{likely}".{did_you_mean("", names)}'
        )
    shown = names if len(names) <= MOST_SHOWN else [*names[: MOST_SHOWN - 1], names[-1]]
    width = max(map(len, shown))
    for name in shown:
        if name == names[-1] and len(shown) < len(names):
            echo(f"  … {counted(len(names) - len(shown), 'other')}")
        echo(f"  {name:<{width}}  {columns[name]}")
    while True:
        try:
            answer = input(f"Which column do you want to predict? [{printable(likely)}] ").strip() or likely
        except EOFError:
            raise HooklineError(f"{path}: No column was chosen.") from None
        if answer in columns:
            return answer
        echo(f'There is no column "{answer}".{did_you_mean(answer, names)}')

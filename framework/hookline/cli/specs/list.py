"""`hookline list` and `hookline list losses`."""

import argparse
import shlex
import shutil
import sys
from collections.abc import Mapping

from hookline.cli.arguments.names import add_plugin_arguments, families, is_called, load_catalog, section_families
from hookline.cli.commands import GOOD
from hookline.errors.exceptions import HooklineError
from hookline.errors.printing import echo
from hookline.errors.suggestions import did_you_mean
from hookline.errors.text import shortened
from hookline.script.written import is_written
from hookline.spec.docs import summary
from hookline.spec.options import Spec
from hookline.spec.words import article, plural


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("family", nargs="?", help="a family, such as losses (default: all families)")
    add_plugin_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each component, by family."""
    known = families(load_catalog(arguments))
    if arguments.family is not None:
        chosen = [family for family in known if is_called(family, arguments.family)]
        chosen = chosen or section_families(arguments.family, known)
        if not chosen:
            raise HooklineError(_no_family(arguments.family, known))
        known = {family: known[family] for family in chosen}
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    is_marked = False
    for index, (family, kinds) in enumerate(known.items()):
        echo(*([""] if index else []), plural(family))
        names = max(len(name) for name in kinds)
        for name, kind in sorted(kinds.items(), key=lambda item: item[0].lower()):
            mark = "*" if is_refused(kind) else " "
            is_marked = is_marked or mark == "*"
            line = f"  {name + mark:<{names + 1}} {summary(kind)}"
            echo(line if width is None or len(line) <= width else f"{line[: width - 1]}…")
    if is_marked:
        echo("", "* `hookline eject` refuses a spec with it: it has no lines of torch.")
    return GOOD


def is_refused(kind: type[Spec]) -> bool:
    """Whether `hookline eject` cannot write a component, and does not leave it out either."""
    return is_written(kind) is False and not getattr(kind, "only_observes", False)


def _no_family(word: str, known: Mapping[str, Mapping[str, type[Spec]]]) -> str:
    """Report that there is no family of this name, and suggest a command."""
    message = f'There is no family called "{shortened(word)}".'
    if homes := [family for family, kinds in known.items() if word in kinds]:
        return f"{message} It is {article(homes[0])} {homes[0]}: `hookline show {word}` shows it."
    if word.endswith(".toml"):
        return f"{message} `hookline show {shlex.quote(word)}` shows a spec."
    return f"{message}{did_you_mean(word, map(plural, known))}"

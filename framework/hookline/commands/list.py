"""`hookline list` and `hookline list losses`."""

import argparse
import shutil
import sys

from hookline.command_line import GOOD
from hookline.commands.names import add_plugin_arguments, families, is_called, load_catalog
from hookline.documentation import summary
from hookline.errors import HooklineError
from hookline.kinds import plural
from hookline.printing import tell
from hookline.wording import did_you_mean


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("family", nargs="?", help="a family, such as losses; left out, all of them")
    add_plugin_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each component, by family."""
    known = families(load_catalog(arguments))
    if arguments.family is not None:
        chosen = [family for family in known if is_called(family, arguments.family)]
        if not chosen:
            near = did_you_mean(arguments.family, map(plural, known))
            raise HooklineError(f'There is no family called "{arguments.family}".{near}')
        known = {family: known[family] for family in chosen}
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for index, (family, kinds) in enumerate(known.items()):
        tell(*([""] if index else []), plural(family))
        names = max(len(name) for name in kinds)
        for name, kind in sorted(kinds.items(), key=lambda item: item[0].lower()):
            line = f"  {name:<{names}}  {summary(kind)}"
            tell(line if width is None or len(line) <= width else f"{line[: width - 1]}…")
    return GOOD

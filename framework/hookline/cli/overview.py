"""The overview that `hookline --help` prints: the commands by group, and the first ones to use."""

import shutil
import textwrap

from hookline.cli.commands import GROUPS

TITLES = {"training": "to train", "finished": "to use finished runs", "specs": "to write and check specs"}
"""The headings of the groups in `hookline --help`."""

START = {
    "hookline new spec data.csv": "write a spec",
    "hookline train data.toml": "train it",
    "hookline predict runs/data/1 new.csv": "predict new rows",
    "hookline COMMAND --help": "show its options",
}
"""The first commands of a new user, at the end of `hookline --help`."""

HELP_COLUMN = 12
"""The column in which the descriptions of the commands begin."""


def overview() -> str:
    """The commands with their help, by group, and how to start."""
    width = shutil.get_terminal_size().columns - 2
    lines: list[str] = []
    for group, commands in GROUPS.items():
        lines += ["", f"{TITLES[group]}:"]
        for name, help_text in commands.items():
            first, indent = f"  {name}".ljust(HELP_COLUMN), " " * HELP_COLUMN
            lines += textwrap.wrap(help_text, width, initial_indent=first, subsequent_indent=indent)
    longest = max(map(len, START))
    lines += ["", "to start:", *(f"  {command:<{longest}}  {what}" for command, what in START.items())]
    return "\n".join([*lines[1:], "", "Documentation: README.md and docs/ in the source."])

"""Parse the command line. Only the module of the command that is used is imported."""

import argparse
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from hookline.cli.commands import BAD_INPUT, COMMANDS, DRAFTS, MODULES
from hookline.errors.printing import printable, printable_lines

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

MAY_BEGIN_WITH_MINUS = ("--sort",)
"""The options whose value may begin with "-"."""


def parsed_arguments(words: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments. An unknown word ends the program with a suggestion."""
    parser, command = _parser(words)
    _refuse_unknown_words(words, parser)
    parsed, unknown = parser.parse_known_args(_with_values(words))
    if unknown and command is not None:
        _refuse_unknown_argument(unknown, words, command)
    return parsed


def _refuse_unknown_words(words: Sequence[str], parser: argparse.ArgumentParser) -> None:
    """End the program if the first word is not a command, or if `hookline new` cannot write the second one."""
    if words[0] not in COMMANDS and words[0] not in ("-h", "--help", "--version"):
        from hookline.cli.arguments.mistyped import unknown_command

        parser.exit(BAD_INPUT, f"{unknown_command(words, COMMANDS)}\n")
    if words[0] == "new" and len(words) > 1 and words[1] not in DRAFTS and not words[1].startswith("-"):
        from hookline.cli.arguments.mistyped import unknown_draft

        parser.exit(BAD_INPUT, f"{unknown_draft(words[1], DRAFTS)}\n")


def _refuse_unknown_argument(
    unknown: Sequence[str], words: Sequence[str], command: argparse.ArgumentParser
) -> NoReturn:
    """End the program, since a command does not have these arguments."""
    from hookline.cli.arguments.mistyped import unknown_argument

    if (sentence := unknown_argument(unknown[0], words, list(_options(command)), _commands_with)) is not None:
        command.exit(BAD_INPUT, f"{sentence}\n")
    command.error(f"unrecognized arguments: {' '.join(unknown)}")


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The options of a command, and of the commands below it."""
    for action in parser._actions:
        yield from action.option_strings
        for below in action.choices.values() if isinstance(action, argparse._SubParsersAction) else ():
            yield from _options(below)


def _commands_with(option: str) -> list[str]:
    """The commands that have an option. Their modules are imported, which takes time."""
    return [name for name in COMMANDS if option in _options(parser_of_command(name))]


def _with_values(words: Sequence[str]) -> list[str]:
    """The words with values that begin with "-" joined to their option, as argparse needs them: `--sort=-loss`.

    >>> _with_values(["runs", "--sort", "-loss"])
    ['runs', '--sort=-loss']
    """
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in MAY_BEGIN_WITH_MINUS and word.startswith("-") and not word.startswith("--"):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _parser(words: Sequence[str]) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser | None]:
    """The parser, and the subparser of the command in `words`, the only one that gets its arguments."""
    parser = _Parser(
        prog="hookline",
        usage="%(prog)s [-h] [--version] COMMAND ...",
        description="Train PyTorch models from a TOML file.",
        epilog=_overview() if words[0] in ("-h", "--help") else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_Version("%(prog)"))
    # Without `prog`, argparse would format the usage to find it, and import all compressions for it.
    commands = parser.add_subparsers(
        prog="hookline", dest="command", required=True, metavar="COMMAND", help=argparse.SUPPRESS
    )
    chosen = None
    if (help_text := COMMANDS.get(words[0])) is not None:
        chosen = commands.add_parser(words[0], description=f"{help_text[0].upper()}{help_text[1:]}.")
        chosen.add_argument("--traceback", action="store_true", help="show where in the code an error was raised")
        module = importlib.import_module(MODULES[words[0]])
        module.add_arguments(chosen)
        chosen.set_defaults(run=module.run)
    return parser, chosen


def _overview() -> str:
    from hookline.cli.overview import overview

    return overview()


def parser_of_command(name: str) -> argparse.ArgumentParser:
    """The parser of one subcommand with its arguments, for generating documentation."""
    _, parser = _parser([name])
    assert parser is not None, "There is no such command."
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser that escapes control characters in messages: a file name that a shell expanded may contain them."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, and exit."""
        super().error(printable(message))  # On one line.

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Refuse a value that is not among the choices of an argument, and suggest the nearest one."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            from hookline.errors.suggestions import nearest

            near = nearest(str(value), map(str, action.choices or ()))
            if near is None:
                raise
            raise argparse.ArgumentError(action, f'{error.message}. Did you mean "{near}"?') from None

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Exit after everything is printed, so that an error of printing is reported."""
        sys.stdout.flush()
        super().exit(status, message)

    def _get_formatter(self) -> argparse.HelpFormatter:
        """Return a formatter of help. argparse makes one for each argument, too, to check the argument."""
        return self.formatter_class(prog=self.prog, width=_width())  # type: ignore[call-arg]

    def _print_message(self, message: str, file: "SupportsWrite[str] | None" = None) -> None:
        super()._print_message(printable_lines(message) if message else message, file)


def _width() -> int:
    """The width of help, as argparse finds it, but without shutil, which would import all compressions."""
    try:
        columns = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns  # type: ignore[union-attr]
        except (AttributeError, ValueError, OSError):
            columns = 0
    return (columns or 80) - 2


class _Version(str):
    """The version, read only when it is printed, because reading package metadata is slow."""

    __slots__ = ()

    def __mod__(self, _: object) -> str:
        from importlib.metadata import version

        return f"hookline {version('hookline')}"

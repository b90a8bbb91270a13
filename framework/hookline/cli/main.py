"""The command `hookline`: each subcommand is a module of `hookline.cli`, imported when it is used."""

import argparse
import gc
import importlib
import io
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from hookline.cli._quick_imports import QuickImports
from hookline.errors.printing import echo, printable, printable_lines
from hookline.errors.text import shortened
from hookline.plugins.signals import ending_at_once

if TYPE_CHECKING:
    from typing import TextIO

    from _typeshed import SupportsWrite

    from hookline.errors.exceptions import HooklineError, SpecError

GROUPS = {
    "training": {
        "train": "train a spec",
        "tune": "search for the best values of options: train many trials of a spec",
        "resume": "continue a run from its newest checkpoint",
        "verify": "prove that a run can be resumed exactly",
    },
    "finished": {
        "predict": "predict new rows with a finished run",
        "evaluate": "compute loss and metrics of a finished run, for a split or a file",
        "deploy": "write a finished run in a format for other programs, and compare it with the model",
        "serve": "serve the predictions of a finished run over HTTP, with a page to try it",
        "runs": "list runs side by side: the settings that differ, and the metrics",
        "plot": "draw the curves of several runs in one picture",
        "report": "write an HTML page about one or several runs",
    },
    "specs": {
        "new": "write a spec for a table, or a plugin",
        "check": "check specs and report every problem",
        "plan": "show what would run: stages and plugins, the model layer by layer, memory",
        "explain": "explain a value of a spec, or the id of an error",
        "diff": "compare the meaning of two specs, or of the specs of two runs",
        "eject": "write a spec as a script of plain torch, which trains to the same bits",
        "list": "list the components that a spec can name",
        "show": "show a component with all its options, or a complete spec",
        "plugins": "list the installed plugins and what each one adds",
        "schema": "print a JSON Schema of specs, for editors",
    },
}
"""The subcommands with their help, by package. Each is a module with `add_arguments(parser)` and `run(arguments)`."""

MODULES = {name: f"hookline.cli.{group}.{name}" for group, commands in GROUPS.items() for name in commands}
"""The module of each subcommand."""

COMMANDS = {name: help_text for commands in GROUPS.values() for name, help_text in commands.items()}
"""The subcommands with their help."""

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

DRAFTS = ("spec", "plugin")
"""What `hookline new` can write."""

MAY_BEGIN_WITH_MINUS = ("--sort",)
"""The options whose value may begin with "-"."""

GOOD, WRONG_SPEC, DIFFERENT, BAD_INPUT, INTERRUPTED = 0, 1, 1, 2, 130
"""Exit codes. For signals other than Ctrl-C, the code is 128 plus the number of the signal, as in a shell."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 for success, 2 for invalid input, 130 for an interruption.

    Until training begins, a signal ends the process at once, because an import can swallow an exception that is
    raised in the middle of it. Without `arguments`, `main` uses those of the process and expects the process to exit
    afterwards: a signal then neither interrupts the exit handlers nor changes the exit code.
    """
    if arguments is None:
        sys.meta_path.insert(0, QuickImports())
    with ending_at_once() as exit_with:
        code = _main(arguments)
        if arguments is None:
            exit_with(code)
            if "torch" not in sys.modules:
                gc.freeze()  # At exit, Python would search all objects for cycles, although no file is open.
        return code


def _main(arguments: Sequence[str] | None) -> int:
    gc.disable()  # Importing makes no garbage. The commands enable collection again once the spec is read.
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - closed by the shell.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # The terminal may lack a character.
    code = GOOD
    try:
        code = _run(words)
        sys.stdout.flush()  # Python ignores an error of this when it exits.
        return code
    except OSError as error:
        if error.filename is not None:  # Writing to a file that is already open fails without a file name.
            if "--traceback" in words:
                raise
            echo(f"{shortened(str(error.filename))}: {error.strerror}.", file=sys.stderr)
            return BAD_INPUT
        if _can_be_written_to(sys.stdout):
            if "--traceback" in words:
                raise
            echo(
                f"{error.strerror or error}. The operating system named no file; rerun with `--traceback` to see "
                "where it failed.",
                file=sys.stderr,
            )
            return BAD_INPUT
        # Otherwise Python tries to write the rest again when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return code  # The reader of the pipe, such as `head`, has closed it.
        echo(f"The output cannot be written: {error.strerror}.", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        echo("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    finally:
        gc.enable()


def _can_be_written_to(stream: "TextIO") -> bool:
    """Whether the stream still accepts output, so that the error must come from something else."""
    try:
        echo("", file=stream, flush=True)
    except OSError:
        return False
    return True


def _run(words: Sequence[str]) -> int:
    parsed = _parsed(words)
    from hookline.errors.exceptions import HooklineError, SpecError, notes_of

    try:
        return int(parsed.run(parsed))
    except HooklineError as error:
        if parsed.traceback:
            raise
        if isinstance(error, SpecError):
            sys.stderr.write(f"{_pointed(error)}\n")
        else:
            echo(_with_id(error), file=sys.stderr)
        echo(*notes_of(error), file=sys.stderr)
        return BAD_INPUT


def _with_id(error: "HooklineError") -> str:
    """The text of an error, with the id that `hookline explain` explains at the end of its first line."""
    from hookline.errors.argument_error import ArgumentError
    from hookline.errors.exceptions import HooklineError

    if isinstance(error, ArgumentError):
        return error.of_option
    id_ = error.diagnostics[0].id
    first, *others = str(error).split("\n")
    return str(error) if id_ == HooklineError.id else "\n".join([f"{first}  [{id_}]", *others])


def _pointed(error: "SpecError") -> str:
    """All problems of a spec, each with its line and a marker under the place."""
    from hookline.cli.output.report import Paint, shown
    from hookline.errors.diagnostic import published

    return "\n\n".join(shown(published(error.problems), error.source, Paint.of(sys.stderr, os.environ)))


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments. An unknown word ends the program with a suggestion."""
    parser, command = _parser(words)
    if words[0] not in COMMANDS and words[0] not in ("-h", "--help", "--version"):
        from hookline.cli.arguments import mistyped as mistyped

        parser.exit(BAD_INPUT, f"{mistyped.unknown_command(words, COMMANDS)}\n")
    if words[0] == "new" and len(words) > 1 and words[1] not in DRAFTS and not words[1].startswith("-"):
        from hookline.cli.arguments import mistyped as mistyped

        parser.exit(BAD_INPUT, f"{mistyped.unknown_draft(words[1], DRAFTS)}\n")
    parsed, unknown = parser.parse_known_args(_with_values(words))
    if unknown and command is not None:
        from hookline.cli.arguments import mistyped as mistyped

        options = [option for action in command._actions for option in action.option_strings]
        if (sentence := mistyped.unknown_argument(unknown[0], words, options)) is not None:
            parser.exit(BAD_INPUT, f"{sentence}\n")
        command.error(f"unrecognized arguments: {' '.join(unknown)}")
    return parsed


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
        epilog=_epilog() if words[0] in ("-h", "--help") else None,
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


def _epilog() -> str:
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


class _Parser(argparse.ArgumentParser):
    """A parser that escapes control characters in messages: a file name that a shell expanded may contain them."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, and exit."""
        super().error(printable(message))  # On one line.

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Exit after everything is printed, so that an error of printing is reported."""
        sys.stdout.flush()
        super().exit(status, message)

    def _print_message(self, message: str, file: "SupportsWrite[str] | None" = None) -> None:
        super()._print_message(printable_lines(message) if message else message, file)


def parser_of_command(name: str) -> argparse.ArgumentParser:
    """The parser of one subcommand with its arguments, for generating documentation."""
    _, parser = _parser([name])
    assert parser is not None, "There is no such command."
    return parser


class _Version(str):
    """The version, read only when it is printed, because reading package metadata is slow."""

    __slots__ = ()

    def __mod__(self, _: object) -> str:
        from importlib.metadata import version

        return f"hookline {version('hookline')}"

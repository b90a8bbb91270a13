"""The command `hookline`: run a subcommand, report its error, and return the exit code."""

import gc
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hookline.cli._quick_imports import QuickImports
from hookline.cli.commands import BAD_INPUT, GOOD, INTERRUPTED
from hookline.cli.parser import parsed_arguments
from hookline.errors.printing import echo
from hookline.errors.text import shortened
from hookline.plugins.signals import ending_at_once

if TYPE_CHECKING:
    from typing import TextIO

    from hookline.errors.exceptions import HooklineError, SpecError


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
        # Writing to a file that is already open fails without a file name.
        if error.filename is None and not _can_be_written_to(sys.stdout):
            return _unwritable_output(error, code)
        if "--traceback" in words:
            raise
        echo(_unexpected(error), file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        echo("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    finally:
        gc.enable()


def _can_be_written_to(stream: "TextIO") -> bool:
    """Whether the stream still accepts output, so that an error must come from something else."""
    try:
        echo("", file=stream, flush=True)
    except OSError:
        return False
    return True


def _unwritable_output(error: OSError, code: int) -> int:
    """Discard the rest of the output, and return the exit code of a command that had `code` so far."""
    # Otherwise Python tries to write the rest again when it exits.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return code  # The reader of the pipe, such as `head`, has closed it.
    echo(f"The output cannot be written: {error.strerror}.", file=sys.stderr)
    return BAD_INPUT


def _unexpected(error: OSError) -> str:
    """The message about an error of the operating system that no command expects."""
    if error.filename is not None:
        return f"{shortened(str(error.filename))}: {error.strerror}."
    return (
        f"{error.strerror or error}. The operating system named no file; rerun with `--traceback` to see where it "
        "failed."
    )


def _run(words: Sequence[str]) -> int:
    parsed = parsed_arguments(words)
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

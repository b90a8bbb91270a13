"""The message that a client gets about an error."""

import sys
import traceback

from hookline.errors.exceptions import DataError, HooklineError, UnreadableRowsError
from hookline.errors.printing import echo
from hookline.serving.http.limits import RefusedError


def refused(error: BaseException) -> RefusedError:
    """Return the refusal for an error: with the sentences of `hookline predict` if it is about the rows.

    Other errors are printed, and the client learns only that there was one.
    """
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, UnreadableRowsError):
        problems = [problem.changed(file=None) for problem in error.problems]
        text = str(UnreadableRowsError(problems, unreadable=error.unreadable, rows=error.rows))
        return RefusedError(422, text, errors=[_cell(problem) for problem in problems])
    if isinstance(error, DataError):
        own = error.changed(file=None)
        return RefusedError(422, str(own), errors=[_cell(own)])
    is_known = isinstance(error, HooklineError)
    echo(str(error) if is_known else "".join(traceback.format_exception(error)), file=sys.stderr)
    return RefusedError(500, "The model failed. The server has printed why.")


def _cell(problem: DataError) -> dict[str, object]:
    place = {"row": problem.row, "column": problem.columns[0] if problem.columns else None, "element": problem.element}
    message = problem.message.removeprefix(f"row {problem.row}: ")
    return {**{name: value for name, value in place.items() if value is not None}, "message": message}

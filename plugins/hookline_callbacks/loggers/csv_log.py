"""The log as a CSV table."""

import csv
import io
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hookline import Run, hookimpl
from hookline.files import GrowingFile, no_formula
from hookline.spec import CallbackSpec, WrapperSpec, option, spec
from hookline_callbacks.files import plain_name, refuse_another
from hookline_callbacks.loggers.records import as_text


@spec
class CSVLog(CallbackSpec):
    """Write the log of every epoch as a row of a CSV table, for spreadsheets and pandas.

    Numbers are written with all digits. List CSVLog first: a callback sees only what callbacks and schedulers listed
    after it add to the record.
    """

    only_observes = True
    is_part_of_model = False
    logs = ()
    connects_to = ()
    keeps_log = True

    file: str = option(default="metrics.csv", validator=plain_name(".csv"))
    """The name of the file in the run directory."""

    @property
    def writes_to(self) -> tuple[str, ...]:  # type: ignore[override]
        """The CSV file."""
        return (self.file,)

    def build(self) -> object:
        """Return the callback, which remembers the columns."""
        return _CSVLog(self)

    def check(self, callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse two callbacks that write to the same file."""
        refuse_another(self, "file", callbacks)


class _CSVLog:
    def __init__(self, spec: CSVLog):
        self._spec = spec
        self._columns: list[str] = []
        self._rows: list[dict[str, str]] = []
        self._file: GrowingFile | None = None

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Write the row of the epoch."""
        record = yield
        assert run.directory is not None, "The run directory is created before training."
        self._add(
            run.directory / self._spec.file,
            {no_formula(name): no_formula(as_text(value)) for name, value in record.items()},
        )
        return record

    def _add(self, path: Path, row: dict[str, str]) -> None:
        self._rows.append(row)
        is_first = self._file is None
        file = self._file = self._file or GrowingFile(path)
        new = [name for name in row if name not in self._columns]
        self._columns += new
        # Earlier rows have no cell in new columns, and a process that was killed may have written more rows.
        if new or is_first:
            file.replace(self._text(self._rows, has_header=True))
        else:
            file.add(self._text([row]))

    def _text(self, rows: "list[dict[str, str]]", *, has_header: bool = False) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns, restval="", lineterminator="\n")
        if has_header:
            writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    def state_dict(self) -> dict[str, Any]:
        """Return the rows so far."""
        return {"rows": list(self._rows)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore a state that `state_dict` returned."""
        self._rows = list(state["rows"])
        self._columns = list(dict.fromkeys(name for row in self._rows for name in row))

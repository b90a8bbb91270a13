"""A progress bar for long work on rows, on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

DELAY = 0.7
"""The bar appears after this number of seconds."""

SAMPLE = 2**18
"""How many bytes of a file of lines are read to estimate its number of rows."""


@contextmanager
def rows_progress(
    rows: Callable[[], int], total: int | None, *, is_shown: bool, doing: Callable[[], str] = str
) -> Iterator[None]:
    """Show on standard error how many rows are done, if it is a terminal and the work takes longer than a moment.

    A thread of its own draws the bar, so that the work is not slowed down.

    Args:
        rows: returns the number of rows that are done.
        total: about how many rows there are; `None` if unknown.
        is_shown: whether to show anything.
        doing: returns what is being done, which is shown before the bar.

    """
    import sys

    if not is_shown or not sys.stderr.isatty():
        yield
        return
    is_done = Event()
    thread = Thread(target=_draw, args=(rows, total, is_done, doing), daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()


def _draw(rows: Callable[[], int], total: int | None, is_done: Event, doing: Callable[[], str]) -> None:
    if is_done.wait(DELAY):
        return
    from rich import progress
    from rich.console import Console
    from rich.text import Text

    class Rows(progress.ProgressColumn):
        """The number of rows, and the speed."""

        def render(self, task: Any) -> Text:
            speed = "" if not task.speed else f"  {task.speed:,.0f} rows/s"
            return Text(f"{int(task.completed):,} rows{speed}", no_wrap=True, overflow="ellipsis")

    console = Console(stderr=True)
    width = max(5, min(40, console.width - 45))
    text = progress.TextColumn("  {task.description}", markup=False)
    columns = (text, progress.BarColumn(width), Rows(), progress.TimeRemainingColumn())
    with progress.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(doing(), total=total)
        while not is_done.wait(0.25):
            done = rows()
            bar.update(task, description=doing(), completed=done, total=None if total is None else max(total, done))


def estimated_rows(source: str) -> int | None:
    """Return about how many rows a file has; `None` if this cannot be estimated quickly."""
    path = Path(source)
    try:
        if not path.is_file():
            return None
        if path.suffix.lower() == ".parquet":
            import pyarrow.parquet

            return int(pyarrow.parquet.read_metadata(path).num_rows)
        if path.suffix.lower() in (".csv", ".tsv", ".jsonl"):
            with path.open("rb") as file:
                sample = file.read(SAMPLE)
            lines = sample.count(b"\n")
            return round(path.stat().st_size / len(sample) * lines) if lines else None
    except Exception:  # noqa: BLE001 - Only the bar needs it; reading the file reports what is wrong with it.
        return None
    return None

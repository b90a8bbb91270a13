"""Write checkpoints, in the background if possible, and remove those that are no longer needed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hookline.errors.exceptions import CheckpointError
from hookline.plugins.stages import Run
from hookline.runs.checkpoints import store
from hookline.runs.checkpoints.store import Snapshot


class CheckpointWriter:
    """Writes checkpoints to the directory of a run.

    The training waits only while its state is copied. At most one checkpoint is being written: if it takes longer than
    the time to the next one, the training waits for it. Use it as a context manager: on exit, everything is written.
    """

    def __init__(self, kept: Callable[[Sequence[int]], Collection[int]], *, in_background: bool = True):
        """Begin without checkpoints.

        Args:
            kept: returns those of the steps to keep the checkpoints of; called with all steps that have one.
            in_background: write in another thread while the training continues.

        """
        self._kept = kept
        self._thread = ThreadPoolExecutor(1, "checkpoints") if in_background else None
        self._writing: Future[None] | None = None

    def __enter__(self) -> "CheckpointWriter":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.finish()
        finally:
            if self._thread is not None:
                self._thread.shutdown()

    def save(self, run: Run, state: Mapping[str, Any]) -> None:
        """Copy a state and write it.

        Raises:
            FileError: If this or the previous checkpoint cannot be written.
            CheckpointError: If the state has a value that a checkpoint cannot hold.

        """
        self.finish()
        assert run.directory is not None, "The directory is created before training begins."
        made = store.snapshot(run.step, state)
        if self._thread is None:
            self._write(run.directory, made)
        else:
            self._writing = self._thread.submit(self._write, run.directory, made)

    def finish(self) -> None:
        """Wait until the last checkpoint has been written. Raises the errors of `save`."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _write(self, directory: Path, made: Snapshot) -> None:
        store.write(directory, made)
        # The new one has been read back, so that older ones are no longer needed.
        present = {checkpoint.step: checkpoint for checkpoint in store.all_of(directory)}
        kept = {*self._kept(sorted(present)), made.step}
        for step in present.keys() - kept:
            store.remove(present[step])


def newest_state(directory: Path, warn: Callable[[str], None]) -> tuple[int, Mapping[str, Any]] | None:
    """Return the step and the state of the newest checkpoint of a run that is not damaged; `None` if it has none.

    Args:
        directory: the directory of the run.
        warn: called with a sentence about each damaged one.

    Raises:
        CheckpointError: If there are checkpoints, but all are damaged.

    """
    errors: list[str] = []
    for checkpoint in store.from_newest(directory):
        try:
            state = checkpoint.load()
        except CheckpointError as error:
            errors.append(str(error))
            continue
        for error_text in errors:
            warn(f"{error_text} The checkpoint before it is used.")
        return checkpoint.step, state
    if errors:
        raise CheckpointError(f"{errors[0]} No other checkpoint is left: train the run again.")
    return None

"""Errors and interruptions that refer to results already written."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hookline.plugins.signals import Interruption
from hookline.plugins.trial import Trial


class Interrupted(KeyboardInterrupt):
    """A training that was interrupted by Ctrl-C or another signal, raised after its results so far have been written.

    Attributes:
        trial: the results so far.
        number: the number of the signal.

    """

    def __init__(self, trial: Trial, number: int = signal.SIGINT):
        """Keep the results so far and the number of the signal."""
        super().__init__("interrupted")
        self.trial = trial
        self.number = number


@contextmanager
def reported_with_trial(trials: Sequence[Trial], interruption: Interruption) -> Iterator[None]:
    """Raise a `KeyboardInterrupt` as `Interrupted`, with the last trial, if a trial has been written."""
    try:
        yield
    except Interrupted:
        raise
    except KeyboardInterrupt:
        if not trials:
            raise
        raise Interrupted(trials[-1], interruption.number or signal.SIGINT) from None


@contextmanager
def noting_results(trials: Sequence[Trial]) -> Iterator[None]:
    """Add a note with the run directory of each finished trial to an error."""
    try:
        yield
    except Exception as error:
        for trial in trials:
            error.add_note(f"The results of a finished training are in {trial.directory}.")
        raise

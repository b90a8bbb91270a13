"""Errors and interruptions that refer to results already written."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from hookline.plugins.dispatch.attribution import naming_plugins
from hookline.plugins.signals import Interruption
from hookline.plugins.stages import Run
from hookline.plugins.trial import Trial
from hookline.runs import directory
from hookline.runs.result import numbers_of_weights
from hookline.training.outcome import evaluate_splits, missing_splits, outcome

GRACE = 5.0
"""The number of seconds after an interruption in which splits are evaluated whose numbers are still missing."""


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


def with_late_numbers(run: Run, trial: Trial) -> Trial:
    """After an interruption, evaluate the saved weights on splits without numbers, for at most `GRACE` seconds.

    The results so far have been written, so that a second Ctrl-C or the end of the process loses nothing.

    Args:
        run: the interrupted run.
        trial: its results so far.

    """
    if trial.not_finite or GRACE <= 0:
        return trial
    model, criterion = trial.model, trial.criterion
    evaluated: dict[str, Mapping[str, float]] = {**numbers_of_weights(trial)}
    known = len(evaluated), len(run.notes)
    run.state.is_trained = True
    try:
        with run.interruption.withdrawn(GRACE), naming_plugins(run.stages.manager):
            evaluate_splits(run, model, criterion, missing_splits(run, trial), evaluated)
    except KeyboardInterrupt:
        pass
    except Exception as error:  # noqa: BLE001 - The interruption is what ended the run.
        run.note(f"An error occurred in an evaluation after the interruption: {error}")
    model.eval()
    criterion.eval()
    if (len(evaluated), len(run.notes)) > known:
        trial = outcome(run, trial.data, model, criterion, evaluated, None)
        directory.renew_result(run, trial)
    return trial

"""Whether a loss can take what a model gives: asked before training, so that a loss need not tell by failing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hookline.errors.exceptions import HooklineError, MisfitError, PluginError, StageError
from hookline.errors.failures import blamed
from hookline.training.preflight.misfits import misfit_of_loss

if TYPE_CHECKING:
    from hookline.data.batches import Batch, Data, Outputs
    from hookline.spec.training import TrainingSpec


def refuse_unfit_outputs(spec: "TrainingSpec", outputs: "Outputs", batch: "Batch", data: "Data") -> None:
    """Raise a `MisfitError` if the loss of the spec cannot compare these outputs with the targets of the batch."""
    try:
        spec.loss.check_outputs(outputs)
        with naming_outputs(spec, outputs), blamed(type(spec.loss)):
            spec.loss.check(outputs, batch, data)
    except ValueError as error:
        raise misfit_of_loss(error, spec) from None


@contextmanager
def naming_outputs(spec: "TrainingSpec", outputs: "Outputs") -> Iterator[None]:
    """A failure of the loss inside is told at its place, and by the outputs if they are not those that it takes."""
    try:
        yield
    except (MisfitError, StageError, ValueError):
        raise
    except PluginError as error:
        if message := spec.loss.unlike_inputs(outputs):
            raise _misfit(message, spec) from error
        raise StageError(str(error), ("loss",)) from error
    except HooklineError:
        raise
    except Exception as error:
        if message := spec.loss.unlike_inputs(outputs):
            raise _misfit(message, spec) from error
        raise


def _misfit(message: str, spec: "TrainingSpec") -> MisfitError:
    return misfit_of_loss(ValueError(message), spec)

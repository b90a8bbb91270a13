"""Check before training that the losses accept the outputs of the model."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hookline.errors.exceptions import HooklineError, HooklineWarning, MismatchError, PluginError, StageError
from hookline.errors.failures import attributed_to
from hookline.errors.option_errors import OptionError
from hookline.errors.suggestions import did_you_mean
from hookline.errors.text import enumerate_names
from hookline.spec.objective.named_loss import NamedLoss
from hookline.training.build.final_layer import head_of
from hookline.training.preflight.mismatches import mismatch_of_loss

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batch, Outputs
    from hookline.data.data import Data
    from hookline.plugins.stages import Run


def refuse_unfit_outputs(run: "Run", outputs: "Outputs", batch: "Batch", data: "Data") -> None:
    """Raise a `MismatchError` if a loss of the spec cannot compare these outputs with the targets of the batch."""
    outputs, batch = run.objective.compared(outputs, batch)
    for named in run.objective.losses.values():
        _refuse_missing_outputs(run, named, outputs)
        _, its_outputs, its_batch = named.given(None, outputs, batch)
        with locating(run, named):
            if batch.weights is not None and not named.loss.takes_weights:
                raise ValueError(f"{type(named.loss).__name__} has no `row_losses`, so rows cannot have weights.")
            with attributed_to(type(named.loss), named.path):
                named.loss.check_outputs(its_outputs)
            with naming_outputs(run, outputs, named.path), attributed_to(type(named.loss)):
                named.loss.check(its_outputs, its_batch, named.data(data))


def _refuse_missing_outputs(run: "Run", named: NamedLoss, outputs: "Outputs") -> None:
    """Raise a `MismatchError` if the model does not return the outputs that a loss takes by name."""
    if named.name is None and named.loss.output is None:
        return
    if isinstance(outputs, Mapping):
        for argument, output in named.outputs().items():
            if output not in outputs:
                message = f'The model returns no output "{output}".{did_you_mean(output, outputs)}'
                place = (*named.path, *named.place_of(argument))
                raise mismatch_of_loss(OptionError(place[0], message, *place[1:]), run.spec)
    elif named.loss.output is not None:
        wanted = enumerate_names(named.outputs().values())
        whose = "the loss" if named.name is None else named.name
        raise MismatchError(
            f"The model returns one unnamed output, but {whose} requires {wanted}.",
            (*named.path, "output"),
            id="unfit-outputs",
        )


def doubts(run: "Run", model: "nn.Module", outputs: "Outputs", data: "Data") -> Iterator[HooklineWarning]:
    """Yield the warnings of the losses about model, outputs and data, each with the place of its loss.

    Raises:
        MismatchError: if the training cannot succeed.

    """
    outputs, _ = run.objective.compared(outputs, data.example)
    for named in run.objective.losses.values():
        its_model, its_outputs = _head(named, model, outputs), named.taken(outputs)
        with locating(run, named), attributed_to(type(named.loss), named.path):
            found = [*named.loss.doubts(its_model, its_outputs), *named.loss.doubts_of_data(named.data(data))]
        yield from (HooklineWarning(doubt, named.path, id="doubtful-loss") for doubt in found)


def _head(named: NamedLoss, model: "nn.Module", outputs: "Outputs") -> "nn.Module":
    """The part of the model that computes the outputs of a loss: for several, an `nn.ModuleDict` by argument."""
    from torch import nn

    if not isinstance(outputs, Mapping) or (named.name is None and named.loss.output is None):
        return model
    heads = {argument: head_of(model, output) for argument, output in named.outputs().items()}
    return nn.ModuleDict(heads) if len(heads) > 1 else next(iter(heads.values()))


@contextmanager
def locating(run: "Run", named: NamedLoss) -> Iterator[None]:
    """Convert a `ValueError` of a loss to a `MismatchError` at the loss, or at the option that it names."""
    section, *inside = named.path
    try:
        yield
    except OptionError as error:
        raise mismatch_of_loss(error.within(*named.path), run.spec) from None
    except ValueError as error:
        against = [] if named.loss.output is None else [(*named.path, "output")]
        raise mismatch_of_loss(OptionError(section, str(error), *inside, against=against), run.spec) from None


@contextmanager
def naming_outputs(run: "Run", outputs: "Outputs", path: tuple[str, ...] = ()) -> Iterator[None]:
    """Report a failure of the loss at this path, or of any loss, or report wrong outputs if it does not accept them."""
    try:
        yield
    except (MismatchError, StageError, ValueError):
        raise
    except PluginError as error:
        _refuse_unlike_inputs(run, outputs, error)
        raise StageError(str(error), path or run.objective.path) from error
    except HooklineError:
        raise
    except Exception as error:
        _refuse_unlike_inputs(run, outputs, error)
        raise


def _refuse_unlike_inputs(run: "Run", outputs: "Outputs", cause: Exception) -> None:
    """Raise a `MismatchError` if the outputs are not those that a loss declares in `inputs`."""
    for named in run.objective.losses.values():
        if message := named.loss.unlike_inputs(named.taken(outputs)):
            section, *inside = named.path
            raise mismatch_of_loss(OptionError(section, message, *inside), run.spec) from cause

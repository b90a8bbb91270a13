"""`hookline check --deep`: whether data, model, loss and optimizer fit, found out without training.

The data is read. The model is built on torch's "meta" device, where tensors have shapes and no values, so that one of
any size takes neither memory nor time; the shapes of two rows are passed through it and through the loss.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import evolve

from hookline.building import unchanged_embeddings
from hookline.documents import Document
from hookline.errors import DataError, HooklineError, MisfitError, Problem, StageError
from hookline.loading import Loader
from hookline.pipeline import new_run
from hookline.rehearsal import refuse_unfit_splits, rehearse

if TYPE_CHECKING:
    from hookline.data import Data, Outputs
    from hookline.run import Run

LARGE = 50_000_000
"""With how many parameters a model is built without values only."""


def deep_check(document: Document, loader: Loader) -> list[Problem]:
    """The first thing that does not fit in a document that is right by itself, located; or nothing."""
    spec = loader.load(document)
    plugins = loader.plugins(document)
    try:
        run = new_run(spec, plugins, device="cpu")
        with run.stages.naming_plugins(), run.resources:
            _go_through(run)
    except MisfitError as error:
        return [document.located(Problem(error.message, error.path))]
    except DataError as error:
        return [document.located(Problem(str(error), ("data",)))]
    except HooklineError as error:
        return [document.located(Problem(str(error)))]
    return []


def _go_through(run: "Run") -> None:
    """Ask the stages up to the optimizer: for a model without values, and for one with them unless it is large."""
    import torch

    torch.manual_seed(run.spec.run.seed)
    data = run.stages.prepare_data(run=run)
    run.steps_per_epoch = len(data.training)
    try:
        parameters = _pass_shapes(run, data)
    except (MisfitError, StageError, RuntimeError) as error:
        if not _is_for_want_of_values(error):
            raise
        parameters = 0
    if parameters <= LARGE:
        model = run.stages.build_model(run=run, data=data)
        rehearse(run, data, model, run.stages.select_loss(run=run, data=data))


def _pass_shapes(run: "Run", data: "Data") -> int:
    """Pass the shapes of two rows through model, loss and optimizer; gives the number of parameters."""
    import torch

    stages, spec = run.stages, run.spec
    without_values = evolve(run, device=torch.device("meta"))
    batch = evolve(data.example, inputs={name: rows.to("meta") for name, rows in data.example.inputs.items()})
    with without_values.device:
        model = stages.build_model(run=without_values, data=evolve(data, example=batch)).eval()
    criterion = stages.select_loss(run=run, data=data).eval()
    with torch.no_grad(), unchanged_embeddings(model):
        outputs = stages.forward(run=without_values, model=model, batch=batch)
        try:
            spec.loss.check(outputs, data.example, data)
        except ValueError as error:
            raise MisfitError(str(error), ("loss",)) from None
        except RuntimeError as error:
            if not _is_for_want_of_values(error):
                raise
        stages.loss(run=run, criterion=criterion, outputs=_zeros(outputs), batch=data.example)
    refuse_unfit_splits(without_values, data, model, batch)
    stages.select_optimizer(run=without_values, model=model, criterion=criterion.to("meta"))
    return sum(parameter.numel() for parameter in model.parameters())


def _is_for_want_of_values(error: BaseException) -> bool:
    """Whether something looked at values of a tensor that has none, which is no fault of the spec."""
    causes = (error, error.__cause__, error.__context__)
    return any("meta" in str(cause).lower() for cause in causes if isinstance(cause, RuntimeError))


def _zeros(outputs: "Outputs") -> "Outputs":
    """Outputs of these shapes on the CPU, for a loss that needs values."""
    import torch

    if isinstance(outputs, Mapping):
        return {name: torch.zeros_like(output, device="cpu") for name, output in outputs.items()}
    return torch.zeros_like(outputs, device="cpu")

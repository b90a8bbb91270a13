"""`hookline check --deep`: whether data, model, loss, optimizer and metrics fit, found out without training.

The data is read. The model is built on torch's "meta" device, where tensors have shapes and no values, so that one of
any size takes neither memory nor time; the shapes of two rows are passed through it and through the loss. What does not
fit there hides nothing that does not depend on it. A model that is not large is then tried with values, too.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, cast

from attrs import evolve

from hookline.check.load import Loader
from hookline.check.reader import in_order
from hookline.check.toml.document import Document
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import DataError, HooklineError
from hookline.plugins.dispatch.blame import naming_plugins
from hookline.runs import devices
from hookline.training.build import unchanged_embeddings
from hookline.training.preflight.metrics import unfit_metrics
from hookline.training.preflight.misfits import located
from hookline.training.preflight.outputs import naming_outputs, refuse_unfit_outputs
from hookline.training.preflight.preflight import refuse_unfit_splits, refuse_wrong_outputs, rehearse
from hookline.training.run_setup import new_run

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batch, Data, Outputs
    from hookline.plugins.stages import Run

LARGE = 50_000_000
"""With how many parameters a model is built without values only."""

_NO_VALUES = re.compile(
    r"\bmeta (\w+ )?tensors?\b|\b(device|tensor at) meta\b|\bmeta'? (device type|backend)\b|\btwo devices\b.*\bmeta\b"
    r"|\bregister_meta\b",
    re.IGNORECASE,
)
"""What torch says of a tensor that has no values, or that meets one with some."""


def deep_check(document: Document, loader: Loader) -> list[Diagnostic]:
    """What does not fit in a document that is right by itself, located, in the order of the text."""
    spec = loader.load(document)
    plugins = loader.plugins(document)
    found = _Found()
    try:
        with new_run(spec, plugins, device="cpu") as run:
            _go_through(run, found)
    except HooklineError as error:
        found.errors.append(error)
    diagnostics = dict.fromkeys(
        one
        for error in found.errors
        for one in ([located(error, spec.data)] if isinstance(error, DataError) else error.diagnostics)
    )
    return in_order(map(document.locate, diagnostics), document)


class _Found:
    """What does not fit."""

    def __init__(self) -> None:
        self.errors: list[HooklineError] = []
        self.wants_values = False
        """Whether something could not be tried with shapes only."""

    def noting(self, run: "Run") -> "AbstractContextManager[None, bool]":
        """Errors that are raised inside the context are noted, and the check continues after it."""
        return cast("AbstractContextManager[None, bool]", self._noting(run))  # For mypy: it suppresses errors.

    @contextmanager
    def _noting(self, run: "Run") -> Iterator[None]:
        try:
            with naming_plugins(run.stages.manager):
                yield
        except (HooklineError, RuntimeError) as error:
            if _is_for_want_of_values(error):
                self.wants_values = True
            elif isinstance(error, HooklineError):
                self.errors.append(error)
            else:
                raise


def _go_through(run: "Run", found: _Found) -> None:
    """Ask the stages up to the optimizer: for a model without values, and for one with them unless it is large."""
    import torch

    torch.manual_seed(run.spec.run.seed)
    data: Data | None = None
    with found.noting(run):
        data = run.stages.prepare_data(run=run)
        run.steps_per_epoch = len(data.training)
    if data is None:
        return
    model, criterion = _pass_shapes(run, data, found)
    is_large = model is not None and sum(parameter.numel() for parameter in model.parameters()) > LARGE
    is_built = model is not None and criterion is not None
    if not is_large and (is_built or found.wants_values):
        _pass_values(run, data, found)


def _pass_shapes(run: "Run", data: "Data", found: _Found) -> "tuple[nn.Module | None, nn.Module | None]":
    """Pass the shapes of two rows through model, loss and optimizer.

    Gives the model without values, and the loss: `None` for what could not be built so.
    """
    import torch

    without_values = evolve(run, device=torch.device("meta"))
    batch = evolve(data.example, inputs={name: rows.to("meta") for name, rows in data.example.inputs.items()})
    model: nn.Module | None = None
    criterion: nn.Module | None = None
    with found.noting(run), without_values.device:
        model = run.stages.build_model(run=without_values, data=evolve(data, example=batch)).eval()
    with found.noting(run):
        criterion = run.stages.select_loss(run=run, data=data).eval()
    if model is None or criterion is None:
        return model, criterion
    with torch.no_grad():
        _compare(run, without_values, data, model, criterion, batch, found)
    with found.noting(run):
        refuse_unfit_splits(without_values, data, model, batch)
    with found.noting(run):
        run.stages.select_optimizer(run=without_values, model=model, criterion=criterion.to("meta"))
    return model, criterion


def _compare(
    run: "Run",
    without_values: "Run",
    data: "Data",
    model: "nn.Module",
    criterion: "nn.Module",
    batch: "Batch",
    found: _Found,
) -> None:
    """Pass shapes through the model, and what comes out through loss and metrics, as zeros."""
    before = len(found.errors)
    outputs: Outputs | None = None
    with found.noting(run), unchanged_embeddings(model), devices.uncompiled():
        given = run.stages.forward(run=without_values, model=model, batch=batch)
        refuse_wrong_outputs(run, given, model=model, batch=batch)
        outputs = given
    if outputs is None:
        return
    with found.noting(run):
        refuse_unfit_outputs(run, outputs, data.example, data)
    if len(found.errors) > before:
        return
    zeros = _zeros(outputs)
    with found.noting(run), naming_outputs(run, zeros):
        run.stages.loss(run=run, criterion=criterion, outputs=zeros, batch=data.example)
    if len(found.errors) == before:
        found.errors += unfit_metrics(run, data, criterion, zeros, data.example)


def _pass_values(run: "Run", data: "Data", found: _Found) -> None:
    """Try two rows as before a training."""
    with found.noting(run):
        model = run.stages.build_model(run=run, data=data)
        criterion = run.stages.select_loss(run=run, data=data)
        with found.noting(run):
            rehearse(run, data, model, criterion)
        run.stages.select_optimizer(run=run, model=model, criterion=criterion)


def _is_for_want_of_values(error: BaseException) -> bool:
    """Whether something looked at values of a tensor that has none, which is no fault of the spec."""
    cause: BaseException | None = error
    while cause is not None:  # Each layer that names a place wraps the error once more.
        if isinstance(cause, (RuntimeError, TypeError)) and _NO_VALUES.search(str(cause)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _zeros(outputs: "Outputs") -> "Outputs":
    """Outputs of these shapes on the CPU, for what needs values."""
    import torch

    if isinstance(outputs, Mapping):
        return {name: torch.zeros_like(output, device="cpu") for name, output in outputs.items()}
    return torch.zeros_like(outputs, device="cpu")

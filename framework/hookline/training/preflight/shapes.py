"""`hookline check --deep`: check without training that data, model, loss, optimizer and metrics fit together.

The data is read. The model is built on torch's "meta" device, where tensors have shapes but no values, so a model of
any size takes neither memory nor time. The shapes of two rows are passed through the model and the loss. After an
error, the checks that do not depend on it continue. Models that are not large are then also tried with values.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, cast

from attrs import evolve

from hookline.check.load import Loader
from hookline.check.reader import in_order
from hookline.check.toml.document import Document
from hookline.data.batches import length_of
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import DataError, HooklineError
from hookline.plugins.dispatch.attribution import naming_plugins
from hookline.runs import devices
from hookline.training.build.build import unchanged_embeddings
from hookline.training.preflight.metrics import unfit_metrics
from hookline.training.preflight.mismatches import in_spec
from hookline.training.preflight.outputs import naming_outputs, refuse_unfit_outputs
from hookline.training.preflight.preflight import preflight, refuse_wrong_outputs
from hookline.training.preflight.unfit_splits import refuse_unfit_splits
from hookline.training.run_setup import new_run

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batch, Outputs
    from hookline.data.data import Data
    from hookline.plugins.stages import Run

LARGE = 50_000_000
"""Models with more parameters than this are only built without values."""

_NO_VALUES = re.compile(
    r"\bmeta (\w+ )?tensors?\b|\b(device|tensor at) meta\b|\bmeta'? (device type|backend)\b|\btwo devices\b.*\bmeta\b"
    r"|\bregister_meta\b",
    re.IGNORECASE,
)
"""Matches torch's errors for tensors without values, or for mixing them with tensors that have values."""


def deep_check(document: Document, loader: Loader) -> list[Diagnostic]:
    """Return the problems of a valid document, located, in the order of the text."""
    spec = loader.load(document)
    plugins = loader.plugins(document)
    found = _Found()
    try:
        with new_run(spec, plugins, device="cpu") as run:
            _check_stages(run, found)
    except HooklineError as error:
        found.errors.append(error)
    diagnostics = dict.fromkeys(
        one
        for error in found.errors
        for one in ([in_spec(error, spec.data)] if isinstance(error, DataError) else error.diagnostics)
    )
    return in_order(map(document.locate, diagnostics), document)


class _Found:
    """The errors found so far."""

    def __init__(self) -> None:
        self.errors: list[HooklineError] = []
        self.needs_values = False
        """Whether a check failed because tensors had no values."""

    def collecting(self, run: "Run") -> "AbstractContextManager[None, bool]":
        """Collect errors that are raised inside the context; the check continues after it."""
        return cast(
            "AbstractContextManager[None, bool]", self._collecting(run)
        )  # Tells mypy that it suppresses errors.

    @contextmanager
    def _collecting(self, run: "Run") -> Iterator[None]:
        try:
            with naming_plugins(run.stages.manager):
                yield
        except (HooklineError, RuntimeError) as error:
            if _lacks_values(error):
                self.needs_values = True
            elif isinstance(error, HooklineError):
                self.errors.append(error)
            else:
                raise


def _check_stages(run: "Run", found: _Found) -> None:
    """Call the stages up to `select_optimizer`, without values and, unless the model is large, with values."""
    import torch

    torch.manual_seed(run.spec.run.seed)
    data: Data | None = None
    with found.collecting(run):
        data = run.stages.prepare_data(run=run)
        run.steps_per_epoch, run.targets = length_of(data.training), data.targets
    if data is None:
        return
    model, criterion = _pass_shapes(run, data, found)
    is_large = model is not None and sum(parameter.numel() for parameter in model.parameters()) > LARGE
    is_built = model is not None and criterion is not None
    if not is_large and (is_built or found.needs_values):
        _pass_values(run, data, found)


def _pass_shapes(run: "Run", data: "Data", found: _Found) -> "tuple[nn.Module | None, nn.Module | None]":
    """Pass the shapes of two rows through model, loss and optimizer.

    Returns the model without values and the criterion, each `None` if it could not be built.
    """
    import torch

    without_values = evolve(run, device=torch.device("meta"))
    batch = evolve(data.example, inputs={name: rows.to("meta") for name, rows in data.example.inputs.items()})
    model: nn.Module | None = None
    criterion: nn.Module | None = None
    with found.collecting(run), without_values.device:
        model = run.stages.build_model(run=without_values, data=evolve(data, example=batch)).eval()
    with found.collecting(run):
        criterion = run.stages.select_loss(run=run, data=data).eval()
    if model is None or criterion is None:
        return model, criterion
    with torch.no_grad():
        _compare(run, without_values, data, model, criterion, batch, found)
    with found.collecting(run):
        refuse_unfit_splits(without_values, data, model, batch)
    with found.collecting(run):
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
    """Pass shapes through the model, and zeros with the output shapes through loss and metrics."""
    before = len(found.errors)
    outputs: Outputs | None = None
    with found.collecting(run), unchanged_embeddings(model), devices.uncompiled():
        given = run.stages.forward(run=without_values, model=model, batch=batch)
        refuse_wrong_outputs(run, given, model=model, batch=batch)
        outputs = given
    if outputs is None:
        return
    with found.collecting(run):
        refuse_unfit_outputs(run, outputs, data.example, data)
    if len(found.errors) > before:
        return
    zeros = _zeros(outputs)
    with found.collecting(run), naming_outputs(run, zeros):
        run.stages.loss(run=run, criterion=criterion, outputs=zeros, batch=data.example)
    if len(found.errors) == before:
        found.errors += unfit_metrics(run, data, criterion, zeros, data.example)


def _pass_values(run: "Run", data: "Data", found: _Found) -> None:
    """Run the preflight with values, as before training."""
    with found.collecting(run):
        model = run.stages.build_model(run=run, data=data)
        criterion = run.stages.select_loss(run=run, data=data)
        with found.collecting(run):
            preflight(run, data, model, criterion)
        run.stages.select_optimizer(run=run, model=model, criterion=criterion)


def _lacks_values(error: BaseException) -> bool:
    """Whether an error occurred because tensors had no values, which is not a problem of the spec."""
    cause: BaseException | None = error
    while cause is not None:  # Each context that adds a place wraps the error again.
        if isinstance(cause, (RuntimeError, TypeError)) and _NO_VALUES.search(str(cause)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _zeros(outputs: "Outputs") -> "Outputs":
    """Zeros with the shapes of these outputs, on the CPU."""
    import torch

    if isinstance(outputs, Mapping):
        return {name: torch.zeros_like(output, device="cpu") for name, output in outputs.items()}
    return torch.zeros_like(outputs, device="cpu")

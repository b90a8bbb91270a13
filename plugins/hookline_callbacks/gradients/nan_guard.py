"""Handle losses and gradients that are not finite."""

from collections.abc import Generator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Literal

from hookline import Run, hookimpl
from hookline.errors import TrainingError, counted, enumerate_names
from hookline.script import Script, indented
from hookline.spec import CallbackSpec, OptimizerSpec, option, spec
from hookline_callbacks.gradients.nan_guard_lines import FINITE, FINITE_LOSS, copy_lines, skip_lines
from hookline_callbacks.gradients.norms import are_finite, gradients_of
from hookline_callbacks.gradients.sparse_gradients import refuse_sparse_gradients
from hookline_callbacks.weights.buffers import KeptBuffers

if TYPE_CHECKING:
    from torch import nn, optim


@spec
class NaNGuard(CallbackSpec):
    """Check the loss and the gradients of every step before the parameters are updated.

    If one of them is infinite or NaN, NaNGuard stops the training and names the parameters, skips the batch, or
    restores an earlier copy of the parameters and continues with the next batch. Each check synchronizes with the
    device. A skipped batch leaves no trace, not even in buffers such as BatchNorm's statistics, and callbacks listed
    later do not count its step. If all batches of an epoch are skipped, the training stops.
    """

    logs = ()
    writes_to = ()
    connects_to = ()

    action: Literal["raise", "skip", "roll_back"] = "raise"
    """The action: "raise" stops the training, "skip" skips the batch, "roll_back" restores the parameters and the state
    of the optimizer, but not its learning rates, from the latest copy."""
    gradients: bool = True
    """Check the gradients, not only the loss."""
    copy_every: int = option(default=100, minimum=1, only_with=("action", "roll_back"))
    """The number of steps between two copies for "roll_back"."""
    most: int = option(default=10, minimum=1)
    """The largest number of consecutive non-finite batches. One more stops the training in any case."""

    @property
    def unstackable(self) -> str:  # type: ignore[override]
        """Why trials cannot be trained together: all of them make the same steps."""
        return "" if self.action == "raise" else f'its action "{self.action}" leaves out steps'

    @property
    def unlimited(self) -> str | Mapping[str, str]:  # type: ignore[override]
        """Why "skip" must check every step."""
        return "A step without a check may destroy the parameters." if self.action == "skip" else {}

    def check(self, optimizer: OptimizerSpec) -> None:
        """Refuse an optimizer that computes gradients within its step."""
        if optimizer.needs_closure:
            name = type(optimizer).__name__
            raise ValueError(
                f"{name} computes gradients several times per step, but NaNGuard sees only the first ones."
            )

    def eject(self, script: Script, run: Run) -> None:
        """Add the check before the step: an error, or a condition without which there is no step."""
        loop, due = script.loop, self.ejected_condition("step + 1")
        loop.counts_steps |= bool(due) or self.action == "roll_back"
        name = script.define(FINITE if self.gradients else FINITE_LOSS)
        check = f"{name}(loss{f', {script.all_parameters}' if self.gradients else ''})"
        if self.action == "raise":
            condition = f"{due} and not {check}" if due else f"not {check}"
            loop.step += [f"if {condition}:", '    raise ValueError("The loss or a gradient is not finite.")']
            return
        skipped = ["skipped += 1", f"if skipped > {self.most}:"]
        skipped.append(
            '    raise ValueError("Too many consecutive batches have a loss or gradients that are not finite.")'
        )
        loop.before.append("skipped = 0  # The number of consecutive batches that are not finite.")
        undo, keep = skip_lines(script) if self.action == "skip" else copy_lines(script, self.copy_every)
        counted = [f"if {due}:", *indented(["skipped = 0", *keep])] if due else ["skipped = 0", *keep]
        loop.add_skip(f"not ({due}) or {check}" if due else check, [*skipped, *undo], counted)

    def build(self) -> object:
        """Return the callback, which counts batches and keeps a copy."""
        return _NaNGuard(self)


class _NaNGuard:
    def __init__(self, spec: NaNGuard):
        self._spec = spec
        self._modules: dict[str, nn.Module] = {}
        self._copy: dict[str, Any] = {}
        self._buffers: KeptBuffers | None = None
        self._in_a_row = 0
        self._left_out = 0
        self._epoch = 0
        self._left_out_of_epoch = 0

    @hookimpl(wrapper=True)
    def select_optimizer(self, run: Run, model: "nn.Module") -> "Generator[None, optim.Optimizer, optim.Optimizer]":
        """Refuse sparse gradients, whose maximum torch cannot compute."""
        if self._spec.gradients:
            refuse_sparse_gradients(self._spec, run, model)
        return (yield)

    @hookimpl(wrapper=True)
    def fit(
        self, run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
    ) -> "Generator[None, nn.Module, nn.Module]":
        """Remember the modules, and report the number of skipped batches at the end."""
        self._modules = {"model": model, "criterion": criterion}
        self._keep(optimizer)
        if self._spec.action == "skip":
            self._buffers = KeptBuffers(self._modules.values())
        trained = yield
        if self._left_out:
            steps = counted(self._left_out, "step")
            run.note(f"NaNGuard skipped {steps} in which the loss or gradients were not finite.")
        return trained

    @hookimpl(wrapper=True)
    def step(self, run: Run, optimizer: "optim.Optimizer") -> Generator[None, bool, bool]:
        """Check before the parameters are updated. Without gradients, an optimizer does not change them."""
        if self._is_finite(run, optimizer):
            self._in_a_row = 0
            is_updated = yield
            if (run.step + 1) % self._spec.copy_every == 0:
                self._keep(optimizer)
            if self._buffers is not None:
                self._buffers.keep()
            return is_updated
        self._count(run)
        if self._buffers is not None:
            self._buffers.restore()
        if self._spec.action == "roll_back":
            self._go_back(optimizer)
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None
        return (yield)

    @hookimpl(wrapper=True)
    def log(self) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Copy the buffers again, since others may change them between epochs."""
        record = yield
        if self._buffers is not None:
            self._buffers.keep()
        return record

    def _count(self, run: Run) -> None:
        """Count a non-finite batch, and stop the training if there are too many."""
        if self._epoch != run.epoch:
            self._epoch, self._left_out_of_epoch = run.epoch, 0
        self._in_a_row += 1
        self._left_out += 1
        self._left_out_of_epoch += 1
        if self._spec.action == "raise" or self._in_a_row > self._spec.most:
            raise TrainingError(f"In epoch {run.epoch}, step {run.step + 1}, {self._what(run)}.")
        if self._spec.action == "skip" and self._left_out_of_epoch == run.steps_per_epoch:
            raise TrainingError(f"All batches of epoch {run.epoch} were skipped; in the last one, {self._what(run)}.")

    def _is_finite(self, run: Run, optimizer: "optim.Optimizer") -> bool:
        import torch

        assert run.loss is not None
        with torch.no_grad():
            return are_finite(run.loss, gradients_of(optimizer) if self._spec.gradients else [])

    def _what(self, run: Run) -> str:
        """Describe what is not finite."""
        named = [
            (name, parameter) for module in self._modules.values() for name, parameter in module.named_parameters()
        ]
        names = [
            name for name, parameter in named if parameter.grad is not None and not parameter.grad.isfinite().all()
        ]
        loss = f"the loss is {float(run.loss):g}" if run.loss is not None else ""
        if not names:
            return loss
        more = f" and {counted(len(names) - 4, 'other')}" if len(names) > 4 else ""
        return f"{loss}, and the gradients of {enumerate_names(names[:4])}{more} are not finite"

    def _keep(self, optimizer: "optim.Optimizer") -> None:
        if self._spec.action == "roll_back":
            self._copy = deepcopy(self._states(optimizer))

    def _go_back(self, optimizer: "optim.Optimizer") -> None:
        for name, module in self._modules.items():
            module.load_state_dict(self._copy[name])
        # Keep the learning rates, since a scheduler continues from them.
        options = [
            {name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups
        ]
        optimizer.load_state_dict(deepcopy(self._copy["optimizer"]))
        for group, kept in zip(optimizer.param_groups, options, strict=True):
            group.update(kept)

    def _states(self, optimizer: "optim.Optimizer") -> dict[str, Any]:
        return {
            **{name: module.state_dict() for name, module in self._modules.items()},
            "optimizer": optimizer.state_dict(),
        }

    def state_dict(self) -> dict[str, Any]:
        """Return the copy and the counts of non-finite batches: consecutive, total, and in this epoch."""
        return {
            "copy": self._copy,
            "in_a_row": self._in_a_row,
            "left_out": self._left_out,
            "epoch": self._epoch,
            "left_out_of_epoch": self._left_out_of_epoch,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load the copy and the counts of another run. The buffers have already been loaded into the model."""
        self._copy, self._in_a_row, self._left_out = state["copy"], state["in_a_row"], state["left_out"]
        self._epoch, self._left_out_of_epoch = state["epoch"], state["left_out_of_epoch"]
        if self._buffers is not None:
            self._buffers.keep()

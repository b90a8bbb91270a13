"""Trace every step that can be traced, however short the training is, without a comparison with the layers."""

from types import SimpleNamespace

import torch

from hookline.plugins.traced_steps import TracedSteps
from hookline.spec import LossSpec
from hookline.spec.objective.objective import Objective
from hookline.training.tracing import beginning, calls, comparison, worth
from hookline.training.tracing.graphs import runners
from hookline.training.tracing.graphs.running import in_python, in_torchscript
from hookline.training.tracing.passes import evaluated_batches, to_come, traced_evaluation

RUNNERS = {"torchscript": in_torchscript.in_torchscript, "python": in_python.in_python}
OF_SEVERAL = {"torchscript": in_torchscript.several_in_torchscript, "python": in_python.several_in_python}
OF_BATCHES = {"torchscript": in_torchscript.batches_in_torchscript, "python": in_python.batches_in_python}


def trace_everything(patch, runner, checks=0):
    """Record the first batch of each shape, and compute all others by its trace, with the runner of this name.

    This is so for steps and for evaluations. By default, nothing is compared during the training, so that the test
    itself finds a difference; otherwise `checks` steps and batches of each shape are.
    """
    patch.setattr(worth, "WARM_UP", 0)
    patch.setattr(worth, "earns_its_cost", lambda *_, **__: True)
    patch.setattr(worth, "is_mostly_computation", lambda seconds: False)
    patch.setattr(comparison, "CHECKS", checks)
    patch.setattr(worth, "is_faster", lambda *_: True)
    patch.setattr(calls, "MOST", 4)
    patch.setattr(calls, "LONGEST", float("inf"))  # So that the load of the machine changes no call.
    patch.setattr(traced_evaluation, "WARM_UP", 0)
    patch.setattr(to_come, "earns_its_cost", lambda *_, **__: True)
    patch.setattr(runners, "best", RUNNERS[runner])
    patch.setattr(runners, "best_of_several", OF_SEVERAL[runner])
    patch.setattr(runners, "best_of_batches", OF_BATCHES[runner])


def trace_nothing(patch):
    """Compute every step by the layers."""
    patch.setattr(beginning, "why_not", lambda run: "nothing is traced")
    patch.setattr(evaluated_batches, "why_not", lambda run, stages: "nothing is traced")


def run_of(steps=1000, *, objective=None):
    """A run of a spec, as far as tracing knows it."""
    return SimpleNamespace(
        spec=SimpleNamespace(
            run=SimpleNamespace(trace="auto"), callbacks=(), optimizer=SimpleNamespace(needs_closure=False)
        ),
        device=torch.device("cpu"),
        stages=SimpleNamespace(seen_by=lambda stage: None),
        objective=objective or Objective.of(LossSpec()),
        traced_steps=TracedSteps(),
        state=SimpleNamespace(epoch=1, history=[]),
        epoch=1,
        step=0,
        last_step=steps,
        steps_per_epoch=None,
        kept={},
    )


class Plain:
    """The gradients of a plain PyTorch loop."""

    def __init__(self, model, criterion, optimizer):
        self.model, self.criterion, self.optimizer = model, criterion, optimizer
        self.calls = 0

    def gradients(self, batch):
        """Compute the gradients of a batch."""
        self.calls += 1
        for group in self.optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None
        outputs = self.model(*batch.inputs.values())
        loss = self.criterion(outputs, *batch.targets.values())
        loss.backward()
        return loss.detach()


def seen(model, criterion, batch):
    """Everything that a step changes, besides the loss."""
    parameters = [*model.parameters(), *criterion.parameters()]
    return [
        *(parameter.grad for parameter in parameters),
        *(tensor.detach().clone() for tensor in (*parameters, *model.buffers(), *criterion.buffers())),
        *(tensor.clone() for tensor in (*batch.inputs.values(), *batch.targets.values())),
        torch.get_rng_state(),
    ]


def are_equal(several, others):
    """Whether tensors have the same bits."""
    return len(several) == len(others) and all(
        one is other is None or (one.stride() == other.stride() and torch.equal(one, other))
        for one, other in zip(several, others, strict=True)
    )


def both_ways(make, batches, *, steps=1000):
    """Train a model by its layers and by a trace, and compare every bit after each step; return what was traced.

    `make` returns the model and the criterion, and draws the same parameters each time.
    """
    losses, states, run = {}, {}, run_of(steps)
    for way in ("layers", "trace"):
        torch.manual_seed(1)
        model, criterion = make()
        parameters = [*model.parameters(), *criterion.parameters()]
        optimizer = torch.optim.SGD(parameters, lr=0.01)
        gradients = Plain(model, criterion, optimizer).gradients
        if way == "trace":
            gradients = beginning.traced_gradients(run, model, criterion, optimizer, gradients)
        torch.manual_seed(2)
        losses[way], states[way] = [], []
        for batch in batches:
            own = batch.changed(lambda tensor: tensor.clone())
            losses[way].append(gradients(own))
            states[way].append(seen(model, criterion, own))
            optimizer.step()
    assert are_equal(losses["layers"], losses["trace"])
    assert all(map(are_equal, states["layers"], states["trace"]))
    return run.traced_steps

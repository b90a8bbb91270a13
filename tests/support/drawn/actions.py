"""A plugin that changes something at random places of a training, as a callback of a stranger may."""

import copy
import random

import torch
from torch import nn

import hookline


def slower(run, model, optimizer):
    """Change the learning rate."""
    optimizer.param_groups[0]["lr"] *= 0.5


def decayed(run, model, optimizer):
    """Change another option of the optimizer."""
    if "weight_decay" in optimizer.param_groups[0]:
        optimizer.param_groups[0]["weight_decay"] += 0.01


def frozen(run, model, optimizer):
    """Freeze a parameter, or train it again."""
    parameter = next(model.parameters())
    parameter.requires_grad_(not parameter.requires_grad)


def in_evaluation(run, model, optimizer):
    """Switch the model to evaluation."""
    model.eval()


def scaled(run, model, optimizer):
    """Change parameters in place."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(0.9)


def moved(run, model, optimizer):
    """Give a parameter other memory."""
    parameter = next(model.parameters())
    parameter.data = parameter.data.clone() * 0.9


def loaded(run, model, optimizer):
    """Load a state."""
    model.load_state_dict(copy.deepcopy(model.state_dict()))
    optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))


def forgotten(run, model, optimizer):
    """Forget the states of the optimizer."""
    optimizer.state.clear()


def dropping(run, model, optimizer):
    """Change an attribute of layers."""
    for layer in model.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.9 - layer.p
        if isinstance(layer, nn.BatchNorm1d):
            layer.momentum = 0.7


def hooked(run, model, optimizer):
    """Register a hook of a layer."""
    last = list(model.modules())[-1]
    last.register_forward_hook(lambda *_: None)


def hooked_parameter(run, model, optimizer):
    """Register a hook of a parameter."""
    parameter = next(model.parameters())
    if parameter.requires_grad:
        parameter.register_hook(lambda gradient: gradient * 0.5)


def drawing(run, model, optimizer):
    """Draw random numbers."""
    torch.rand(3)
    random.random()  # noqa: S311 - Not for cryptography.


def seeded(run, model, optimizer):
    """Begin the random numbers anew."""
    torch.manual_seed(run.step)


def stopping(run, model, optimizer):
    """Stop the run."""
    run.stop("It is enough.")


def failing(run, model, optimizer):
    """Raise an error."""
    raise ValueError("It fails.")


def cleared(run, model, optimizer):
    """Clear the gradients."""
    for parameter in model.parameters():
        parameter.grad = None


def reset(run, model, optimizer):
    """Begin the statistics of BatchNorm anew, in other tensors."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d) and layer.running_mean is not None:
            layer.running_mean = torch.zeros_like(layer.running_mean)


ACTIONS = (
    *(
        slower,
        decayed,
        frozen,
        in_evaluation,
        scaled,
        moved,
        loaded,
        forgotten,
        dropping,
        drawing,
        seeded,
        cleared,
        reset,
    ),
    *(slower, frozen, dropping, scaled),
    *(hooked, hooked_parameter, stopping, failing),
)


class Acting:
    """Does something after some epochs, and if it wraps steps, after some steps."""

    def __init__(self, draw):
        self.after_epochs = {draw.randint(1, 4): draw.choice(ACTIONS) for _ in range(draw.choice((0, 1, 2)))}
        self.after_steps = {draw.randint(1, 20): draw.choice(ACTIONS) for _ in range(draw.choice((1, 2)))}
        self.parts = None

    @hookline.hookimpl(wrapper=True)
    def fit(self, run, model, optimizer):
        self.parts = run, model, optimizer
        return (yield)

    @hookline.hookimpl(wrapper=True)
    def log(self, run):
        answer = yield
        if run.epoch in self.after_epochs:
            self.after_epochs[run.epoch](*self.parts)
        return answer


class ActingInside(Acting):
    """Does something after some steps, too."""

    @hookline.hookimpl(wrapper=True)
    def step(self, run):
        answer = yield
        if run.step in self.after_steps:
            self.after_steps[run.step](*self.parts)
        return answer


def acting(draw):
    """Return what makes the same plugin again and again."""
    kind, seed = draw.choice((Acting, Acting, ActingInside)), draw.random()
    return lambda: kind(random.Random(seed))  # noqa: S311 - Not for cryptography.

from itertools import product

import pytest
import torch

import hookline_optimizers.adagrad
import hookline_optimizers.adam
import hookline_optimizers.rprop
import hookline_optimizers.sgd
from hookline.spec import StackedOptions

SGD, Adam, AdamW = hookline_optimizers.sgd.SGD, hookline_optimizers.adam.Adam, hookline_optimizers.adam.AdamW
RMSprop, Adagrad = hookline_optimizers.rprop.RMSprop, hookline_optimizers.adagrad.Adagrad


def several(kind, equal, **choices):
    """Optimizers with all combinations of some options."""
    return [kind(**equal, **dict(zip(choices, values, strict=True))) for values in product(*choices.values())]


CASES = {
    "SGD": several(SGD, {}, lr=(0.1, 0.01), momentum=(0.0, 0.9), dampening=(0.0, 0.3), weight_decay=(0.0, 0.1)),
    "plain SGD": several(SGD, {}, lr=(0.1, 0.01)),
    "Nesterov": several(SGD, {"nesterov": True, "maximize": True}, lr=(0.1,), momentum=(0.5, 0.9)),
    "Adam": several(
        Adam, {}, lr=(0.1, 0.01), betas=((0.9, 0.999), (0.5, 0.9)), eps=(1e-8, 1e-2), weight_decay=(0.0, 0.1)
    ),
    "AMSGrad": several(Adam, {"amsgrad": True}, lr=(0.1, 0.01)),
    "AdamW": several(AdamW, {"maximize": True}, lr=(0.1, 0.01), weight_decay=(0.0, 0.5)),
    "RMSprop": several(RMSprop, {}, lr=(0.1,), alpha=(0.9, 0.5), momentum=(0.0, 0.9), weight_decay=(0.0, 0.1)),
    "centered RMSprop": several(RMSprop, {"centered": True}, lr=(0.1, 0.01), eps=(1e-8, 1e-3)),
    "Adagrad": several(Adagrad, {}, lr=(0.1, 0.01), lr_decay=(0.0, 0.1), initial_accumulator_value=(0.0, 0.5)),
}


def columns(specs, name):
    """The numbers of an option, as a stack has them."""
    values = [getattr(spec, name) for spec in specs]
    if isinstance(values[0], tuple):
        return tuple(torch.tensor(part, dtype=torch.float64).unsqueeze(1) for part in zip(*values, strict=True))
    return torch.tensor(values, dtype=torch.float64).unsqueeze(1)


def shared_of(specs, update):
    """The numbers that all models share and that a step may use as Python numbers."""
    first, *others = specs
    equal = [name for name in update.constant if all(getattr(one, name) == getattr(first, name) for one in others)]
    return {name: getattr(first, name) for name in equal}


@pytest.mark.parametrize(
    ("name", "is_shared"),
    [
        (name, flag)
        for name, specs in CASES.items()
        for flag in {False, bool(shared_of(specs, specs[0].stacked_update()))}
    ],
)
def test_steps_of_several_models_equal_those_of_torchs_optimizers(name, is_shared):
    specs = CASES[name]
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(len(specs), 7, generator=generator, dtype=torch.float64)
    alone = [torch.nn.Parameter(row.clone()) for row in start]
    optimizers = [
        getattr(torch.optim, type(spec).__name__)([one], **spec.arguments())
        for spec, one in zip(specs, alone, strict=True)
    ]
    update = specs[0].stacked_update()
    numbers = {option: columns(specs, option) for option in update.numbers}
    zero = frozenset(option for option in update.numbers if not any(getattr(spec, option) for spec in specs))
    shared = shared_of(specs, update) if is_shared else {}
    options = StackedOptions(numbers, {option: getattr(specs[0], option) for option in update.equal}, zero, shared)
    together, state = start.clone(), {}
    for _ in range(4):
        gradients = torch.randn(len(specs), 7, generator=generator, dtype=torch.float64)
        for one, row, optimizer in zip(alone, gradients, optimizers, strict=True):
            one.grad = row.clone()
            optimizer.step()
        update.step(together, gradients, options, state)
        torch.testing.assert_close(together, torch.stack([one.detach() for one in alone]), rtol=1e-12, atol=1e-12)

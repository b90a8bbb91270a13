"""The steps of optimizers for several models at once, whose options may differ.

Each computes what torch's optimizer of the same name computes for each model, up to rounding.
"""

from typing import TYPE_CHECKING, Any

from hookline.spec import StackedOptions, StackedUpdate

if TYPE_CHECKING:
    from torch import Tensor


def _like(numbers: Any, tensor: "Tensor") -> "Tensor":
    """Cast numbers, which are computed in float64 as torch does, to the dtype of a tensor."""
    cast: Tensor = numbers.to(tensor.dtype)
    return cast


def _count(parameters: "Tensor") -> "Tensor":
    """A counter of steps: a tensor, so that the operations of all steps are the same."""
    import torch

    return torch.zeros((), dtype=torch.float32, device=parameters.device)


def _directed(gradients: "Tensor", options: StackedOptions) -> "Tensor":
    return gradients.neg() if options.equal["maximize"] else gradients


def _decayed(parameters: "Tensor", gradients: "Tensor", options: StackedOptions) -> "Tensor":
    """The directed gradients, to which weight decay adds a part of the parameters."""
    import torch

    changes = _directed(gradients, options)
    if "weight_decay" in options.zero:
        return changes
    decay: Any = options.numbers["weight_decay"]
    return torch.addcmul(changes, parameters, _like(decay, parameters))


def _sgd(parameters: "Tensor", gradients: "Tensor", options: StackedOptions, state: dict[str, Any]) -> None:
    import torch

    numbers: Any = options.numbers
    changes = _decayed(parameters, gradients, options)
    if "momentum" not in options.zero:
        momentum = _like(numbers["momentum"], parameters)
        if "buffer" not in state:
            state["buffer"] = changes.clone()
        else:
            # Without a momentum, torch ignores the dampening.
            kept = 1 - numbers["dampening"] * (numbers["momentum"] != 0)
            state["buffer"].mul_(momentum).addcmul_(changes, _like(kept, parameters))
        changes = torch.addcmul(changes, state["buffer"], momentum) if options.equal["nesterov"] else state["buffer"]
    parameters.addcmul_(changes, _like(numbers["lr"], parameters), value=-1)


SGD = StackedUpdate(_sgd, ("lr", "momentum", "dampening", "weight_decay"), ("nesterov", "maximize"))


def _adam(parameters: "Tensor", gradients: "Tensor", options: StackedOptions, state: dict[str, Any]) -> None:
    _adam_step(parameters, _decayed(parameters, gradients, options), options, state)


def _adamw(parameters: "Tensor", gradients: "Tensor", options: StackedOptions, state: dict[str, Any]) -> None:
    numbers: Any = options.numbers
    if "weight_decay" not in options.zero:
        parameters.mul_(_like(1 - numbers["lr"] * numbers["weight_decay"], parameters))
    _adam_step(parameters, _directed(gradients, options), options, state)


def _adam_step(parameters: "Tensor", changes: "Tensor", options: StackedOptions, state: dict[str, Any]) -> None:
    import torch

    numbers: Any = options.numbers
    if not state:
        state |= {"step": _count(parameters), "mean": torch.zeros_like(parameters)}
        state["square"] = torch.zeros_like(parameters)
        if options.equal["amsgrad"]:
            state["largest"] = torch.zeros_like(parameters)
    state["step"].add_(1)
    if len(options.shared) == 2:
        _fused_adam_step(parameters, changes, options, state)
        return
    first, second = numbers["betas"]
    state["mean"].lerp_(changes, _like(1 - first, parameters))
    squares = state["square"].lerp_(changes * changes, _like(1 - second, parameters))
    if options.equal["amsgrad"]:
        squares = torch.maximum(state["largest"], squares, out=state["largest"])
    # lr / c1 * m / (√v / √c2 + ε), with the columns together.
    root = (1 - second ** state["step"]).sqrt()
    divisors = squares.sqrt().add_(_like(numbers["eps"] * root, parameters))
    rates = numbers["lr"] * root / (1 - first ** state["step"])
    parameters.addcmul_(torch.div(state["mean"], divisors, out=divisors), _like(rates, parameters), value=-1)


def _fused_adam_step(parameters: "Tensor", changes: "Tensor", options: StackedOptions, state: dict[str, Any]) -> None:
    """Make a step if the models differ in their learning rates only.

    The fused step of torch changes parameters that are 0, with a learning rate of 1.
    """
    import torch

    if "change" not in state:
        state["change"] = torch.zeros_like(parameters)
    change = state["change"].zero_()
    first, second = options.shared["betas"]
    torch._fused_adam_(
        [change],
        [changes],
        [state["mean"]],
        [state["square"]],
        [state["largest"]] if options.equal["amsgrad"] else [],
        [state["step"]],
        lr=1.0,
        beta1=first,
        beta2=second,
        weight_decay=0.0,
        eps=options.shared["eps"],
        amsgrad=options.equal["amsgrad"],
        maximize=False,
    )
    parameters.addcmul_(change, _like(options.numbers["lr"], parameters))


_OF_ADAM = ("lr", "betas", "eps", "weight_decay"), ("amsgrad", "maximize"), ("betas", "eps")
ADAM, ADAMW = StackedUpdate(_adam, *_OF_ADAM), StackedUpdate(_adamw, *_OF_ADAM)


def _rmsprop(parameters: "Tensor", gradients: "Tensor", options: StackedOptions, state: dict[str, Any]) -> None:
    import torch

    numbers: Any = options.numbers
    changes = _decayed(parameters, gradients, options)
    if not state:
        state["square"] = torch.zeros_like(parameters)
    alpha = _like(numbers["alpha"], parameters)
    squares = state["square"].mul_(alpha).addcmul_(changes * _like(1 - numbers["alpha"], parameters), changes)
    if options.equal["centered"]:
        mean = state.setdefault("mean", torch.zeros_like(parameters)).lerp_(changes, 1 - alpha)
        squares = squares.addcmul(mean, mean, value=-1)
    changes = changes / squares.sqrt().add_(_like(numbers["eps"], parameters))
    if "momentum" not in options.zero:
        momentum = _like(numbers["momentum"], parameters)
        changes = state.setdefault("buffer", torch.zeros_like(parameters)).mul_(momentum).add_(changes)
    parameters.addcmul_(changes, _like(numbers["lr"], parameters), value=-1)


RMSPROP = StackedUpdate(_rmsprop, ("lr", "alpha", "eps", "weight_decay", "momentum"), ("centered", "maximize"))


def _adagrad(parameters: "Tensor", gradients: "Tensor", options: StackedOptions, state: dict[str, Any]) -> None:
    numbers: Any = options.numbers
    changes = _decayed(parameters, gradients, options)
    if not state:
        start = _like(numbers["initial_accumulator_value"], parameters).expand_as(parameters)
        state |= {"step": _count(parameters), "sum": start.clone()}
    rates = numbers["lr"] / (1 + state["step"] * numbers["lr_decay"])
    state["step"].add_(1)
    roots = state["sum"].addcmul_(changes, changes).sqrt().add_(_like(numbers["eps"], parameters))
    parameters.addcmul_(changes / roots, _like(rates, parameters), value=-1)


ADAGRAD = StackedUpdate(_adagrad, ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"), ("maximize",))

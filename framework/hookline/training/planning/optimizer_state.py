"""The memory of the state of an optimizer, measured with one step of a small copy."""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from hookline.runs import devices

if TYPE_CHECKING:
    from torch import Tensor, nn, optim

LONGEST = 16
"""The maximum size of each dimension of the small parameters that stand in for those of the model."""


def optimizer_state(optimizer: "optim.Optimizer", steps: int | None = 1) -> int | None:
    """The size in bytes of the state of an optimizer after this number of steps; `None` if unknown.

    If the number of steps is `None`, it is the largest size.

    A copy of the optimizer, and of any optimizers inside it, takes a step with small parameters instead of the real
    ones. The state of each small parameter is scaled to the size of the real one.

    >>> import torch
    >>> optimizer_state(torch.optim.Adam([torch.nn.Parameter(torch.zeros(1000, 3))]))
    24000
    """
    import torch

    found = list(_optimizers(optimizer))
    reals = {id(real): real for one in found for group in one.param_groups for real in group["params"]}
    try:
        small = {known: _stand_in(real) for known, real in reals.items()}
        for one in found:
            if isinstance(one, torch.optim.SparseAdam):
                for stand_in in (small[id(real)] for group in one.param_groups for real in group["params"]):
                    stand_in.grad = torch.ones_like(stand_in).to_sparse()
        copies = _copied(found, small)
        with devices.forked_generators(next(iter(reals.values())).device):
            step: Any = type(copies[0]).step  # torch's annotation says float, but the closure returns a tensor.
            step(copies[0], lambda: torch.ones(()))
    except Exception:  # noqa: BLE001 - The code of a plugin may raise anything.
        return None
    scales = {id(small[known]): real.numel() / max(1, small[known].numel()) for known, real in reals.items()}
    mean_scale = _numbers(reals.values()) / max(1, _numbers(small.values()))
    seen = set(map(id, small.values()))
    total = 0.0
    for copied in copies:
        for key, state in copied.state.items():
            total += scales.get(id(key), mean_scale) * sum(_sizes(state, seen))
        others = {name: value for name, value in vars(copied).items() if name not in ("state", "param_groups")}
        total += mean_scale * sum(_sizes(others, seen))
    return round(total) + sum(_history(one, steps) for one in found if isinstance(one, torch.optim.LBFGS))


def _optimizers(optimizer: "optim.Optimizer") -> "Iterator[optim.Optimizer]":
    """The optimizer and the optimizers inside it, each once."""
    from torch import optim

    waiting: list[Any] = [optimizer]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, optim.Optimizer):
            yield one
            waiting += vars(one).values()
        elif isinstance(one, (list, tuple)):
            waiting += one
        elif isinstance(one, Mapping):
            waiting += one.values()


def _numbers(tensors: "Iterable[Tensor]") -> int:
    return sum(tensor.numel() for tensor in tensors)


def _stand_in(real: "Tensor") -> "nn.Parameter":
    """A small parameter with a gradient and the same number of dimensions."""
    import torch

    tensor = torch.ones([min(size, LONGEST) for size in real.shape], dtype=real.dtype, device=real.device)
    parameter = torch.nn.Parameter(tensor, requires_grad=tensor.is_floating_point() or tensor.is_complex())
    parameter.grad = torch.ones_like(tensor)
    return parameter


def _copied(found: "list[optim.Optimizer]", small: "Mapping[int, nn.Parameter]") -> "list[optim.Optimizer]":
    """Copies of the optimizers with small parameters.

    `copy.copy` would lose the attributes that a subclass adds.
    """
    copies = [type(one).__new__(type(one)) for one in found]
    memo: dict[int, Any] = {**small, **{id(one): copied for one, copied in zip(found, copies, strict=True)}}
    for one in found:
        for real, state in one.state.items():
            # Adagrad has tensors with the shapes of its parameters from the start.
            same = (value for value in state.values() if getattr(value, "shape", None) == real.shape)
            memo |= {id(value): small[id(real)].detach().to(value.dtype, copy=True) for value in same}
    for one, copied in zip(found, copies, strict=True):
        # A scheduler replaces `step` with a method of the real optimizer, and hooks are meant for real steps.
        own = {name: value for name, value in vars(one).items() if name != "step"}
        own = {name: type(value)() if name.endswith("_hooks") else value for name, value in own.items()}
        vars(copied).update({name: deepcopy(value, memo) for name, value in own.items()})
    return copies


def _sizes(value: Any, seen: set[int]) -> Iterator[int]:
    """The size in bytes of each tensor in a value, without duplicates and without scalars such as the step count."""
    import torch

    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, torch.Tensor):
        if value.dim():
            yield size_of(value)
    elif isinstance(value, (Mapping, list, tuple)):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _sizes(part, seen)


def size_of(tensor: "Tensor") -> int:
    """The size of a tensor in bytes; for a sparse tensor, that of its values and indices.

    >>> import torch
    >>> size_of(torch.zeros(3)), size_of(torch.eye(3).to_sparse())
    (12, 60)
    """
    import torch

    if tensor.layout is torch.strided:
        return tensor.nbytes
    if tensor.layout is torch.sparse_coo:
        held = [tensor._values(), tensor._indices()]
    elif tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        held = [tensor.values(), tensor.crow_indices(), tensor.col_indices()]
    elif tensor.layout in (torch.sparse_csc, torch.sparse_bsc):
        held = [tensor.values(), tensor.ccol_indices(), tensor.row_indices()]
    else:
        return tensor.numel() * tensor.element_size()
    return sum(one.nbytes for one in held)


def _history(optimizer: "optim.LBFGS", steps: int | None) -> int:
    """The size in bytes of the vector pairs that LBFGS keeps of its last iterations; the first one adds none."""
    [group] = optimizer.param_groups
    pairs = group["history_size"]
    if steps is not None:
        pairs = min(pairs, max(0, steps * group["max_iter"] - 1))
    return 2 * pairs * sum(parameter.nbytes for parameter in group["params"])

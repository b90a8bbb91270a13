"""Notice when layers would no longer compute what was recorded: their attributes, parameters and hooks have changed."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType

from hookline.training.tracing.graphs.graph import Untraceable

if TYPE_CHECKING:
    from torch import Tensor, nn, optim

MOST_CONTAINERS = 20_000
"""The largest number of objects to look into; more would take too long for each step."""

FIXED = (
    *(bool, bytes, complex, float, int, str, type, type(None), type(Ellipsis), range, slice),
    *(BuiltinFunctionType, FunctionType, ModuleType, ReferenceType),
)
"""Types whose objects do not change. What a function reads besides its arguments is not watched."""

COMPARED = frozenset({bool, bytes, complex, float, int, str})
"""Types whose objects may be replaced by equal ones."""

OF_STATE = frozenset({"_load_state_dict_post_hooks", "_load_state_dict_pre_hooks", "_state_dict_hooks"})
HOOKS = frozenset(
    {
        *("_backward_hooks", "_backward_pre_hooks", "_forward_hooks", "_forward_pre_hooks"),
        *("_forward_hooks_always_called", "_forward_hooks_with_kwargs", "_forward_pre_hooks_with_kwargs"),
    }
)
"""The hooks of a module that are called while it computes."""


class Watched:
    """The attributes of modules and of what they contain, and the parameters that the optimizer updates.

    A module that keeps a counter, a list or an object of its own has these among its attributes, so a change of them is
    a change too. What a module reads from elsewhere, such as a global variable, is not noticed.
    """

    def __init__(
        self, roots: "Iterable[nn.Module]", optimizer: "optim.Optimizer | None" = None, ignored: Collection[str] = ()
    ):
        """Remember the present attributes.

        Args:
            roots: the modules to watch, with all modules inside them.
            optimizer: the optimizer, whose parameter groups are watched.
            ignored: attributes of the roots that do not count.

        Raises:
            Untraceable: If a module has hooks or an attribute that cannot be watched.

        """
        self.tensors: list[Tensor] = []
        """All tensors among the attributes."""
        self._live: list[Iterable[Any]] = []
        """The values of each object that contains others, which follow its changes."""
        self._paths: list[str] = []
        """Where each of them is."""
        self._hooks: list[Mapping[Any, Any]] = []
        self._parameters: list[Tensor] = []
        try:
            groups = [] if optimizer is None else optimizer.param_groups
            self._look({type(root).__name__: root for root in roots}, groups, ignored)
        except Untraceable:
            raise
        except Exception as error:  # Any attribute of a layer may fail when it is looked at.
            raise Untraceable(f"the attributes of the layers cannot be watched: {error}") from error
        self._kept = [list(values) for values in self._live]
        self._ids = list(map(id, chain.from_iterable(self._kept)))
        self._flags = self._present_flags()
        self._shapes = self._present_shapes()

    def is_unchanged(self) -> bool:
        """Whether all attributes are the same, and the same parameters are trained. It takes some microseconds."""
        if any(self._hooks) or self._present_flags() != self._flags:
            return False
        return list(map(id, chain.from_iterable(self._live))) == self._ids or self._is_equal()

    def is_unchanged_inside(self) -> bool:
        """The same, and whether parameters and buffers have the same shapes and types."""
        return self.is_unchanged() and self._present_shapes() == self._shapes

    def change(self) -> str | None:
        """Say where something has changed; `None` if nothing has."""
        if any(self._hooks):
            return "the hooks of a layer"
        if self._present_flags() != self._flags:
            return "which parameters are trained"
        for path, values, kept in zip(self._paths, self._live, self._kept, strict=True):
            if not _are_same(list(values), kept):
                return path
        return None if self._present_shapes() == self._shapes else "the shape of a parameter"

    def _is_equal(self) -> bool:
        """Whether attributes were only replaced by equal numbers or strings, which are then remembered."""
        now = [list(values) for values in self._live]
        if not all(map(_are_same, now, self._kept)):
            return False
        self._kept, self._ids = now, list(map(id, chain.from_iterable(now)))
        return True

    def _present_flags(self) -> list[Any]:
        return [(one.requires_grad, one._backward_hooks, one._post_accumulate_grad_hooks) for one in self._parameters]

    def _present_shapes(self) -> list[Any]:
        return [(one.shape, one.stride(), one.dtype, one.device, one.is_conj(), one.is_neg()) for one in self.tensors]

    def _look(self, roots: "Mapping[str, nn.Module]", groups: list[dict[str, Any]], ignored: Collection[str]) -> None:
        """Find everything that contains other objects: modules, objects, lists and dictionaries."""
        import torch
        from torch import nn

        seen: set[int] = set()
        waiting: list[tuple[str, Any]] = list(roots.items())
        self._add("the parameter groups", groups)
        waiting += [("the parameter groups", group["params"]) for group in groups]
        top = {id(root) for root in roots.values()}
        while waiting:
            path, one = waiting.pop()
            if isinstance(one, FIXED) or id(one) in seen:
                continue
            seen.add(id(one))
            if len(seen) > MOST_CONTAINERS:
                raise Untraceable("the layers have too many attributes to watch")
            if isinstance(one, torch.Tensor):
                self._add_tensor(path, one)
            elif isinstance(one, nn.Module):
                waiting += self._add_module(path, one, ignored if id(one) in top else ())
            elif isinstance(one, dict):
                self._add(path, one.values())
                waiting += [(f"{path}[{name!r}]", value) for name, value in one.items()]
            elif isinstance(one, (list, set)):
                self._add(path, one)
                waiting += [(path, value) for value in one]
            elif isinstance(one, (tuple, frozenset)):
                waiting += [(path, value) for value in one]
            elif isinstance(one, MethodType):
                waiting.append((path, one.__self__))
            elif not isinstance(one, (torch.dtype, torch.device, torch.layout, torch.memory_format)):
                waiting += self._add_object(path, one)

    def _add(self, path: str, values: Iterable[Any]) -> None:
        self._live.append(values)
        self._paths.append(path)

    def _add_tensor(self, path: str, tensor: "Tensor") -> None:
        import torch
        from torch import nn

        if tensor.layout != torch.strided:
            raise Untraceable(f"{path} is sparse")
        if tensor.grad_fn is not None:
            raise Untraceable(f"{path} is a tensor that was computed with gradients")
        if tensor._backward_hooks or tensor._post_accumulate_grad_hooks:
            raise Untraceable(f"{path} has hooks")
        self.tensors.append(tensor)
        if isinstance(tensor, nn.Parameter):
            self._parameters.append(tensor)

    def _add_module(self, path: str, module: "nn.Module", ignored: Collection[str]) -> Iterator[tuple[str, Any]]:
        import torch

        own = vars(module)
        compiled = own.get("_compiled_call_impl") is not None or type(module).__name__ == "OptimizedModule"
        if compiled or isinstance(module, torch.jit.ScriptModule):
            raise Untraceable(f"{path} is compiled")
        for name in HOOKS & own.keys():
            if own[name]:
                raise Untraceable(f"{path} has hooks")
            self._hooks.append(own[name])
        self._add(path, _Others(own, ignored) if ignored else own.values())
        for name, value in own.items():
            if name in ("_parameters", "_buffers", "_modules"):
                self._add(path, value.values())
                yield from ((f"{path}.{inner}", one) for inner, one in value.items())
            elif name not in ignored and name not in OF_STATE and name not in HOOKS:
                yield f"{path}.{name}", value

    def _add_object(self, path: str, one: object) -> Iterator[tuple[str, Any]]:
        """Look into an object with attributes of its own."""
        own = getattr(one, "__dict__", None)
        slots = [name for kind in type(one).__mro__ for name in _slots(kind)]
        if own is None and not slots:
            raise Untraceable(f"{path} is of type {type(one).__name__}, in which changes cannot be noticed")
        if own:
            self._add(path, own.values())
            yield from ((f"{path}.{name}", value) for name, value in own.items())
        if slots:
            values = _Slots(one, slots)
            self._add(path, values)
            yield from zip((f"{path}.{name}" for name in slots), values, strict=True)


def _are_same(values: list[Any], others: list[Any]) -> bool:
    return len(values) == len(others) and all(
        one is other or (type(one) is type(other) and type(one) in COMPARED and repr(one) == repr(other))
        for one, other in zip(values, others, strict=True)
    )


def _slots(kind: type) -> list[str]:
    slots = vars(kind).get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    return [name for name in names if name not in ("__weakref__", "__dict__")]


class _Others:
    """The values of a dictionary, without some."""

    def __init__(self, values: dict[str, Any], ignored: Collection[str]):
        self._values, self._ignored = values, ignored

    def __iter__(self) -> Iterator[Any]:
        return iter([value for name, value in self._values.items() if name not in self._ignored])


class _Slots:
    """The attributes of an object that has slots."""

    def __init__(self, one: object, names: list[str]):
        self._one, self._names = one, names

    def __iter__(self) -> Iterator[Any]:
        return iter([getattr(self._one, name, None) for name in self._names])

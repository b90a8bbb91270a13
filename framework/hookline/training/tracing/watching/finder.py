"""Find all objects whose changes change what a step computes."""

import functools
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sized
from operator import attrgetter, call
from types import FunctionType, MappingProxyType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType

from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.watching.code import module_of, refuse_unsteady
from hookline.training.tracing.watching.functions import Functions
from hookline.training.tracing.watching.kinds import BUILTIN, CACHED, FIXED, HOOKS, OBSERVING, OF_STATE, UNCHANGED
from hookline.training.tracing.watching.reads import SPLITTING
from hookline.training.tracing.watching.storage import hides_state, is_made_in_python, slots_of
from hookline.training.tracing.watching.views import MISSING, OfObjects, Others, Slots

if TYPE_CHECKING:
    from torch import Tensor, nn

MOST_CONTAINERS = 20_000
"""The largest number of objects to look into; more would take too long for each step."""


class Finder:
    """Finds what objects contain, and what their functions read."""

    def __init__(self) -> None:
        """Begin with nothing."""
        import torch
        from torch import nn

        self.tensors: list[Tensor] = []
        """All tensors."""
        self.parameters: list[Tensor] = []
        """Those that are parameters, or need a gradient."""
        self.live: list[tuple[str, Iterable[Any]]] = []
        """Where each object is that contains others, and its values, which follow its changes."""
        self.sized: list[tuple[str, Sized]] = []
        """Those whose number of values may change."""
        self.hooks: list[Mapping[Any, Any]] = []
        """The hooks of modules."""
        self._functions = Functions()
        self._typed: list[Any] = []
        self._references: list[ReferenceType[Any]] = []
        self._of_torch = (torch.Tensor, nn.Parameter, nn.Buffer)
        self._seen: dict[int, Any] = {}  # It keeps them alive, so that no other object gets the same id.

    def find(self, roots: Iterable[tuple[str, Any]], ignored: Collection[str] = ()) -> None:
        """Look at objects, and at everything inside them.

        Args:
            roots: where the objects are, and the objects.
            ignored: attributes of the modules among them that do not count.

        Raises:
            Untraceable: If changes of one of them cannot be noticed.

        """
        waiting = list(roots)
        top = {id(one) for _, one in waiting}
        while waiting:
            while waiting:
                path, one = waiting.pop()
                if id(one) not in self._seen:
                    self._seen[id(one)] = one
                    if len(self._seen) > MOST_CONTAINERS:
                        raise Untraceable("the layers have too many attributes to watch")
                    waiting += self._inside(path, one, ignored if id(one) in top else ())
            waiting += self._functions.reached()

    def complete(self) -> None:
        """Add what is known once everything has been found."""
        self.live += self._functions.live()
        self.sized += self._functions.sized()
        self.live.append(("the type of a layer", OfObjects(self._typed, attrgetter("__class__"))))
        self.live.append(("a weak reference", OfObjects(self._references, call)))
        self._seen.clear()

    def add(self, path: str, values: Iterable[Any]) -> None:
        """Watch these values."""
        self.live.append((path, values))

    def _add_table(self, path: str, table: Mapping[Any, Any]) -> None:
        """Watch values and keys."""
        self.sized.append((path, table))
        self.add(path, table.values())
        if table:
            self.add(path, table)

    def _inside(self, path: str, one: Any, ignored: Collection[str]) -> Iterable[tuple[str, Any]]:
        """Watch an object, and return what is inside it."""
        import torch
        from torch import nn

        if isinstance(one, torch.Tensor):
            self._add_tensor(path, one)
            return self._own(path, one)
        if isinstance(one, nn.Module):
            return self._module(path, one, ignored)
        if isinstance(one, (dict, MappingProxyType)):
            self._add_table(path, one)
            if isinstance(one, defaultdict):
                self.add(path, OfObjects([one], attrgetter("default_factory")))
            return [*_inside_table(path, one), *self._own(path, one)]
        if isinstance(one, (list, set, deque)):
            self.sized.append((path, one))
            self.add(path, one)
            return [*((path, value) for value in one), *self._own(path, one)]
        if isinstance(one, (tuple, frozenset)):
            return [*((path, value) for value in one), *self._own(path, one)]
        if isinstance(one, OBSERVING):
            return ()
        if isinstance(one, FIXED):
            return self._own(path, one)
        if isinstance(one, (torch.dtype, torch.device, torch.layout, torch.memory_format, torch.finfo, torch.iinfo)):
            return ()
        if isinstance(one, (type, ModuleType, FunctionType, MethodType, *BUILTIN, CACHED, functools.partial)):
            return self._callable(path, one)
        if isinstance(one, ReferenceType):
            self._references.append(one)
            return [(path, one())]
        if one is MISSING or type(one).__module__ in UNCHANGED:
            return ()
        return self._object(path, one)

    def _callable(self, path: str, one: Any) -> Iterable[tuple[str, Any]]:
        """What a function depends on, or a class, or a module with functions."""
        if isinstance(one, MethodType):
            return [(path, one.__self__), (path, one.__func__)]
        if isinstance(one, BUILTIN):
            refuse_unsteady(path, module_of(one))
            if one.__name__ == SPLITTING:  # A reference to it cannot be replaced while reads are noted.
                raise Untraceable(f"`{SPLITTING}` may look at the values of a tensor")
            return () if isinstance(one.__self__, ModuleType) else [(path, one.__self__)]
        if isinstance(one, CACHED):
            return [(path, one.__wrapped__)]
        if isinstance(one, functools.partial):
            self.add(path, OfObjects([one], attrgetter("func")))
            self.add(path, OfObjects([one], attrgetter("args")))
            return [(path, one.func), (path, one.args), (path, one.keywords), *self._own(path, one)]
        if isinstance(one, ModuleType):
            return self._functions.add_module(path, one)
        if isinstance(one, FunctionType):
            return [*self._functions.add(path, one), *(self._own(path, one) if vars(one) else ())]
        return self._functions.add_class(one, makes=True, path=path)

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
        if isinstance(tensor, nn.Parameter) or tensor.requires_grad:
            self.parameters.append(tensor)

    def _module(self, path: str, module: "nn.Module", ignored: Collection[str]) -> Iterator[tuple[str, Any]]:
        import torch

        own = vars(module)
        compiled = own.get("_compiled_call_impl") is not None or type(module).__name__ == "OptimizedModule"
        if compiled or isinstance(module, torch.jit.ScriptModule):
            raise Untraceable(f"{path} is compiled")
        for name in HOOKS & own.keys():
            if own[name]:
                raise Untraceable(f"{path} has hooks")
            self.hooks.append(own[name])
        if ignored:
            self.add(path, Others(own, ignored))
        else:
            self.sized.append((path, own))
            self.add(path, own.values())
        yield from self._typed_as(module)
        for name, value in own.items():
            if name in ("_parameters", "_buffers", "_modules"):
                self._add_table(path, value)
                yield from ((f"{path}.{inner}", one) for inner, one in value.items())
            elif name not in ignored and name not in OF_STATE and name not in HOOKS:
                yield f"{path}.{name}", value

    def _object(self, path: str, one: object) -> Iterable[tuple[str, Any]]:
        """Look into an object with attributes of its own."""
        kind = type(one)
        if not (isinstance(getattr(one, "__dict__", None), dict) or slots_of(kind)) or any(
            map(hides_state, kind.__mro__)
        ):
            raise Untraceable(f"{path} is of type {kind.__name__}, in which changes cannot be noticed")
        return self._own(path, one)

    def _own(self, path: str, one: object) -> Iterator[tuple[str, Any]]:
        """The attributes of an object, in its dictionary and in slots, and what the methods of its class read."""
        own, kind = getattr(one, "__dict__", None), type(one)
        if isinstance(own, dict):
            self._add_table(path, own)
            yield from ((f"{path}.{name}", value) for name, value in own.items())
        if not is_made_in_python(kind) or kind in self._of_torch:
            return
        yield from self._typed_as(one)
        if slots := slots_of(kind):
            values = Slots(one, slots)
            self.add(path, values)
            yield from zip((f"{path}.{name}" for name in slots), values, strict=True)

    def _typed_as(self, one: object) -> Iterable[tuple[str, Any]]:
        """Watch the type of an object, with the methods that a step may call."""
        self._typed.append(one)
        return self._functions.add_class(type(one), makes=False)


def _inside_table(path: str, table: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """The values of a dictionary, its keys, unless they are text, and what makes missing values."""
    for name, value in table.items():
        yield f"{path}[{name!r}]", value
        if type(name) is not str:
            yield path, name
    if isinstance(table, defaultdict):
        yield path, table.default_factory

"""Find all objects whose changes change what a step computes."""

import functools
import logging
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from operator import attrgetter
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GenericAlias,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    UnionType,
    WrapperDescriptorType,
)
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType

from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.watching.code import module_of, refuse_unsteady
from hookline.training.tracing.watching.functions import Functions
from hookline.training.tracing.watching.storage import hides_state, slots_of
from hookline.training.tracing.watching.views import MISSING, OfObjects, Others, Slots

if TYPE_CHECKING:
    from torch import Tensor, nn

MOST_CONTAINERS = 20_000
"""The largest number of objects to look into; more would take too long for each step."""

FIXED = (
    *(bool, bytes, complex, float, int, str, type(None), type(Ellipsis), type(NotImplemented), range, slice, CodeType),
    *(GetSetDescriptorType, MemberDescriptorType, MethodDescriptorType, WrapperDescriptorType),
    *(logging.Logger, re.Pattern, GenericAlias, UnionType),
)
"""Types whose objects do not change, or whose changes change no number."""

BUILTIN = (BuiltinFunctionType, MethodWrapperType)
"""The types of functions and methods that are written in C."""

CACHED: Any = functools._lru_cache_wrapper
"""The type of functions that keep their results."""

UNCHANGED = frozenset({"torch._ops", "typing"})
"""Modules whose objects do not change: operations, and types for a type checker."""

OF_STATE = frozenset(
    {
        *("_load_state_dict_post_hooks", "_load_state_dict_pre_hooks", "_state_dict_hooks", "_state_dict_pre_hooks"),
        "_non_persistent_buffers_set",
    }
)
"""What a module needs only to save its state."""

HOOKS = frozenset(
    {
        *("_backward_hooks", "_backward_pre_hooks", "_forward_hooks", "_forward_pre_hooks"),
        *("_forward_hooks_always_called", "_forward_hooks_with_kwargs", "_forward_pre_hooks_with_kwargs"),
    }
)
"""The hooks of a module that are called while it computes."""


class Finder:
    """Finds what objects contain, and what their functions read."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.tensors: list[Tensor] = []
        """All tensors."""
        self.parameters: list[Tensor] = []
        """Those that are parameters."""
        self.live: list[tuple[str, Iterable[Any]]] = []
        """Where each object is that contains others, and its values, which follow its changes."""
        self.hooks: list[Mapping[Any, Any]] = []
        """The hooks of modules."""
        self._functions = Functions()
        self._typed: list[Any] = []
        self._references: list[ReferenceType[Any]] = []
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

    def find_methods(self, kind: type) -> None:
        """Look at the methods of a class that a step calls, and at what they read."""
        self.find(self._functions.add_class(kind, makes=False))

    def complete(self) -> None:
        """Add what is known once everything has been found."""
        self.live += self._functions.live()
        self.live.append(("the type of a layer", OfObjects(self._typed, attrgetter("__class__"))))
        self.live.append(("a weak reference", OfObjects(self._references, lambda reference: reference())))
        self._seen.clear()

    def add(self, path: str, values: Iterable[Any]) -> None:
        """Watch these values."""
        self.live.append((path, values))

    def _add_table(self, path: str, table: Mapping[Any, Any]) -> None:
        """Watch values and keys."""
        self.add(path, table.values())
        if table:
            self.add(path, table)

    def _inside(self, path: str, one: Any, ignored: Collection[str]) -> Iterable[tuple[str, Any]]:
        """Watch an object, and return what is inside it."""
        import torch
        from torch import nn

        if isinstance(one, torch.Tensor):
            self._add_tensor(path, one)
            self.add(path, vars(one).values())
            return _attributes(path, one)
        if isinstance(one, nn.Module):
            return self._module(path, one, ignored)
        if isinstance(one, (dict, MappingProxyType)):
            self._add_table(path, one)
            return [*((f"{path}[{name!r}]", value) for name, value in one.items()), *self._own(path, one)]
        if isinstance(one, (list, set, deque)):
            self.add(path, one)
            return [*((path, value) for value in one), *self._own(path, one)]
        if isinstance(one, (tuple, frozenset)):
            return [*((path, value) for value in one), *self._own(path, one)]
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
            return () if isinstance(one.__self__, ModuleType) else [(path, one.__self__)]
        if isinstance(one, CACHED):
            return [(path, one.__wrapped__)]
        if isinstance(one, functools.partial):
            self.add(path, OfObjects([one], attrgetter("func")))
            self.add(path, OfObjects([one], attrgetter("args")))
            return [(path, one.func), (path, one.args), (path, one.keywords), *self._own(path, one)]
        if isinstance(one, ModuleType):
            self._functions.add_module(path, one)
            return ()
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
        if isinstance(tensor, nn.Parameter):
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
        self.add(path, Others(own, ignored) if ignored else own.values())
        yield from self._typed_as(module)
        for name, value in own.items():
            if name in ("_parameters", "_buffers", "_modules"):
                self._add_table(path, value)
                yield from ((f"{path}.{inner}", one) for inner, one in value.items())
            elif name not in ignored and name not in OF_STATE and name not in HOOKS:
                yield f"{path}.{name}", value

    def _object(self, path: str, one: object) -> Iterator[tuple[str, Any]]:
        """Look into an object with attributes of its own."""
        own = getattr(one, "__dict__", None)
        slots = slots_of(type(one))
        if (own is None and not slots) or any(map(hides_state, type(one).__mro__)):
            raise Untraceable(f"{path} is of type {type(one).__name__}, in which changes cannot be noticed")
        yield from self._own(path, one)
        yield from self._typed_as(one)
        if slots:
            values = Slots(one, slots)
            self.add(path, values)
            yield from zip((f"{path}.{name}" for name in slots), values, strict=True)

    def _own(self, path: str, one: object) -> Iterable[tuple[str, Any]]:
        """The attributes of an object in its dictionary, if it has any."""
        own = getattr(one, "__dict__", None)
        if not isinstance(own, dict):
            return ()
        self._add_table(path, own)
        return _attributes(path, one)

    def _typed_as(self, one: object) -> Iterable[tuple[str, Any]]:
        """Watch the type of an object, with the methods that a step may call."""
        self._typed.append(one)
        return self._functions.add_class(type(one), makes=False)


def _attributes(path: str, one: object) -> list[tuple[str, Any]]:
    own = getattr(one, "__dict__", None)
    return [(f"{path}.{name}", value) for name, value in own.items()] if isinstance(own, dict) else []

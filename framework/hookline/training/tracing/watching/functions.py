"""Watch what functions read besides their arguments: global variables, variables of enclosing functions, classes."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sized
from operator import attrgetter
from types import FunctionType, MethodType, ModuleType
from typing import Any

from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.watching.code import (
    CALLED,
    SEEDING,
    UNSTEADY_FUNCTIONS,
    absolute,
    functions_in,
    is_called,
    is_trusted,
    module_of,
    names_in,
    refuse_unsteady,
)
from hookline.training.tracing.watching.views import MISSING, Named, OfFunction, OfObjects, content

COMPUTING = "__getattr__"
"""The function of a module that returns what has no variable."""

GENERATED = "<attrs generated"
"""The beginning of the names of files from which functions come that attrs has written."""


class _Class:
    def __init__(self, path: str, kind: type, *, makes: bool):
        self.path, self.kind, self.makes = path, kind, makes
        self.called: set[str] = set()
        """The names of its attributes that were found to be called."""


class _Namespace:
    def __init__(self, path: str, values: Mapping[str, Any]):
        self.path, self.values = path, values
        self.names: set[str] = set()


class Functions:
    """The functions that a step may call, as far as their names say it.

    A function counts as called if its name occurs in another one that is called, whatever the object is. So more
    functions are watched than are called, but none is missed whose name is written.
    """

    def __init__(self) -> None:
        """Begin with the methods of layers, losses and functions of autograd."""
        self._names: set[str] = set(CALLED)
        """All names in the functions that are called."""
        self._classes: dict[type, _Class] = {}
        self._modules: dict[int, tuple[str, ModuleType]] = {}
        self._namespaces: dict[int, _Namespace] = {}
        self._live: list[tuple[str, Iterable[Any]]] = []

    def live(self) -> Iterator[tuple[str, Iterable[Any]]]:
        """Where functions, classes and namespaces are, and their values."""
        yield from self._live
        for one in self._namespaces.values():
            yield one.path, Named(one.values, one.names)

    def sized(self) -> Iterator[tuple[str, Sized]]:
        """Where namespaces are to which names may be added, and these."""
        yield from ((one.path, one.values) for one in self._namespaces.values())
        yield from ((path, vars(module)) for path, module in self._modules.values())
        yield from ((one.path, vars(one.kind)) for one in self._classes.values())

    def add(self, path: str, function: FunctionType) -> Iterator[tuple[str, Any]]:
        """Watch a function, and yield what it reads."""
        if function.__code__.co_filename.startswith(GENERATED):
            return
        if is_trusted(function.__globals__.get("__name__")):
            # A decorator, whose variables contain the decorated function.
            inside = [content(cell) for cell in function.__closure__ or ()]
            yield from ((path, one) for one in inside if isinstance(one, (FunctionType, MethodType)))
            return
        self._live.append((path, OfFunction(function)))
        yield from ((path, one) for one in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()))
        variables = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
        # `__class__` is the class of the method itself, for `super()`.
        yield from ((f"{path}.{name}", content(cell)) for name, cell in variables if name != "__class__")
        names = names_in(function.__code__)
        self._names |= names.attributes
        if seeding := sorted(SEEDING & (names.attributes | names.variables)):
            raise Untraceable(f"{path} calls `{seeding[0]}`, which sets the state of a generator")
        package = function.__globals__.get("__package__")
        for name in sorted(absolute(one, package) for one in names.modules):
            refuse_unsteady(path, name)
            if name in sys.modules:
                yield name, sys.modules[name]
        home = function.__globals__.get("__name__")
        for name in sorted(names.variables):
            if name in function.__globals__:
                refuse_unsteady(path, module_of(function.__globals__[name]))
                yield self._named(str(home), function.__globals__, name)
            elif name not in UNSTEADY_FUNCTIONS:
                self._named(str(home), function.__globals__, name)  # It may get a value, in place of a built-in one.
            else:
                raise Untraceable(f"{path} uses `{name}`, so it may depend on more than the layers")

    def _named(self, path: str, namespace: Mapping[str, Any], name: str) -> tuple[str, Any]:
        """Watch a variable of a module, and return it."""
        self._namespaces.setdefault(id(namespace), _Namespace(path, namespace)).names.add(name)
        return f"{path}.{name}", namespace.get(name, MISSING)

    def add_module(self, path: str, module: ModuleType) -> Iterator[tuple[str, Any]]:
        """Watch the variables of a module that functions name, and yield what its class depends on."""
        refuse_unsteady(path, module.__name__)
        if not is_trusted(module.__name__):
            self._modules[id(module)] = module.__name__, module
            self._names.add(COMPUTING)
            if type(module) is not ModuleType:
                yield from self.add_class(type(module), makes=False)

    def add_class(self, kind: type, *, makes: bool, path: str = "") -> Iterator[tuple[str, Any]]:
        """Watch the attributes of a class, and yield those that are no functions.

        Args:
            kind: the class.
            makes: whether a step may make an object of it.
            path: where the class itself is, if it is the value of an attribute or a variable.

        """
        for one in kind.__mro__:
            if makes:
                refuse_unsteady(path, one.__module__)
            if is_trusted(one.__module__):
                continue
            if one in self._classes:
                self._classes[one].makes |= makes
                continue
            self._classes[one] = _Class(one.__name__, one, makes=makes)
            self._live.append((one.__name__, vars(one).values()))
            self._live.append((one.__name__, OfObjects([one], attrgetter("__mro__"))))
            if type(one) is not type:
                yield from self.add_class(type(one), makes=False)
            for name, value in vars(one).items():
                if not (name.startswith("__") and name.endswith("__")) and not any(functions_in(value)):
                    yield f"{one.__name__}.{name}", value

    def reached(self) -> list[tuple[str, Any]]:
        """Return functions and variables whose names occur, and which were not returned before."""
        found: list[tuple[str, Any]] = []
        for one in self._classes.values():
            for name, value in vars(one.kind).items():
                if name not in one.called and is_called(name, self._names, makes=one.makes):
                    one.called.add(name)
                    found += ((f"{one.path}.{name}", function) for function in functions_in(value))
        for path, module in self._modules.values():
            known = self._namespaces.get(id(vars(module)))
            for name in self._names & vars(module).keys():
                if known is None or name not in known.names:
                    found.append(self._named(path, vars(module), name))
        return found

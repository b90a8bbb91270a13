"""What the code of functions names: global variables, attributes, modules."""

import dis
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import resolve_name
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from hookline.plugins.manager import BUILT_IN
from hookline.training.tracing.graphs.graph import Untraceable

PACKAGES = ("attr", "attrs", "builtins", "hookline", *BUILT_IN, "numpy", "torch")
TRUSTED = frozenset({*PACKAGES, *sys.stdlib_module_names}) - {"__main__"}
"""Packages whose code and global variables are not watched. They do not change while a training runs."""

UNSTEADY = frozenset(
    {
        *("_io", "contextvars", "datetime", "io", "nt", "ntpath", "os", "pathlib", "posix", "posixpath", "secrets"),
        *("select", "selectors", "shutil", "signal", "socket", "subprocess", "tempfile", "threading", "time", "uuid"),
    }
)
"""Modules of Python whose functions return something else each time: the clock, files, the environment, threads."""

UNSTEADY_FUNCTIONS = frozenset({"__import__", "eval", "exec", "globals", "input", "open"})
"""The same for functions that need no import, and for those that read global variables without their names."""

SEEDING = frozenset({"fork_rng", "manual_seed", "set_rng_state"})
"""Functions and methods that set the state of a generator, which is no operation."""

CALLED = frozenset(
    {
        *("backward", "compute", "distribution", "divisor", "forward", "predictions", "scores", "setup_context"),
        *("truth", "weighted"),
    }
)
"""The methods of layers, losses and functions of autograd that a step or an evaluation calls."""

OF_OTHERS = frozenset(
    {
        *("__class_getitem__", "__copy__", "__deepcopy__", "__del__", "__delattr__", "__dir__", "__format__"),
        *("__getnewargs__", "__getstate__", "__init_subclass__", "__reduce__", "__reduce_ex__", "__repr__"),
        *("__set_name__", "__setstate__", "__sizeof__", "__str__", "__subclasshook__"),
    }
)
"""Methods with two underscores that a step does not call."""

MAKING = frozenset({"__attrs_post_init__", "__init__", "__new__", "__post_init__"})
"""Methods that are called if a step makes an object."""

MOST_KEPT = 1024
"""The largest number of functions whose names are kept, for other trainings in the process."""

GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})


class Names(NamedTuple):
    """The names in the code of a function, and of the functions inside it."""

    variables: frozenset[str]
    """Those of global variables."""
    attributes: frozenset[str]
    """All others: attributes, and text, which might be the name of one."""
    modules: frozenset[str]
    """Those of modules that it imports; relative ones begin with as many dots as in the statement."""


@lru_cache(MOST_KEPT)
def names_in(code: CodeType) -> Names:
    """The names in the code of a function. They are kept, since it takes long to find them."""
    variables, attributes, modules = set(), set(), set()
    waiting = [code]
    while waiting:
        one = waiting.pop()
        waiting += [constant for constant in one.co_consts if isinstance(constant, CodeType)]
        attributes |= {constant for constant in one.co_consts if isinstance(constant, str)}
        instructions = list(dis.get_instructions(one))
        for index, instruction in enumerate(instructions):
            if instruction.opname in GLOBAL:
                variables.add(instruction.argval)
            elif instruction.opname == "IMPORT_NAME":
                level = instructions[index - 2].argval  # The compiler puts it before the names to import.
                modules.add("." * level + instruction.argval)
        attributes |= set(one.co_names)
    return Names(frozenset(variables), frozenset(attributes), frozenset(modules))


def absolute(name: str, package: str | None) -> str:
    """Return the absolute name of a module that code in a package imports; it is empty if there is none."""
    try:
        return resolve_name(name, package) if name.startswith(".") else name
    except ImportError:
        return ""


def is_trusted(module: Any) -> bool:
    """Whether the code of a module with this name is not watched."""
    return not isinstance(module, str) or module.partition(".")[0] in TRUSTED


def refuse_unsteady(path: str, module: Any) -> None:
    """Raise `Untraceable` for a module with this name if its functions return something else each time."""
    if isinstance(module, str) and module.partition(".")[0] in UNSTEADY:
        raise Untraceable(f"{path} uses the module {module}, so it may depend on more than the layers")


def module_of(value: Any) -> Any:
    """The name of the module that a variable contains, or from which its class or its function comes."""
    return value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)


def functions_in(attribute: Any) -> Iterator[Any]:
    """The functions in an attribute of a class: a method, or those of a property."""
    if isinstance(attribute, (staticmethod, classmethod, MethodType)):
        yield from functions_in(attribute.__func__)
    elif isinstance(attribute, property):
        yield from (one for one in (attribute.fget, attribute.fset, attribute.fdel) if one is not None)
    elif isinstance(attribute, FunctionType):
        yield attribute
    elif type(attribute).__module__ == "functools" and (inner := _wrapped(attribute)) is not None:
        yield from functions_in(inner)


def _wrapped(one: Any) -> Any:
    """The function of a `cached_property`, a `partialmethod` or a cache."""
    return getattr(one, "__wrapped__", None) or getattr(one, "func", None)


def is_called(name: str, names: "set[str]", *, makes: bool) -> bool:
    """Whether a step may call a method with this name.

    Args:
        name: the name.
        names: the names in the functions that it is known to call.
        makes: whether it may make an object of the class.

    """
    if name.startswith("__") and name.endswith("__"):
        return name not in OF_OTHERS and (makes or name not in MAKING)
    return name in names

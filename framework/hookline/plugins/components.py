"""The components of a plugin with many modules, imported on demand."""

import importlib
from collections.abc import Iterable, Iterator, Mapping

from hookline.spec.options import Spec


class Components(Mapping[str, type[Spec]]):
    """The components of a plugin by name, each imported when it is first looked up.

    For plugins with many modules, of which a spec needs only a few: `register_specs` returns this instead of classes.

    >>> components = Components("hookline_optimizers", {"adam": ("Adam", "AdamW"), "sgd": ("SGD",)})
    >>> sorted(components)
    ['Adam', 'AdamW', 'SGD']
    >>> components["SGD"](lr=0.1)
    SGD(lr=0.1)
    """

    def __init__(self, package: str, modules: Mapping[str, Iterable[str]], *, display: str | None = None):
        """Record which module has which classes, without importing any.

        Args:
            package: the package of the plugin.
            modules: the names of the classes in each module of the package; a module in a subpackage has a dotted name.
            display: the name of the callback that displays a training on the command line, if it is one of these.

        """
        self.display = display
        self._modules = {name: f"{package}.{module}" for module, names in modules.items() for name in names}

    def __getitem__(self, name: str) -> type[Spec]:
        """Import the module of a class and return the class."""
        kind: type[Spec] = getattr(importlib.import_module(self._modules[name]), name)
        return kind

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

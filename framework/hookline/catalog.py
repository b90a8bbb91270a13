"""Which names a spec may use: the classes of the loaded plugins, by family and name."""

import importlib
from collections.abc import Iterable, Iterator, Mapping

from hookline.errors import PluginError
from hookline.options import Spec
from hookline.wording import did_you_mean


def is_family(kind: object) -> bool:
    """Whether `kind` is the base class of a family, from which a spec chooses by `type`."""
    return isinstance(kind, type) and issubclass(kind, Spec) and vars(kind).get("family") is not None


class Components(Mapping[str, type[Spec]]):
    """The components of a plugin by name, each imported when it is first asked for.

    It is for a plugin of many modules, of which a spec needs a few: `register_specs` returns this instead of classes.

    >>> components = Components("hookline_optimizers", adam=("Adam", "AdamW"), sgd=("SGD",))
    >>> sorted(components)
    ['Adam', 'AdamW', 'SGD']
    >>> components["SGD"](lr=0.1)
    SGD(lr=0.1)
    """

    def __init__(self, package: str, **modules: Iterable[str]):
        """The names of the classes that each module of the package has."""
        self._modules = {name: f"{package}.{module}" for module, names in modules.items() for name in names}

    def __getitem__(self, name: str) -> type[Spec]:
        """The class, from the module that has it."""
        kind: type[Spec] = getattr(importlib.import_module(self._modules[name]), name)
        return kind

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


class Catalog:
    """The spec classes that the loaded plugins have registered."""

    def __init__(self) -> None:
        self._offers: dict[str, list[tuple[str, Mapping[str, type[Spec]]]]] = {}
        self._known: dict[str, dict[type[Spec], str]] = {}

    def add(self, components: Iterable[type[Spec]] | Mapping[str, type[Spec]], plugin: str) -> None:
        """Add the classes that a plugin brings; those of a mapping are looked at when they are needed.

        Raises:
            PluginError: if one is no component class.

        """
        if isinstance(components, Mapping):
            offers = [(name, components) for name in components]
        else:
            offers = [(_component(kind, plugin).__name__, {kind.__name__: kind}) for kind in components]
        for name, offer in offers:
            self._offers.setdefault(name, []).append((plugin, offer))
            self._known.pop(name, None)

    def __iter__(self) -> Iterator[type[Spec]]:
        for name in self._offers:
            yield from self._called(name)

    def _called(self, name: str) -> Mapping[type[Spec], str]:
        """The components of this name, which are of different families, and the plugins that bring them.

        Raises:
            PluginError: if one cannot be loaded, or if two are of one family.

        """
        if name not in self._known:
            found: dict[type[Spec], str] = {}
            for plugin, components in self._offers.get(name, ()):
                kind = _loaded(components, name, plugin)
                for other, owner in found.items():
                    if other.family == kind.family:
                        raise PluginError(
                            f'The plugins "{owner}" and "{plugin}" both bring a {kind.family} that is called {name}.'
                        )
                found[kind] = plugin
            self._known[name] = found
        return self._known[name]

    def family(self, base: type[Spec]) -> dict[str, type[Spec]]:
        """The components that a spec may choose where it asks for `base`, by name."""
        return {kind.__name__: kind for kind in self if issubclass(kind, base)}

    def plugin(self, kind: type[Spec]) -> str:
        """The name of the plugin that brought the class."""
        return self._called(kind.__name__)[kind]

    def get(self, base: type[Spec], name: str) -> type[Spec] | None:
        """The component of this name that a spec may choose where it asks for `base`."""
        return next((kind for kind in self._called(name) if issubclass(kind, base)), None)

    def find(self, base: type[Spec], name: str) -> type[Spec]:
        """The component of this name.

        Raises:
            ValueError: if there is none; says where the name is known, or which one is near.

        """
        if kind := self.get(base, name):
            return kind
        message = f'There is no {base.family} called "{name}".'
        for other in self._called(name):
            raise ValueError(f'{message} {name} belongs to the family "{other.family}".')
        raise ValueError(message + did_you_mean(name, self.family(base)))


def _loaded(components: Mapping[str, type[Spec]], name: str, plugin: str) -> type[Spec]:
    """A component that is looked up now."""
    try:
        kind = components[name]
    except Exception as error:
        raise PluginError(f'The plugin "{plugin}" cannot load {name}: {type(error).__name__}: {error}') from error
    if _component(kind, plugin).__name__ != name:
        raise PluginError(f'The plugin "{plugin}" brings {kind.__name__} under another name, "{name}".')
    return kind


def _component(kind: type[Spec], plugin: str) -> type[Spec]:
    """The class, if it is one of a component."""
    if not (isinstance(kind, type) and issubclass(kind, Spec) and kind.family) or is_family(kind):
        raise PluginError(
            f'The plugin "{plugin}" registers {kind!r}, which is not a class below that of a family, such as LossSpec.'
        )
    if "__attrs_attrs__" not in vars(kind):
        raise PluginError(
            f'The plugin "{plugin}" registers {kind.__name__}, which is not made by @spec, so that its options '
            f"would be passed over: put @spec over it."
        )
    return kind

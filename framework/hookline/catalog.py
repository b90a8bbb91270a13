"""Which names a spec may use: the classes of the loaded plugins, by family and name."""

from collections.abc import Iterator

from hookline.errors import PluginError
from hookline.options import Spec
from hookline.wording import did_you_mean


def is_family(kind: object) -> bool:
    """Whether `kind` is the base class of a family, from which a spec chooses by `type`."""
    return isinstance(kind, type) and issubclass(kind, Spec) and vars(kind).get("family") is not None


class Catalog:
    """The spec classes that the loaded plugins have registered."""

    def __init__(self) -> None:
        self._plugins: dict[type[Spec], str] = {}

    def add(self, kind: type[Spec], plugin: str) -> None:
        """Add a class that a plugin brings.

        Raises:
            PluginError: if it is no component class, or if its family has another one of that name.

        """
        if not (isinstance(kind, type) and issubclass(kind, Spec) and kind.family) or is_family(kind):
            raise PluginError(
                f'The plugin "{plugin}" registers {kind!r}, which is not a class below that of a family, '
                f"such as LossSpec."
            )
        if "__attrs_attrs__" not in vars(kind):
            raise PluginError(
                f'The plugin "{plugin}" registers {kind.__name__}, which is not made by @spec, so that its options '
                f"would be passed over: put @spec over it."
            )
        for other, owner in self._plugins.items():
            if other.__name__ == kind.__name__ and other.family == kind.family:
                raise PluginError(
                    f'The plugins "{owner}" and "{plugin}" both bring a {kind.family} that is called {kind.__name__}.'
                )
        self._plugins[kind] = plugin

    def __iter__(self) -> Iterator[type[Spec]]:
        return iter(self._plugins)

    def family(self, base: type[Spec]) -> dict[str, type[Spec]]:
        """The components that a spec may choose where it asks for `base`, by name."""
        return {kind.__name__: kind for kind in self._plugins if issubclass(kind, base)}

    def plugin(self, kind: type[Spec]) -> str:
        """The name of the plugin that brought the class."""
        return self._plugins[kind]

    def find(self, base: type[Spec], name: str) -> type[Spec]:
        """The component of this name.

        Raises:
            ValueError: if there is none; says where the name is known, or which one is near.

        """
        components = self.family(base)
        if name in components:
            return components[name]
        message = f'There is no {base.family} called "{name}".'
        if elsewhere := next((kind for kind in self._plugins if kind.__name__ == name), None):
            raise ValueError(f'{message} {name} belongs to the family "{elsewhere.family}".')
        raise ValueError(message + did_you_mean(name, components))

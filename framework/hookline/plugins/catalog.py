"""The component classes of the loaded plugins, which a spec can use, by family and name."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, get_args

from attrs import fields

from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import PluginError
from hookline.errors.failures import FAILURES
from hookline.errors.option_errors import InvalidValueError
from hookline.errors.suggestions import MOST_LISTED, nearest
from hookline.errors.text import enumerate_names, shortened
from hookline.plugins.components import Components
from hookline.plugins.origin import Origin
from hookline.spec.lint.lint import misdeclared, misnamed
from hookline.spec.options import Spec

MOST_MEANT = 50
"""The maximum number of unknown names in a spec that get suggestions."""


def is_family(kind: object) -> bool:
    """Whether `kind` is the base class of a family, from which a spec chooses by `type`."""
    return isinstance(kind, type) and issubclass(kind, Spec) and vars(kind).get("family") is not None


class Catalog:
    """The spec classes that the loaded plugins have registered."""

    def __init__(self) -> None:
        self.display: Callable[[], type[Spec] | None] = lambda: None
        """Returns the callback that displays a training on the command line; `None` if no plugin has one."""
        self._offers: dict[str, list[tuple[Origin, Mapping[str, type[Spec]]]]] = {}
        self._known: dict[str, dict[type[Spec], Origin]] = {}
        self._families: dict[type[Spec], dict[str, type[Spec]]] = {}
        self._sentences: dict[type[Spec], str] = {}
        self._meant: dict[tuple[type[Spec], str], str | None] = {}
        self._unknown: dict[tuple[type[Spec], str], Diagnostic] = {}
        self.not_listed: Callable[[], Sequence[str]] = tuple
        """Returns the names of installed plugins that the spec does not list; called for an unknown name."""

    def add(self, components: Iterable[type[Spec]] | Mapping[str, type[Spec]], plugin: Origin) -> None:
        """Add the classes of a plugin; those of a mapping are loaded on demand.

        Raises:
            PluginError: if a class is not a component.

        """
        if isinstance(components, Components) and components.display is not None:
            self.display = partial(components.get, components.display)
        if isinstance(components, Mapping):
            offers = [(name, components) for name in components]
        else:
            offers = [(_component(kind, plugin).__name__, {kind.__name__: kind}) for kind in components]
        for name, offer in offers:
            self._offers.setdefault(name, []).append((plugin, offer))
            self._known.pop(name, None)
        self._families.clear()
        self._sentences.clear()
        self.begin_spec()

    def __iter__(self) -> Iterator[type[Spec]]:
        for name in self._offers:
            yield from self._called(name)

    def _called(self, name: str) -> Mapping[type[Spec], Origin]:
        """The components with this name and their plugins.

        Raises:
            PluginError: if a component cannot be loaded.

        """
        if name not in self._known:
            offers = self._offers.get(name, ())
            self._known[name] = {_loaded(components, name, plugin): plugin for plugin, components in offers}
        return self._known[name]

    def family(self, base: type[Spec]) -> dict[str, type[Spec]]:
        """The components that a spec may use in place of `base`, by their names in a spec."""
        if base not in self._families:
            self._families[base] = {self.name(kind): kind for kind in self if issubclass(kind, base)}
        return dict(self._families[base])

    def plugin(self, kind: type[Spec]) -> Origin:
        """The plugin that registered the class."""
        return self._called(kind.__name__)[kind]

    def name(self, kind: type[Spec]) -> str:
        """The name of the class in a spec; with its plugin, as `focal:FocalLoss`, if it is not unique in its family."""
        name = kind.__name__
        if len(self._offers.get(name, ())) < 2:
            return name
        alike = [other for other in self._called(name) if other.family == kind.family]
        return f"{self.plugin(kind).name}:{name}" if len(alike) > 1 else name

    def get(self, base: type[Spec], name: str) -> type[Spec] | None:
        """The component with this name that a spec may use in place of `base`; if there are several, the first one."""
        return next(self._fitting(base, name), None)

    def _fitting(self, base: type[Spec], name: str) -> Iterator[type[Spec]]:
        plugin, _, own = name.rpartition(":")
        for kind, origin in self._called(own).items():
            if issubclass(kind, base) and plugin in ("", origin.name):
                yield kind

    def find(self, base: type[Spec], name: str) -> type[Spec]:
        """The component with this name, which may be qualified with its plugin, as in `focal:FocalLoss`.

        Raises:
            InvalidValueError: if there is no such component, with the nearest name, or if several plugins have one.

        """
        if (base, name) in self._unknown:
            known = self._unknown[base, name]
            raise InvalidValueError(known.id, known.message, known.help)
        found = list(self._fitting(base, name))
        if len(found) > 1:
            plugins = " and ".join(str(self.plugin(kind)) for kind in found)
            names = enumerate_names((f"{self.plugin(kind).name}:{kind.__name__}" for kind in found), "or")
            message = f"The plugins {plugins} each have a {base.family} named {name}: write {names}."
            raise InvalidValueError("ambiguous-type", message)
        if found:
            return found[0]
        self._unknown[base, name] = self._not_known(base, name).diagnostic
        return self.find(base, name)

    def _not_known(self, base: type[Spec], name: str) -> InvalidValueError:
        """The error for an unknown name, with a suggestion."""
        from hookline.plugins import other_tools

        own = name.rpartition(":")[2]
        message = f'There is no {base.family} called "{shortened(name)}".'
        for other, origin in self._called(own).items():
            if issubclass(other, base):
                hint = f'{own} belongs to the plugin {origin}: write "{origin.name}:{own}".'
                return InvalidValueError("unknown-type", message, hint)
            return InvalidValueError("unknown-type", message, f'{own} belongs to the family "{other.family}".')
        if note := other_tools.type_note(own):
            return InvalidValueError("unknown-type", message, note)
        unlisted = self.not_listed()
        where = f" Installed, but not listed in `plugins`: {enumerate_names(unlisted)}." if unlisted else ""
        if (near := self.meant(base, own.rpartition(".")[2])) is not None:
            return InvalidValueError("unknown-type", message, f'Did you mean "{near}"?{where}')
        return InvalidValueError(
            "unknown-type", message, (where + self._all_known(base) + ("" if where else _OWN)).lstrip()
        )

    def translated(self, base: type[Spec], name: str) -> str | None:
        """The component that has this name in other tools, if a spec may use it in place of `base`."""
        from hookline.plugins import other_tools

        return next((known for known in other_tools.types(name) if self.get(base, known) is not None), None)

    def meant(self, base: type[Spec], name: str) -> str | None:
        """The closest name among those that a spec may use in place of `base`.

        A name from another tool means its equivalent.

        Only components with a similar name are loaded: loading all of them takes as long as everything else together.
        After `MOST_MEANT` names, nothing is looked up until the next spec.
        """
        if (known := self.translated(base, name)) is not None:
            return known
        if (base, name) not in self._meant:
            if len(self._meant) >= MOST_MEANT:
                return None
            likely = [known for known in self._offers if nearest(name, [known]) is not None]
            kinds = ((known, kind) for known in likely for kind in self._called(known) if issubclass(kind, base))
            names = {known: self.name(kind) for known, kind in kinds}
            meant = nearest(name, names)
            self._meant[base, name] = None if meant is None else names[meant]
        return self._meant[base, name]

    def begin_spec(self) -> None:
        """Clear the suggestions for unknown names before another spec is read."""
        self._meant.clear()
        self._unknown.clear()

    def _all_known(self, base: type[Spec]) -> str:
        """List what a spec may use in place of `base`, in a sentence that starts with a space."""
        if base not in self._sentences:
            self._sentences[base] = self._sentence(base)
        return self._sentences[base]

    def _sentence(self, base: type[Spec]) -> str:
        known = self.family(base)
        if len(known) <= MOST_LISTED:
            return f" Available: {enumerate_names(sorted(known))}." if known else ""
        first = sorted(
            name for name, kind in known.items() if _holds(kind, base)
        )  # For example, models that contain layers.
        some = f", such as {enumerate_names(first)}" if first else ""
        return f" There are {len(known)}{some}: `hookline list` shows them."


_OWN = " If it is in a file of your own, pass the file with `-p`."
"""How to use a component that no plugin has."""


def _holds(kind: type[Spec], base: type[Spec]) -> bool:
    """Whether a component contains others that a spec may use in place of `base`."""
    return any(_mentions(kind.option_type(attribute), base) for attribute in fields(kind))


def _mentions(kind: Any, base: type[Spec]) -> bool:
    if isinstance(kind, type) and issubclass(kind, Spec):
        return issubclass(kind, base)
    return any(_mentions(part, base) for part in get_args(kind))


def _loaded(components: Mapping[str, type[Spec]], name: str, plugin: Origin) -> type[Spec]:
    """Load a component."""
    try:
        kind = components[name]
    except FAILURES as error:
        raise PluginError(f"The plugin {plugin} cannot load {name}: {type(error).__name__}: {error}") from error
    if _component(kind, plugin).__name__ != name:
        raise PluginError(f'The plugin {plugin} registers {kind.__name__} under another name, "{name}".')
    return kind


def _component(kind: type[Spec], plugin: Origin) -> type[Spec]:
    """The class, if it is a component class; otherwise raise a `PluginError`."""
    if not (isinstance(kind, type) and issubclass(kind, Spec) and kind.family) or is_family(kind):
        raise PluginError(
            f"The plugin {plugin} registers {kind!r}, which is not a subclass of a family, such as LossSpec."
        )
    if plugin.is_built_in:
        return kind  # Tests check these; all of them are loaded for an unknown name.
    # The kit reports suspicious names to the author; users who install the plugin should not see them.
    if problem := misdeclared(kind) or (None if plugin.distribution else misnamed(kind)):
        raise PluginError(f"The plugin {plugin} registers {kind.__name__}, which {problem}".rstrip())
    return kind

"""The subjects of the checks: a plugin, and each of its components with an example and a training that uses it."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any

from attrs import NOTHING, evolve, fields

from hookline.check.load import load
from hookline.check.schema import schema
from hookline.check.toml.document import read
from hookline.errors.exceptions import DataError, HooklineError, MismatchError
from hookline.plugins.manager import Plugins
from hookline.plugins.sources.installed import InstalledPlugins
from hookline.plugins.stages import Run
from hookline.spec.families.callback import WrapperSpec
from hookline.spec.options import Spec
from hookline.spec.simple_types import Schema
from hookline.spec.training import SEVERAL, TrainingSpec
from hookline.spec.walk import walk
from hookline.testing import small_runs
from hookline.testing.example_trainings import candidates
from hookline.testing.kit_components import Kit
from hookline.testing.outcomes import NotApplicable, refuse
from hookline.testing.small_runs import Trained
from hookline.training.preparation import Prepared


class Plugin:
    """A plugin under test."""

    def __init__(self, plugin: object, examples: Sequence[Spec | str | Path]):
        self.plugin = plugin
        self._given = examples
        self.import_notes: dict[str, list[str]] | None = None
        """The side effects of importing it in a new process, once a check has done so."""
        self._plugins: dict[tuple[str, ...], Plugins] = {}

    @property
    def name(self) -> str:
        """Its name in messages."""
        return str(getattr(self.plugin, "__name__", type(self.plugin).__name__))

    def beside(self, listed: Iterable[str]) -> list[object]:
        """The plugin in a list; empty if the plugin is built in, or installed and listed by the spec."""
        installed = InstalledPlugins()
        known = [plugin for _, plugin in Plugins().built_in] + [installed.load(name)[1] for name in listed]
        return [] if any(plugin is self.plugin for plugin in known) else [self.plugin]

    def plugins_for(self, listed: tuple[str, ...], *others: object) -> Plugins:
        """The plugins for a spec that lists these, with the one under test and others.

        Raises:
            PluginError: if the plugin cannot be used.

        """
        if others:
            return Plugins(listed, [*others, Kit(), *self.beside(listed)])
        if listed not in self._plugins:
            self._plugins[listed] = Plugins(listed, [Kit(), *self.beside(listed)])
        return self._plugins[listed]

    @property
    def plugins(self) -> Plugins:
        """The plugin under test and the built-in ones. Raises the errors of `plugins_for`."""
        return self.plugins_for(())

    @cached_property
    def components(self) -> "list[Component]":
        """The components of the plugin, in the order of registration."""
        [origin] = [origin for origin, plugin in self.plugins.all() if plugin is self.plugin]
        catalog = self.plugins.catalog
        return [Component(self, kind) for kind in catalog if catalog.plugin(kind) == origin]

    @cached_property
    def schema(self) -> Schema:
        """The JSON Schema of all specs that may use it."""
        made: Schema = json.loads(json.dumps(schema(self.plugins.catalog)))
        return made

    @cached_property
    def examples(self) -> list[Spec]:
        """The components and training specs that were passed to `conform`.

        Raises:
            HooklineError: if a spec cannot be read.

        """
        return [given if isinstance(given, Spec) else self._read(given) for given in self._given]

    @staticmethod
    def uses(spec: Spec, kinds: Collection[type[Spec]]) -> bool:
        """Whether a spec uses one of these classes."""
        return any(type(part) in kinds for part in within(spec))

    def _read(self, path: str | Path) -> TrainingSpec:
        document = read(path, lists=SEVERAL)
        listed = document.table.get("plugins", ())
        return load(path, plugins=self.beside(name for name in listed if isinstance(name, str)))


class Component:
    """A component under test."""

    def __init__(self, plugin: Plugin, kind: type[Spec]):
        self.plugin = plugin
        self.kind = kind

    @property
    def name(self) -> str:
        """The `type` by which a spec names it."""
        return self.kind.__name__

    @property
    def _examples(self) -> list[Spec]:
        try:
            return self.plugin.examples
        except HooklineError:
            raise NotApplicable('An example cannot be read: see "examples".') from None

    @cached_property
    def _spec(self) -> TrainingSpec | None:
        """The first training spec among the examples that uses it."""
        whole = (example for example in self._examples if isinstance(example, TrainingSpec))
        return next((spec for spec in whole if any(type(part) is self.kind for part in within(spec))), None)

    @cached_property
    def example(self) -> Any:
        """The component from the examples, or else with its defaults."""
        if self._spec is not None:
            return next(part for part in within(self._spec) if type(part) is self.kind)
        for given in self._examples:
            if type(given) is self.kind:
                return given
        required = [option.name for option in fields(self.kind) if option.default is NOTHING]
        if required:
            options = ", ".join(f"{name}=…" for name in required)
            refuse(
                f"{self.name} has required options: pass an example to the kit, "
                f"`conform(…, {self.name}({options}))`, or the path of a spec that uses it."
            )
        try:
            return self.kind()
        except ValueError as error:
            refuse(
                f"{self.name} rejects its own defaults: change them, or pass an example to the kit, "
                f"`conform(…, {self.name}(…))`. {error}"
            )

    @cached_property
    def _found(self) -> "tuple[TrainingSpec | None, str]":
        """A training that uses it, or the reason why there is none."""
        if self._spec is not None:
            spec: Any = self._spec
            return evolve(spec, run=evolve(spec.run, epochs=2, device="cpu")), ""
        nearest: tuple[int, str] = (-1, "The kit cannot train this family.")
        for make in candidates(self.example):
            try:
                made = make()
                self.prepare(made)
                if isinstance(self.example, WrapperSpec):
                    self.trained = self.train(made)  # Some components detect a mismatch only in a stage.
            except ValueError as error:
                nearest = max(nearest, (1, str(error)), key=itemgetter(0))
            except HooklineError as error:
                how_near = 0 if isinstance(error, DataError) else 1 if isinstance(error, MismatchError) else 2
                nearest = max(nearest, (how_near, str(error)), key=itemgetter(0))
            else:
                return made, ""
        return None, nearest[1]

    @property
    def training(self) -> TrainingSpec:
        """A small training that uses it."""
        found, why_none = self._found
        if found is None:
            refuse(
                f"{self.name} cannot be trained with any of the kit's data: fix it, or pass the kit the path of "
                f"a spec that uses it. {why_none}"
            )
        return found

    def needs(self) -> TrainingSpec:
        """Like `training`, for all checks except "trains", which alone reports components that cannot be trained."""
        try:
            spec = self.training
            _ = self.trained
        except Exception:  # noqa: BLE001 - The component may raise anything.
            raise NotApplicable(f'It cannot be trained: see "{self.name}-trains".') from None
        return spec

    def prepare(self, spec: TrainingSpec) -> tuple[Run, Prepared]:
        """Build everything that a training of the spec needs before its first step."""
        return small_runs.prepare(spec, self.plugin.plugins_for(spec.plugins))

    @cached_property
    def trained(self) -> Trained:
        """The finished training."""
        return self.train(self.training)

    def train(self, spec: TrainingSpec, *others: object) -> Trained:
        """Train a spec, with other plugins in addition to the one under test."""
        return small_runs.train(spec, self.plugin.plugins_for(spec.plugins, *others))


def within(component: Any) -> Iterator[Spec]:
    """A component and all components in its options."""
    return (value for _, value in walk(component) if isinstance(value, Spec))

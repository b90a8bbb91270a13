"""The plugin manager of a run. It knows to which part of the spec its plugins and stages belong."""

from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING

import pluggy

from hookline.errors.text import PathElement

if TYPE_CHECKING:
    from hookline.spec.training import TrainingSpec

SECTIONS = {
    "prepare_data": "data",
    "build_model": "model",
    "select_loss": "loss",
    "select_optimizer": "optimizer",
    "forward": "model",
    "loss": "loss",
    "backward": "loss",
    "step": "optimizer",
    "predict": "loss",
    "evaluate": "metrics",
    "deploy": "deploy",
}
"""The sections of a spec that the stages belong to."""

CAN_BE_MARKED = (FunctionType, MethodType, classmethod, staticmethod)
"""What pluggy accepts as a hook or as its implementation."""


class LocatedManager(pluggy.PluginManager):
    """A plugin manager with the paths of its callbacks and stages in the spec."""

    def __init__(self, project: str):
        super().__init__(project)
        self.spec: TrainingSpec | None = None
        """The spec of the run, if it has one."""
        self.callbacks: dict[str, tuple[PathElement, ...]] = {}
        """The paths of the callbacks in the spec, by the names of their plugins."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """The options of a hook implementation; `None` if the attribute of the plugin is not one.

        Most names in a module are imports, and looking each one up as pluggy does takes as long as the rest of loading
        the built-in plugins.
        """
        if name.startswith("__") or (
            type(plugin) is ModuleType and not isinstance(vars(plugin).get(name), CAN_BE_MARKED)
        ):
            return None
        return super().parse_hookimpl_opts(plugin, name)

    def parse_hookspec_opts(self, module_or_class: ModuleType | type, name: str) -> pluggy.HookspecOpts | None:
        """The options of a hook; `None` if the attribute of the module or class is not one."""
        if not isinstance(vars(module_or_class).get(name), CAN_BE_MARKED):
            return None
        return super().parse_hookspec_opts(module_or_class, name)

    def place_of(self, plugin: str, stage: str = "") -> tuple[PathElement, ...]:
        """The path of a callback, or else of the section of a stage; empty if the spec does not contain it."""
        if plugin in self.callbacks:
            return self.callbacks[plugin]
        section = SECTIONS.get(stage)
        if section == "loss" and self.spec is not None:
            return self.spec.objective.path
        is_given = section is not None and (self.spec is None or bool(getattr(self.spec, section)))
        return (section,) if section is not None and is_given else ()

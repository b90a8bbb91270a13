"""The plugins that a run uses, and which of them answer and wrap each stage."""

from collections.abc import Iterator
from functools import cache

from attrs import frozen

import hookline
from hookline.plugins.dispatch import attribution
from hookline.plugins.manager import BUILT_IN, callback_name
from hookline.plugins.sources.fingerprint import fingerprint, of_text
from hookline.plugins.stages import Run
from hookline.runs.versions import version
from hookline.spec.families.callback import CallbackSpec


@frozen(kw_only=True)
class UsedPlugin:
    """A plugin that is used."""

    name: str
    """Its name in the spec and in messages."""
    distribution: str | None = None
    """The installed distribution, if it comes from one."""
    version: str | None = None
    """The version of the distribution."""
    file: str | None = None
    """The name of the file, if it is one."""
    fingerprint: str = ""
    """The fingerprint of its code."""


@frozen(kw_only=True)
class Implementation:
    """An implementation of a stage."""

    plugin: str
    """The plugin, or the callback with its index in the spec."""
    release: str
    """The distribution that it comes from, with its version, or the file."""
    is_wrapper: bool
    """Whether it wraps the stage instead of answering it."""
    limits: str = ""
    """The steps or epochs in which it runs, if not in all."""


def used_plugins(run: Run) -> Iterator[UsedPlugin]:
    """Hookline with its built-in plugins, then the other plugins in calling order."""
    built_in = tuple(plugin for origin, plugin in run.plugins if origin.is_built_in)
    yield UsedPlugin(
        name="hookline", distribution="hookline", version=version("hookline"), fingerprint=_of_shipped(built_in)
    )
    for origin, plugin in run.plugins:
        if origin.is_built_in or _is_display(plugin):
            continue
        yield UsedPlugin(
            name=origin.name,
            distribution=origin.distribution,
            version=origin.version,
            file=origin.file.name if origin.file else None,
            fingerprint=fingerprint(plugin, origin.distribution),
        )


@cache
def _of_shipped(built_in: tuple[object, ...]) -> str:
    """The fingerprint of Hookline and the built-in plugins, whose code does not change while it runs."""
    return of_text("".join(map(fingerprint, [hookline, *built_in])))


def _is_display(plugin: object) -> bool:
    """Whether it is the display of the command line, which does not affect the training."""
    return type(plugin).__module__.partition(".")[0] in BUILT_IN


def implementations(run: Run, stage: str) -> Iterator[Implementation]:
    """The implementations of a stage, in calling order."""
    origins = {origin.name: origin for origin, _ in run.plugins}
    displays = {origin.name for origin, plugin in run.plugins if _is_display(plugin)}
    callbacks = {callback_name(index, spec): spec for index, spec in enumerate(run.spec.callbacks)}
    for called in attribution.implementations(run.stages.manager, stage):
        plugin = called.plugin_name
        if plugin in displays:
            continue
        spec = callbacks.get(plugin)
        if spec is None and plugin not in origins:
            continue  # `Plugins.arranged` has added it, to observe the run.
        origin = origins[plugin] if spec is None else run.catalog.plugin(type(spec))
        limits = _limits(spec) if isinstance(spec, CallbackSpec) else ""
        yield Implementation(
            plugin=plugin, release=origin.release, is_wrapper=attribution.is_wrapper(called), limits=limits
        )


def _limits(spec: CallbackSpec) -> str:
    limits = (("every", spec.every), ("from", spec.first), ("to", spec.last))
    return " ".join(f"{word} {number}" for word, number in limits if number is not None)

"""The spec of a run for a report: what differs from the defaults."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import NOTHING, fields, frozen

from hookline.check.load import Loader
from hookline.check.toml import document as documents
from hookline.errors.exceptions import HooklineError
from hookline.errors.text import dotted
from hookline.runs.directory import SPEC
from hookline.runs.side_by_side.cells import setting_text
from hookline.runs.side_by_side.summary import RunSummary
from hookline.spec.dump import plain
from hookline.spec.options import Spec
from hookline.spec.training import SEVERAL
from hookline.spec.walk import Keys


@frozen
class Setting:
    """A setting that differs from its default."""

    path: str
    value: str
    default: str
    """Empty if it has none."""


def changed_settings(run: RunSummary, loader: Loader) -> list[Setting]:
    """The settings of a run that differ from their defaults.

    Raises:
        HooklineError: if the spec cannot be loaded, for example because a plugin is not installed.

    """
    try:
        spec = loader.load(documents.read(run.directory / SPEC, lists=SEVERAL))
    except OSError as error:
        raise HooklineError(f"{SPEC} cannot be read: {error.strerror}.") from None
    return list(_changed(spec, (), run))


def _changed(value: Spec, path: Keys, run: RunSummary) -> Iterator[Setting]:
    if value.family:
        yield Setting(dotted(path), type(value).__name__, "")
    for attribute in fields(type(value)):
        option, place = getattr(value, attribute.name), (*path, attribute.name)
        if option is None or (option == attribute.default and not isinstance(option, Spec)):
            continue
        if isinstance(option, Spec):
            yield from _changed(option, place, run)
        elif isinstance(option, tuple) and option and all(isinstance(element, Spec) for element in option):
            for index, element in enumerate(option):
                yield from _changed(element, (*place, index), run)
        elif isinstance(option, Mapping) and option and all(isinstance(one, Spec) for one in option.values()):
            for name, one in option.items():
                yield from _changed(one, (*place, name), run)
        else:
            default = attribute.default
            known = "" if default is NOTHING or default is None else _text(default, run)
            # A path is shown as in the tables of runs.
            shown = run.settings.get(dotted(place))
            yield Setting(dotted(place), _text(option, run) if shown is None else setting_text(shown, 200), known)


def _text(value: Any, run: RunSummary) -> str:
    return setting_text(plain(value, run.directory), 200)

"""Conflicts between the files that callbacks and deployment targets write to the run directory."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import fields, frozen

from hookline.errors.exceptions import PluginError
from hookline.errors.failures import attributed_to
from hookline.errors.option_errors import FaultError, OptionError
from hookline.spec.families.callback import WrapperSpec
from hookline.spec.families.deploy import DeploySpec

RESERVED = frozenset(
    {
        "spec.toml",
        "run.lock.toml",
        "data.json",
        "examples.arrow",
        "examples.npz",
        "metrics.jsonl",
        "result.json",
        "model.safetensors",
        "criterion.safetensors",
        "manifest.json",
        "loss.png",
        "plugins",
    }
)
"""The files and directories that every run may have."""

TRIAL = re.compile(r"trial-\d+")
"""The directory of a trial."""


@frozen
class _Output:
    """A file or a directory that a component writes."""

    path: str
    """Its path, as the component declares it."""
    section: str
    index: int
    component: WrapperSpec | DeploySpec

    @property
    def key(self) -> str:
        """The path without the end of a directory. Some file systems ignore case."""
        return self.path.rstrip("/\\").casefold()

    @property
    def option(self) -> str | None:
        """The option that sets the path; `None` if none does."""
        named = (one.name for one in fields(type(self.component)))
        return next((name for name in named if getattr(self.component, name) == self.path.rstrip("/\\")), None)

    def error(
        self,
        message: str,
        other: "_Output | None" = None,
        id: str = "conflicting-options",  # noqa: A002
    ) -> OptionError:
        """Return the error of the option that sets the path, or of the whole component."""
        inside = () if self.option is None else (self.option,)
        against = [] if other is None else [(other.section, other.index)]
        return OptionError(self.section, message, self.index, *inside, against=against, id=id)


def output_conflicts(callbacks: Sequence[WrapperSpec], deploy: Sequence[DeploySpec]) -> Iterator[OptionError]:
    """Yield an error for each component that writes to a file of another one, or of the run itself.

    Two callbacks of one type decide themselves whether they can share a file: see their `check`.
    """
    written: dict[str, list[_Output]] = {}
    sections: Mapping[str, Sequence[WrapperSpec | DeploySpec]] = {"callbacks": callbacks, "deploy": deploy}
    for section, components in sections.items():
        for index, component in enumerate(components):
            try:
                with attributed_to(type(component)):
                    outputs = [_Output(path, section, index, component) for path in _paths(component)]
            except PluginError as error:
                yield FaultError(section, str(error), index)
                continue
            for own in outputs:
                others = written.setdefault(own.key, [])
                yield from _conflicts_of(own, others)
                others.append(own)


def _conflicts_of(own: _Output, others: Sequence[_Output]) -> Iterator[OptionError]:
    """Yield the errors of a component that writes to the same path as others."""
    if own.key in RESERVED or TRIAL.fullmatch(own.key):
        yield own.error(f'"{own.path.rstrip("/")}" is reserved for Hookline: choose another name.', id="invalid-value")
    target = next((other for other in others if own.section == other.section == "deploy"), None)
    if target is not None:
        message = f"This writes to the same directory as deploy[{target.index}]: deploy one of them later, with `-o`."
        yield own.error(message, target)
        return
    other = next((other for other in others if type(other.component) is not type(own.component)), None)
    if other is not None:
        yield _shared(own, other)


def _paths(component: WrapperSpec | DeploySpec) -> Sequence[str]:
    """The files and directories that a component declares; of a deployment target, also its directory."""
    declared = tuple(component.writes_to or ())
    if isinstance(component, DeploySpec):
        declared = (component.place_in(Path()).as_posix(), *declared)
    return tuple({path.rstrip("/\\"): path for path in declared}.values())


def _shared(own: _Output, other: _Output) -> OptionError:
    """Return the error for two components that write to one file, at the option of one of them if there is one."""
    if own.option is None and other.option is not None:
        own, other = other, own
    remedy = "remove one of them" if own.option is None else f"set another `{own.option}`"
    return own.error(f'{type(other.component).__name__} also writes to "{own.path.rstrip("/")}": {remedy}.', other)

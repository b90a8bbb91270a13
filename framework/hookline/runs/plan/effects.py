"""The side effects of a training: the files and services that its components write, contact and read."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from hookline.errors.failures import attributed_to
from hookline.errors.text import dotted
from hookline.plugins.sources.fingerprint import of_text
from hookline.spec.families.callback import WrapperSpec
from hookline.spec.families.deploy import DeploySpec
from hookline.spec.options import Spec
from hookline.spec.training import TrainingSpec
from hookline.spec.walk import walk


@frozen(kw_only=True)
class Effect:
    """What a callback or a deployment target writes and contacts."""

    component: str
    """The component with its place in the spec, such as `callbacks[0] MLflow`."""
    is_declared: bool
    """Whether its class declares both; otherwise it may write and contact anything."""
    writes_to: tuple[str, ...] = ()
    """Files and directories; relative paths are in the run directory."""
    connects_to: tuple[str, ...] = ()
    """Addresses or names of services."""


def effects(spec: TrainingSpec) -> Iterator[Effect]:
    """What each callback and deployment target writes and contacts, without those that declare no effects."""
    for section in ("callbacks", "deploy"):
        component: WrapperSpec | DeploySpec
        for index, component in enumerate(getattr(spec, section)):
            with attributed_to(type(component)):
                writes_to, connects_to = component.writes_to, component.connects_to
            if writes_to == () and connects_to == ():
                continue
            yield Effect(
                component=f"{section}[{index}] {type(component).__name__}",
                is_declared=writes_to is not None and connects_to is not None,
                writes_to=writes_to or (),
                connects_to=connects_to or (),
            )


def read_files(spec: TrainingSpec) -> dict[str, str]:
    """The fingerprints of the files that the components of a spec read, by path in the spec.

    These are the existing files and directories in options of type `Path`, and what the method `fingerprints` of a
    component adds. A data source has a fingerprint of its rows, not of its file. Files that a component writes to are
    excluded.
    """
    found: dict[str, str] = {}
    for path, component in walk(spec):
        if not isinstance(component, Spec):
            continue
        with attributed_to(type(component)):
            more = dict(component.fingerprints())
            outputs = getattr(component, "writes_to", None) or ()
        if component.fingerprints_files:
            for place, file in walk(component, path, own=True):
                if isinstance(file, Path) and str(file) not in outputs and (made := _of_path(file)) is not None:
                    found[dotted(place)] = made
        found |= {f"{dotted(path)} ({name})": str(value) for name, value in more.items()}
    return found


def _of_path(path: Path) -> str | None:
    """The fingerprint of a file or of all files in a directory; `None` for anything else, such as a pipe."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    if path.is_dir():
        each = sorted((one.relative_to(path).as_posix(), one) for one in path.rglob("*") if one.is_file())
        return of_text("\n".join(f"{name} {_of_path(file)}" for name, file in each))
    return None

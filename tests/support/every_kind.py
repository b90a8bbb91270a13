"""A component with an option of each type, and the problems of specs that use it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest

import hookline
from hookline import hookimpl
from hookline.errors import OptionError, SpecError
from hookline.spec import LossSpec, WrapperSpec, option, spec


@spec
class Inner(LossSpec):
    """A component within a component."""

    weight: float = option(default=1.0, minimum=0, maximum=1)
    """A number."""


@spec
class Kinds(WrapperSpec):
    """A component with an option of each type."""

    flag: bool = False
    """True or false."""
    count: int = option(default=1, minimum=1)
    """An integer."""
    rate: float = option(default=0.5, above=0)
    """A number."""
    norm: float = option(default=2.0, infinite=True)
    """A number that may be infinite."""
    text: str = ""
    """A string."""
    path: Path | None = None
    """A path."""
    maybe: int | None = None
    """An integer, or not."""
    mode: Literal["minimum", "maximum"] = "minimum"
    """One of two."""
    padding: int | tuple[int, int] | Literal["same"] = option(default=0, minimum=0)
    """One of three kinds."""
    fraction: float | Path = option(default=0.0, minimum=0, below=1)
    """A fraction or a file."""
    names: str | tuple[str, ...] = "*"
    """One string or several."""
    pair: tuple[int, float] = (1, 1.0)
    """Two numbers."""
    inner: LossSpec = Inner()
    """A component."""
    inners: tuple[LossSpec, ...] = ()
    """Components."""
    named: Mapping[str, LossSpec] = {}
    """Components by name."""
    weights: Mapping[str, float] = option(default={}, minimum=0)
    """Numbers by name."""
    either: str | Mapping[str, int] = ""
    """A string, or integers by name."""
    groups: str | tuple[str, ...] | Mapping[str, str | tuple[str, ...]] | None = None
    """One string or several, or such by name."""
    sizes: bool | tuple[int, ...] | Mapping[str, bool | tuple[int, ...]] = option(default=(), minimum=1)
    """Integers, or such by name."""
    mode_of: Literal["minimum", "maximum"] | Mapping[str, Literal["minimum", "maximum"]] = "minimum"
    """One of two, for all or by name."""

    def __attrs_post_init__(self) -> None:
        if self.text == "wrong":
            raise OptionError("text", "This text is wrong.")
        if self.text == "worse":
            raise OptionError("pair", "This text does not go with the second one.", 1)


@spec
class Needy(WrapperSpec):
    """A component with required options."""

    epochs: int
    """An integer."""
    files: tuple[Path, ...]
    """Some files."""
    mode: Literal["a", "b"] | None
    """One of two."""


class Plugin:
    """The plugin with these components."""

    @hookimpl
    def register_specs(self):
        return (Inner, Kinds, Needy)


def table(**changes):
    """A whole spec."""
    return {
        "data": {"type": "Random", "features": 2, "targets": [0, 1]},
        "model": {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 1}]},
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": "SGD"},
        **changes,
    }


def loaded(callback):
    """The component that a table describes."""
    [made] = hookline.load(table(callbacks=[callback]), plugins=[Plugin()]).callbacks
    return made


def problems_of(read):
    """The problems of a spec."""
    with pytest.raises(SpecError) as error:
        hookline.load(read, plugins=[Plugin()])
    assert {line.split(": ")[0] for line in str(error.value).splitlines()} == {"spec"}
    return [str(problem) for problem in error.value.problems]


def problems(**options):
    """The problems of the component with these options."""
    reported = problems_of(table(callbacks=[{"type": "Kinds", **options}]))
    assert all(problem.startswith("callbacks[0].") for problem in reported)
    return [problem.removeprefix("callbacks[0].") for problem in reported]

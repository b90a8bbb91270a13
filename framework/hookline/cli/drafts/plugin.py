"""Drafts of plugins: complete, tested packages to start from."""

import math
import re
from importlib import resources
from string import Template

from attrs import frozen

from hookline.errors.exceptions import HooklineError
from hookline.plugins.manager import BUILT_IN, Plugins
from hookline.spec.options import Spec
from hookline.spec.words import article


@frozen(kw_only=True)
class Example:
    """What the files of a draft contain for a component of one family."""

    suffix: str
    """The suffix of the class name, after the plugin's name."""
    usage: str
    """How a spec uses it."""
    parts: dict[str, str]
    """The parts of the example spec that differ from `USUAL`."""


EXAMPLES = {
    "loss": Example(suffix="Loss", usage='[loss]\ntype = "$kind"', parts={"loss": "$kind"}),
    "optimizer": Example(
        suffix="", usage='[optimizer]\ntype = "$kind"\nlr = 0.001', parts={"optimizer": "$kind", "lr": "0.003"}
    ),
    "layer": Example(suffix="", usage='[model]\nlayers = [\n    { type = "$kind" },\n]', parts={"layer": "$kind"}),
    "metric": Example(suffix="", usage='[[metrics]]\ntype = "$kind"', parts={"more": '\n[[metrics]]\ntype = "$kind"'}),
    "callback": Example(
        suffix="", usage='[[callbacks]]\ntype = "$kind"', parts={"more": '\n[[callbacks]]\ntype = "$kind"'}
    ),
}
"""The families for which there is a draft."""

USUAL = {"layer": "Tanh", "loss": "CrossEntropyLoss", "optimizer": "Adam", "lr": "0.02", "more": ""}


def files(name: str, family: str) -> dict[str, str]:
    """The files of a plugin with this name, by file name, with an example of this family.

    Raises:
        HooklineError: if a plugin cannot have this name.

    """
    if not re.fullmatch(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", name):
        raise HooklineError(
            f'"{name}" cannot be the name of a plugin. Use lowercase letters, digits and "-", such as "focal".'
        )
    example = EXAMPLES[family]
    words = re.split("[_-]", name)
    kind = "".join(word.capitalize() for word in words)
    kind += "" if kind.endswith(example.suffix) else example.suffix
    module = f"hookline_{'_'.join(words)}"
    _refuse_existing_names(name, module, kind)
    values = {
        "name": "-".join(words),
        "distribution": f"hookline-{'-'.join(words)}",
        "module": module,
        "kind": kind,
        "summary": f"{kind}, {article(family)} {family} for Hookline.",
    }
    usage = _indented(Template(example.usage).substitute(values))
    values |= USUAL | {part: Template(text).substitute(values) for part, text in example.parts.items()}
    values["usage"] = usage
    made = {
        "pyproject.toml": "pyproject.toml",
        f"{module}.py": f"{family}.py",
        f"test_{module}.py": "test.py",
        "README.md": "README.md",
        "example.toml": "example.toml",
        ".gitignore": "gitignore",
    }
    return {file: _template(template).substitute(values).rstrip() + "\n" for file, template in made.items()} | {
        "example.csv": spiral()
    }


def _refuse_existing_names(name: str, module: str, kind: str) -> None:
    """Raise a `HooklineError` if Hookline itself has a module or a component with this name."""
    another = f'choose another name, such as "my-{name}".'
    if module in BUILT_IN:
        raise HooklineError(f"{module} is a module of Hookline itself: {another}")
    if Plugins().catalog.get(Spec, kind) is not None:
        raise HooklineError(f"Hookline itself has {article(kind.lower())} {kind}: {another}")


def _template(name: str) -> Template:
    return Template((resources.files(__package__) / "plugin_templates" / f"{name}.template").read_text("utf-8"))


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def spiral(rows: int = 50) -> str:
    """Make a table of points on three arms of a spiral, which a small network learns in a second."""
    lines = ["x,y,arm"]
    for row in range(rows):
        for arm, name in enumerate(("first", "second", "third")):
            distance = 0.2 + row / rows
            angle = 2.5 * distance + arm * 2 * math.pi / 3
            lines.append(f"{distance * math.cos(angle):.4f},{distance * math.sin(angle):.4f},{name}")
    return "\n".join(lines) + "\n"

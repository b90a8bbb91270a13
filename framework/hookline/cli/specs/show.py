"""`hookline show layer Conv2d`, `hookline show Conv2d`, and `hookline show spec.toml`."""

import argparse
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import fields

from hookline.check.sections_for_keys import header, options_of
from hookline.cli.arguments.names import (
    add_installed_argument,
    families,
    is_called,
    load_catalog,
    section_families,
    sections,
)
from hookline.cli.arguments.spec_arguments import add_spec_arguments, document_of, loader_of
from hookline.cli.commands import GOOD
from hookline.cli.output.screen import paragraph
from hookline.errors.exceptions import HooklineError
from hookline.errors.printing import echo
from hookline.errors.suggestions import did_you_mean, nearest
from hookline.errors.text import counted, enumerate_names, shortened
from hookline.plugins import other_tools
from hookline.plugins.sources.installed import InstalledPlugins
from hookline.script.written import is_written
from hookline.spec.docs import OptionDocumentation, documentation
from hookline.spec.dump import as_toml, dumps
from hookline.spec.families.column import ColumnSpec
from hookline.spec.options import Spec
from hookline.spec.training import SEVERAL, TrainingSpec
from hookline.spec.types import required
from hookline.spec.walk import Keys
from hookline.spec.words import article, plural

MOST_HAVING = 3
"""The maximum number of components that are named for an option."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "name", nargs="+", metavar="[family] name", help="a component, such as layer Conv2d, or Conv2d; or a TOML file"
    )
    add_spec_arguments(parser)
    add_installed_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the documentation of a component, or a complete spec."""
    if len(arguments.name) == 1 and _is_path(arguments.name[0]):
        echo(complete(arguments, arguments.name[0]), end="")
        return GOOD
    kind = _find(arguments.name, families(load_catalog(arguments)), arguments.installed)
    width = max(40, min(100, shutil.get_terminal_size().columns))
    echo(*lines(kind, width))
    return GOOD


def _is_path(word: str) -> bool:
    """Whether a word names a spec rather than a component.

    A directory must have a separator in its path, or be that of a run.
    """
    if word.endswith(".toml") or Path(word).is_file() or (Path(word) / "spec.toml").is_file():
        return True
    return (os.sep in word or (os.altsep or os.sep) in word) and Path(word).is_dir()


def complete(arguments: argparse.Namespace, path: str) -> str:
    """The spec in a file with all defaults, marked by comments; paths are relative to the file."""
    document = document_of(arguments, path)
    loader = loader_of(arguments)
    spec = loader.load(document)

    def is_given(keys: Keys) -> bool:
        if keys[:2] == ("tune", "space"):
            return True  # A search space may be written in several ways, of which this is one.
        nodes = list(document.root.along(keys))
        return len(nodes) == len(keys) + 1 and bool(nodes[-1].settings)

    return dumps(spec, document.directory, is_given, loader.plugins(document).catalog.name)


def _find(words: list[str], known: dict[str, dict[str, type[Spec]]], listed: Sequence[str]) -> type[Spec]:
    """The component that one or two words name."""
    if len(words) > 2:
        raise HooklineError("Give a family and a name, or a name: `hookline show layer Conv2d`.")
    name = words[-1]
    if len(words) == 2:
        family = next((family for family in known if is_called(family, words[0])), None)
        if family is None and any(words[0] in kinds for kinds in known.values()):
            raise HooklineError(f"Give one component: `hookline show {words[0]}` shows all of its options.")
        if family is None:
            raise HooklineError(f'There is no family called "{words[0]}".{did_you_mean(words[0], known)}')
        if name not in known[family]:
            raise HooklineError(f'There is no {family} called "{name}".{did_you_mean(name, known[family])}')
        return known[family][name]
    homes = [family for family, kinds in known.items() if name in kinds]
    if not homes and (section := _section_named(name)) is not None:
        return section
    if not homes:
        raise HooklineError(_no_component(name, known, InstalledPlugins().not_listed(listed)))
    if len(homes) > 1:
        raise HooklineError(f'"{name}" is in several families, {enumerate_names(homes)}; name the family, too.')
    return known[homes[0]][name]


def _section_named(name: str) -> type[Spec] | None:
    """The class of a section with options of its own, such as `run`; for `spec`, that of the whole spec."""
    own = {attribute.name: attribute.type for attribute in fields(TrainingSpec) if _is_section(attribute.type)}
    named = {"spec": TrainingSpec, **own}
    return named.get(name) or named.get(name.removesuffix("s"))


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Spec) and not kind.family


def _no_component(name: str, known: Mapping[str, Mapping[str, type[Spec]]], others: Sequence[str]) -> str:
    """A message that there is no component with this name, and what to type."""
    message = f'There is no component called "{shortened(name)}".'
    named = [family for family in known if is_called(family, name)] or section_families(name, known)
    if named:
        some = sorted(known[named[0]])[0]
        lists = " and ".join(f"`hookline list {plural(family).partition(' ')[0]}`" for family in named)
        verb = "lists" if len(named) == 1 else "list"
        return f"{message} {lists} {verb} the choices, and `hookline show {some}` shows one."
    section, dot, _ = name.partition(".")
    if dot and section in dict(sections()):
        return f"{message} `hookline explain spec.toml {name}` explains a value of a spec."
    having = sorted({one for kinds in known.values() for one, kind in kinds.items() if name in options_of(kind)})
    if having:
        more = len(having) - MOST_HAVING
        those = f"{', '.join(having[:MOST_HAVING])} and {counted(more, 'other')}" if more > 0 else " and ".join(having)
        return f"{message} It is an option of {those}: `hookline show {having[0]}` shows it."
    everything = {name for kinds in known.values() for name in kinds}
    meant = next((word for word in other_tools.types(name) if word in everything), None) or nearest(name, everything)
    where = (
        f" Not searched: the installed plugins {enumerate_names(others)}; add one with `--installed`." if others else ""
    )
    return (
        f'{message}{where} Did you mean "{meant}"?' if meant else f"{message}{where} `hookline list` lists all of them."
    )


def lines(kind: type[Spec], width: int) -> list[str]:
    """The documentation of a component or a section, in lines of this width."""
    known = documentation(kind)
    if not kind.family:
        return _section_lines(kind, width)
    shown = [f"{known.name}, {article(known.family)} {known.family}", ""]
    shown += paragraph(known.summary, width, "  ")
    if known.text:
        shown += ["", *(f"  {line}".rstrip() for line in known.text.splitlines())]
    shown += _option_lines("Options", known.options, width)
    shown += ["", "In a spec", "", *(f"  {line}" for line in example(kind))]
    script = _in_script(kind)
    return [*shown, "", "In a script", "", *paragraph(script, width, "  ")] if script else shown


def _in_script(kind: type[Spec]) -> str:
    """What `hookline eject` does with the component, as a sentence; empty if its family is not part of a script."""
    if getattr(kind, "only_observes", False):
        return "`hookline eject` leaves it out, because the training is the same without it."
    written = is_written(kind)
    if written is None:
        return ""
    return "`hookline eject` writes it." if written else "`hookline eject` refuses it: it has no lines of torch."


def _section_lines(kind: type[Spec], width: int) -> list[str]:
    """The documentation of a section with options of its own, or of the whole spec."""
    known = documentation(kind)
    is_whole = kind is TrainingSpec
    name = next((attribute.name for attribute in fields(TrainingSpec) if attribute.type is kind), "spec")
    heading = "A spec" if is_whole else f"{name}, a section of a spec"
    title = "Sections" if is_whole else "Options"
    return [heading, "", *paragraph(known.summary, width, "  "), *_option_lines(title, known.options, width)]


def _option_lines(title: str, options: Sequence[OptionDocumentation], width: int) -> list[str]:
    """The options under a title; nothing if there are none."""
    shown = ["", title] if options else []
    for option in options:
        shown += [
            "",
            *paragraph(_headline(option), width, "  ", "      "),
            *paragraph(option.description, width, "      "),
        ]
    return shown


def _headline(option: OptionDocumentation) -> str:
    """An option with its default, its type and its bounds."""
    default = "" if option.default is None else f" = {as_toml(option.default)}"
    how = "required" if option.is_required else "optional" if option.default is None else ""
    return f"{option.name}{default}: {', '.join(part for part in (option.kind, option.bounds, how) if part)}"


def example(kind: type[Spec]) -> list[str]:
    """The component in a spec, with its required options."""
    options = {"type": kind.__name__, **required(kind)}
    if issubclass(kind, ColumnSpec):  # They are not a section, but an option of the data.
        return ["[data.columns]", f"column = {as_toml(options)}"]
    section = _section(kind)
    if section is None:
        return [as_toml(options)]
    return [section, *(f"{name} = {as_toml(value)}" for name, value in options.items())]


def _section(kind: type[Spec]) -> str | None:
    """The header of the section of a spec for the component; `None` if it is part of another component."""
    for name, base in sections():
        if base and (issubclass(kind, base) if name in SEVERAL else kind.family == base.family):
            return header(name)
    return None

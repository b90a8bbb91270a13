"""Write `docs/reference` from the component classes, the stages, the command line and the example specs: `make docs`.

A test compares the pages with the output of this script, so that they are never out of date.
"""

import argparse
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from types import ModuleType
from typing import Any

import hookline
from hookline.cli.commands import COMMANDS
from hookline.cli.parser import parser_of_command
from hookline.cli.specs.show import example
from hookline.errors.ids import IDS
from hookline.plugins import stages
from hookline.plugins.manager import Plugins
from hookline.spec.docs import OptionDocumentation, documentation
from hookline.spec.dump import as_toml
from hookline.spec.options import Spec
from hookline.spec.words import plural

REFERENCE = Path(__file__).parent / "reference"
SPECS = Path(__file__).parents[1] / "specs"
NOTICE = "<!-- Written by `make docs`. Change the docstrings instead. -->"
GALLERY = {
    "": "Start here",
    "tabular": "Models for tables",
    "dense": "A class or a number for each step or pixel",
    "splits": "Splits",
    "losses": "Losses",
    "optimizers": "Optimizers",
    "callbacks": "Callbacks",
    "tuning": "Tuning",
}
"""The folders of example specs, and their headings."""

MODULES = (
    *(hookline, hookline.data, hookline.errors, hookline.files, hookline.plots, hookline.spec, hookline.testing),
    hookline.training,
)
"""The public modules."""


def pages() -> dict[str, str]:
    """The text of every page, by file name."""
    families: dict[str, list[type[Spec]]] = {}
    for kind in Plugins().catalog:
        families.setdefault(str(kind.family), []).append(kind)
    texts = {
        "README.md": contents(families),
        "stages.md": stage_page(),
        "python.md": python_page(),
        "commands.md": command_page(),
        "specs.md": gallery(),
    }
    texts["diagnostics.md"] = diagnostic_page()
    for family, kinds in families.items():
        texts[file_of(family)] = family_page(family, sorted(kinds, key=lambda kind: kind.__name__.lower()))
    return {name: text.rstrip() + "\n" for name, text in texts.items()}


def file_of(family: str) -> str:
    """The file name of a family's page."""
    return f"{plural(family).replace(' ', '_')}.md"


def contents(families: Mapping[str, list[type[Spec]]]) -> str:
    """The page that links to all others and lists every component."""
    lines = [NOTICE, "", "# Reference", "", "- [Commands](commands.md)", "- [Stages](stages.md)"]
    lines += ["- [Public Python names](python.md)"]
    lines += ["- [Example specs](specs.md)"]
    lines += ["- [Errors and warnings](diagnostics.md)", ""]
    for family, kinds in sorted(families.items()):
        names = sorted((kind.__name__ for kind in kinds), key=str.lower)
        lines += [f"## [{plural(family).capitalize()}]({file_of(family)})", ""]
        lines += [", ".join(f"[{name}]({file_of(family)}#{name.lower()})" for name in names), ""]
    return "\n".join(lines)


def family_page(family: str, kinds: list[type[Spec]]) -> str:
    """The page of a family, with all its components."""
    lines = [NOTICE, "", f"# {plural(family).capitalize()}", ""]
    for kind in kinds:
        known = documentation(kind)
        lines += [f"## {known.name}", "", known.summary, ""]
        if known.text:
            lines += [known.text, ""]
        lines += ["```toml", *example(kind), "```", ""]
        lines += [*map(option_line, known.options), ""]
        if (spec := SPECS / plural(family) / f"{known.name}.toml").exists():
            lines += [f"Example: {link_to(spec)}", ""]
    return "\n".join(lines)


def option_line(option: OptionDocumentation) -> str:
    """An option as a list item."""
    default = "" if option.default is None else f" = {as_toml(option.default)}"
    use = "required" if option.is_required else "optional" if option.default is None else ""
    how = ", ".join(part for part in (option.kind, option.bounds, use) if part)
    return f"- `{option.name}{default}` ({how}): {option.description}"


def stage_page() -> str:
    """The page of the stages, and of `run`, which every stage takes."""
    lines = [NOTICE, "", "# Stages", "", inspect.cleandoc(stages.__doc__ or ""), ""]
    for hook in [getattr(stages, name, None) or getattr(stages.Stages, name) for name in stages.HOOKS]:
        lines += member_lines(hook, "##")
    lines += ["## Run", "", inspect.cleandoc(stages.Run.__doc__ or ""), ""]
    for member in (*public_members(stages.Run), stages.Stages.inside):
        lines += member_lines(member, "###")
    return "\n".join(lines)


def public_members(kind: type) -> list[Any]:
    """The methods and properties of a class, in their order, without those that Python calls itself."""
    members = [member for name, member in vars(kind).items() if not name.startswith("_")]
    return [member for member in members if inspect.isfunction(member) or isinstance(member, property)]


def member_lines(member: Any, level: str) -> list[str]:
    """A function, method or property with its arguments and its docstring."""
    function = member.fget if isinstance(member, property) else member
    arguments = ", ".join(name for name in inspect.signature(function).parameters if name != "self")
    name = function.__qualname__.lower() if level == "###" else function.__name__
    name = name.replace("stages.", "run.stages.")
    called = name if isinstance(member, property) else f"{name}({arguments})"
    return [f"{level} {name}", "", f"`{called}`", "", inspect.cleandoc(member.__doc__), ""]


def python_page() -> str:
    """The page of the public names, with the first paragraph of the docstring of each."""
    lines = [NOTICE, "", "# Public Python names", ""]
    lines += ["`help(hookline.data.Batch)` shows the rest of what Python knows about a name.", ""]
    for module in MODULES:
        lines += [f"## {module.__name__}", ""]
        lines += [name_line(name, getattr(module, name)) for name in sorted(public_names(module), key=str.lower)]
        lines += [""]
    return "\n".join(lines)


def public_names(module: ModuleType) -> list[str]:
    """The names that a module exports: those of its stub, or everything that it defines."""
    names = getattr(module, "__all__", None) or [
        name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__
    ]
    return [name for name in names if not name.startswith("_") and not inspect.ismodule(getattr(module, name))]


def name_line(name: str, value: Any) -> str:
    """A public name as a list item."""
    if value is hookline.hookimpl:
        return f"- `{name}`: The decorator of pluggy that marks a function as the implementation of a hook."
    if not inspect.isclass(value) and not inspect.isfunction(value):  # The alias of a type.
        return f"- `{name}`: `{re.sub(r'(collections[.]abc|typing)[.]', '', str(value))}`"
    parameters = inspect.signature(value).parameters if inspect.isfunction(value) else {}
    called = f"{name}({', '.join(parameters)})" if parameters else name
    return f"- `{called}`: {' '.join((inspect.getdoc(value) or '').partition(2 * chr(10))[0].split())}"


def diagnostic_page() -> str:
    """What each id of an error or warning means, with an example and what to do."""
    lines = [NOTICE, "", "# Errors and warnings", ""]
    lines += ["Every error or warning about a spec, its data or a run ends in its id, such as `[unknown-key]`; in"]
    lines += ["`--format json` it is `id`. Usage errors of the command line have none."]
    lines += ["`hookline explain unknown-key` prints what this page says.", ""]
    for name, kind in sorted(IDS.items()):
        lines += [f"## {name}", "", kind.meaning, ""]
        if kind.example.strip():
            lines += ["```", kind.example, "```", ""]
        lines += [kind.remedy, ""]
    return "\n".join(lines)


def command_page() -> str:
    """The page of the commands: what `--help` prints."""
    lines = [NOTICE, "", "# Commands", ""]
    lines += ["Every command also has `--help`, and `--traceback` to show where in the code an error was raised.", ""]
    for name in COMMANDS:
        lines += command_lines(f"hookline {name}", parser_of_command(name))
    return "\n".join(lines)


def command_lines(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """The section of a command, followed by those of its subcommands."""
    subcommands: dict[str, argparse.ArgumentParser] = {}
    yield from (f"## {name}", "", str(parser.description), "")
    for action in parser._actions:  # argparse has no public way to list them.
        if isinstance(action, argparse._SubParsersAction):
            subcommands.update(action.choices)
        elif action.dest not in ("help", "traceback"):
            yield argument_line(action)
    yield ""
    for word, subcommand in subcommands.items():
        yield from command_lines(f"{name} {word}", subcommand)


def argument_line(action: argparse.Action) -> str:
    """An argument of a command as a list item."""
    choices = f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest.upper()
    value = action.metavar or (choices if action.nargs != 0 else "")
    names = ", ".join(action.option_strings) or str(value)
    shown = f"{names} {value}" if action.option_strings and value else names
    return f"- `{shown}`: {str(action.help) % vars(action)}"


def gallery() -> str:
    """The page of the example specs, with the first comment of each."""
    lines = [NOTICE, "", "# Example specs", ""]
    lines += ["Every spec trains as it is, within seconds: `hookline train specs/iris.toml`.", ""]
    for folder, heading in GALLERY.items():
        specs = sorted((SPECS / folder).glob("*.toml"), key=lambda path: path.name.lower())
        lines += [f"## {heading}", "", *(f"- {link_to(spec)}: {first_comment(spec)}" for spec in specs), ""]
    return "\n".join(lines)


def link_to(spec: Path) -> str:
    """A link from a page of the reference to a spec."""
    return f"[{spec.stem}](../../{spec.relative_to(SPECS.parent)})"


def first_comment(spec: Path) -> str:
    """The first paragraph of the comment at the top of a spec, without the name of the component."""
    first, *lines = spec.read_text(encoding="utf-8").splitlines()
    if not first.startswith("#:"):  # The schema, for editors.
        lines.insert(0, first)
    comment = " ".join(line.removeprefix("# ") for line in takewhile(lambda line: line.startswith("# "), lines))
    text = comment.removeprefix(f"{spec.stem}: ")
    return text[:1].upper() + text[1:]


def main() -> None:
    """Write the pages and remove stale ones."""
    REFERENCE.mkdir(exist_ok=True)
    written = pages()
    for name, text in written.items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
    for file in REFERENCE.glob("*.md"):
        if file.name not in written:
            file.unlink()
    sys.stdout.write(f"Wrote {len(written)} pages to {REFERENCE}.\n")


if __name__ == "__main__":
    main()

"""Write `docs/reference` from the classes, the hooks and the command line: `make docs`.

A test compares the pages with what this writes, so that they are never out of date.
"""

import argparse
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path

from hookline.cli.main import COMMANDS, parser_of_command
from hookline.cli.show import example
from hookline.plugins import stages
from hookline.plugins.manager import Plugins
from hookline.spec.docs import OptionDocumentation, documentation
from hookline.spec.dump import as_toml
from hookline.spec.options import Spec
from hookline.spec.types import plural

REFERENCE = Path(__file__).parent / "reference"
NOTICE = "<!-- Written by `make docs`. Change the docstrings instead. -->"


def pages() -> dict[str, str]:
    """The text of every page, by the name of its file."""
    families: dict[str, list[type[Spec]]] = {}
    for kind in Plugins().catalog:
        families.setdefault(str(kind.family), []).append(kind)
    texts = {"README.md": contents(families), "stages.md": stage_page(), "commands.md": command_page()}
    for family, kinds in families.items():
        texts[file_of(family)] = family_page(family, sorted(kinds, key=lambda kind: kind.__name__.lower()))
    return {name: text.rstrip() + "\n" for name, text in texts.items()}


def file_of(family: str) -> str:
    """The file of a family's page."""
    return f"{plural(family).replace(' ', '_')}.md"


def contents(families: Mapping[str, list[type[Spec]]]) -> str:
    """The page that links to all others, with every component."""
    lines = [NOTICE, "", "# Reference", "", "- [Stages](stages.md)", "- [Commands](commands.md)", ""]
    for family, kinds in sorted(families.items()):
        names = sorted((kind.__name__ for kind in kinds), key=str.lower)
        lines += [f"## [{plural(family).capitalize()}]({file_of(family)})", ""]
        lines += [", ".join(f"[{name}]({file_of(family)}#{name.lower()})" for name in names), ""]
    return "\n".join(lines)


def family_page(family: str, kinds: list[type[Spec]]) -> str:
    """All components of a family."""
    lines = [NOTICE, "", f"# {plural(family).capitalize()}", ""]
    for kind in kinds:
        known = documentation(kind)
        lines += [f"## {known.name}", "", known.summary, ""]
        if known.text:
            lines += [known.text, ""]
        lines += ["```toml", *example(kind), "```", ""]
        lines += [*map(option_line, known.options), ""]
    return "\n".join(lines)


def option_line(option: OptionDocumentation) -> str:
    """An option as an element of a list."""
    default = "" if option.default is None else f" = {as_toml(option.default)}"
    required = "required" if option.is_required else ""
    how = ", ".join(part for part in (option.kind, option.bounds, required) if part)
    return f"- `{option.name}{default}` ({how}): {option.description}"


def stage_page() -> str:
    """The manual of the stages."""
    lines = [NOTICE, "", "# Stages", "", inspect.cleandoc(stages.__doc__ or ""), ""]
    for name in ("register_specs", "draft_spec", *stages.STAGES):
        hook = getattr(stages, name)
        arguments = ", ".join(inspect.signature(hook).parameters)
        lines += [f"## {name}", "", f"`{name}({arguments})`", "", inspect.cleandoc(hook.__doc__), ""]
    return "\n".join(lines)


def command_page() -> str:
    """What `--help` prints, of every command."""
    lines = [NOTICE, "", "# Commands", ""]
    for name in COMMANDS:
        parser = parser_of_command(name)
        lines += [f"## hookline {name}", "", str(parser.description), ""]
        lines += [*map(argument_line, parser._actions), ""]  # argparse gives them in no other way.
    return "\n".join(lines)


def argument_line(action: argparse.Action) -> str:
    """An argument of a command as an element of a list."""
    choices = f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest.upper()
    value = action.metavar or (choices if action.nargs != 0 else "")
    names = ", ".join(action.option_strings) or str(value)
    shown = f"{names} {value}" if action.option_strings and value else names
    return f"- `{shown}`: {action.help}"


def main() -> None:
    """Write the pages, and remove those that are not written any more."""
    REFERENCE.mkdir(exist_ok=True)
    written = pages()
    for name, text in written.items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
    for file in REFERENCE.glob("*.md"):
        if file.name not in written:
            file.unlink()
    sys.stdout.write(f"{len(written)} pages are in {REFERENCE}.\n")


if __name__ == "__main__":
    main()

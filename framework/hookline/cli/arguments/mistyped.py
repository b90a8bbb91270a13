"""Suggestions for unknown words on the command line: the command that the user probably meant."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from hookline.check.load import Loader
from hookline.check.sections_for_keys import Home, homes_in, options_of
from hookline.check.toml import document as documents
from hookline.check.translate import translation
from hookline.errors.exceptions import HooklineError
from hookline.errors.suggestions import nearest
from hookline.errors.text import dotted, shortened
from hookline.plugins import other_tools
from hookline.plugins.catalog import Catalog
from hookline.spec.training import SEVERAL

COMMANDS: Mapping[str, str] = {
    **dict.fromkeys(("run", "fit", "start", "learn", "training", "execute", "go"), "train"),
    **dict.fromkeys(("search", "sweep", "optimize", "hpo", "multirun"), "tune"),
    **dict.fromkeys(("infer", "inference", "classify", "apply", "score", "use"), "predict"),
    **dict.fromkeys(("server", "api", "http", "host", "rest", "web", "app", "ui", "demo"), "serve"),
    **dict.fromkeys(("validate", "lint", "valid", "checks"), "check"),
    **dict.fromkeys(("inspect", "summary", "dry-run", "dryrun", "preview"), "plan"),
    **dict.fromkeys(("why", "where", "doc", "docs", "what"), "explain"),
    **dict.fromkeys(("compare", "difference"), "diff"),
    **dict.fromkeys(("init", "create", "generate", "make", "add", "draft"), "new"),
    **dict.fromkeys(("ls", "components", "types", "available"), "list"),
    **dict.fromkeys(("info", "describe", "print", "view", "cat", "config"), "show"),
    **dict.fromkeys(("plugin", "extensions"), "plugins"),
    **dict.fromkeys(("export", "convert", "publish", "package"), "deploy"),
}
"""Other tools' names for the commands."""

OPTIONS: Mapping[str, str] = {
    **dict.fromkeys(
        ("o", "output", "output-dir", "out-dir", "outdir", "save-dir", "dir", "logdir", "log-dir"), "--out"
    ),
    **dict.fromkeys(("override", "overrides", "param", "params", "option", "opt"), "--set"),
    **dict.fromkeys(("overlay", "merge", "extend"), "--with"),
    **dict.fromkeys(("silent", "no-progress"), "--quiet"),
    **dict.fromkeys(("debug", "stacktrace"), "--traceback"),
    **dict.fromkeys(("json", "output-format"), "--format"),
    **dict.fromkeys(("plugins",), "--plugin"),
    **dict.fromkeys(("format", "target"), "--type"),
    **dict.fromkeys(("gpu", "cuda", "accelerator"), "--device"),
}
"""Other tools' names for the options."""

SPEC_OPTIONS = ("config", "c", "cfg", "config-file", "config-path", "spec", "file", "f", "conf")
"""Other tools' options for the spec, which is a positional argument here."""

OWNERS: Mapping[str, str] = {
    "--deep": "check",
    "--format": "check",
    "--out": "train",
    "--locked": "train",
    "--quiet": "train",
    "--with": "train",
    "--set": "train",
    "--installed": "list",
    "--built-in": "plugins",
    "--target": "new spec",
}
"""The command that has each option, for commands that lack it."""

EVALUATE = ("test", "eval")
"""Commands of other tools that are part of `train` and `evaluate` here."""


def unknown_command(words: Sequence[str], known: Collection[str]) -> str:
    """Suggest a command line for words that do not begin with a command."""
    word, *rest = words
    if word.startswith("-"):
        if word in ("-v", "-V") or nearest(word, ["--version"]):
            return f'There is no option "{word}". `hookline --version` prints the version.'
        return f'There is no option "{shortened(word)}" before the command. `hookline --help` lists the commands.'
    if word == "help":
        of = [rest[0]] if rest and rest[0] in known else []
        return f"Use the option --help: `{_shown(['hookline', *of, '--help'])}`."
    if word == "version":
        return "Use the option --version: `hookline --version`."
    message = f'There is no command "{shortened(word)}".'
    if word in EVALUATE:
        return (
            f"{message} `hookline train` evaluates the test split at the end of training, and `hookline evaluate` a "
            "finished run."
        )
    if word.endswith(".toml") or Path(word).is_file():
        return f"{message} To train a spec: `{_shown(['hookline', 'train', *words])}`."
    near = COMMANDS.get(word.lower()) or nearest(word, known, most=2 if len(word) < 7 else 3)
    if near is not None:
        return f"{message} Did you mean `{_shown(['hookline', near, *rest])}`?"
    return f"{message} `hookline --help` lists all commands."


def unknown_argument(word: str, words: Sequence[str], options: Collection[str]) -> str | None:
    """Suggest a replacement for an argument that a command does not have; `None` if there is no suggestion.

    `words` is the whole command line, beginning with the command, and `options` are the options of the command.
    """
    command = words[0]
    place = words.index(word) if word in words else 0  # argparse splits a word at an equals sign.
    before = words[max(0, place - 2) : place]
    if len(before) == 2 and before[0] == "--set" and ("=" not in before[1] or before[1].endswith("=")):
        value = "".join([word, *words[place + 1 : place + 2]]) if word == "=" else word
        change = f"{before[1].removesuffix('=')}={value.removeprefix('=') or '…'}"
        return f"Write path and value as one word: --set {shlex.quote(change)}."
    if word.startswith("-") and not word.lstrip("-")[:1].isdigit():
        return _unknown_option(word, words, options)
    name, equals, value = word.partition("=")
    if equals and "--set" in options:
        return _change(name, value, words) or f"To change a value of the spec: --set {shlex.quote(word)}."
    if command == "list":
        return f"To show a component: `{_shown(['hookline', 'show', *words[1:]])}`."
    if command == "schema":
        return "`hookline schema` takes no spec: the schema covers all specs."
    if command in ("train", "plan") and word.endswith(".toml"):
        return f"`hookline {command}` takes one spec. To merge another into it: --with {shlex.quote(word)}."
    if command in ("train", "plan") and Path(word).is_file():
        return f"`hookline {command}` takes one spec. To read other data: --set {shlex.quote(f'data.path={word}')}."
    if command == "deploy":
        return f"To name the format: --type {shlex.quote(word)}."
    if command == "explain" and word.endswith(".toml"):
        return "Put the spec first: `hookline explain spec.toml optimizer.lr`."
    return None


def _unknown_option(word: str, words: Sequence[str], options: Collection[str]) -> str | None:
    """Suggest a replacement for an option that a command does not have."""
    name, equals, value = word.lstrip("-").partition("=")
    following = words[words.index(word) + 1 :][:1] if word in words else []
    if not equals and following and (not following[0].startswith("-") or following[0][1:2].isdigit()):
        value = following[0]
    meant = OPTIONS.get(name.lower())
    if meant not in options:
        longs = [option for option in options if option.startswith("--")]
        meant = nearest(f"--{name}", longs, most=1 if len(name) < 5 else 2) if len(name) > 2 else None
    if meant is not None:
        return f'There is no option "{shortened(word)}". Did you mean "{meant}"?'
    if name in SPEC_OPTIONS:
        spec = value or "spec.toml"
        return f"Pass the spec without an option: `{_shown(['hookline', words[0], spec])}`."
    if word in OWNERS:
        return f'"{word}" is an option of `hookline {OWNERS[word]}`.'
    changed = _change(name, value, words) if "--set" in options else None
    is_complete = changed is None or changed.startswith("There is no option")
    return changed if is_complete else f'There is no option "{shortened(word.partition("=")[0])}". {changed}'


def unknown_draft(word: str, kinds: Collection[str]) -> str:
    """Suggest a replacement for a word after `hookline new` that is neither "spec" nor "plugin"."""
    if word.endswith(".csv") or Path(word).is_file():
        return f"To write a spec for a table: `{_shown(['hookline', 'new', 'spec', word])}`."
    near = nearest(word, kinds)
    meant = f" Did you mean `hookline new {near}`?" if near else " `hookline new --help` lists what it can write."
    return f'`hookline new` cannot write "{shortened(word)}".{meant}'


def _change(name: str, value: str, words: Sequence[str]) -> str | None:
    """Suggest how to change the value of the spec that a word names; `None` if it names none."""
    key = name.replace("-", "_")
    homes, catalog = _homes(words)
    if any(not home.path and key in options_of(home.kind) for home in homes):
        path = f"{key}.type" if key != "run" else "run.epochs"
        return f"To change a value of the spec: --set {shlex.quote(f'{path}={value}') if value else f'{path}=…'}."
    known = other_tools.meaning(key)
    places = [place for place in known.places if len(place) == 2] if known is not None else []
    for option, sections in ((key, None), *((place[1], place[0]) for place in places)):
        for home in homes:
            if option in options_of(home.kind) and home.path and sections in (None, home.path[0]):
                if known is not None and known.example is not None:
                    value = str(known.example)
                change = f"{dotted((*home.path, option))}={value or '…'}"
                return f"To change a value of the spec: --set {shlex.quote(change) if value else change}."
    if "." in name:
        return f"To change a value of the spec: --set {shlex.quote(f'{name}={value}')}."
    translated = translation(key, _number(value), homes, catalog)
    return None if translated is None else f'There is no option "{shortened(name)}". {translated[0]}'


def _homes(words: Sequence[str]) -> tuple[list[Home], Catalog]:
    """The tables of the spec that the words name, as far as Hookline can read it, and its catalog."""
    spec = next((word for word in words[1:] if word.endswith(".toml") and Path(word).is_file()), None)
    try:
        document = documents.from_table({}) if spec is None else documents.read(spec, lists=SEVERAL)
        catalog = Loader().plugins(document).catalog
    except HooklineError:
        document = documents.from_table({})
        catalog = Loader().plugins(document).catalog
    return list(homes_in(document.table, catalog)), catalog


def _number(text: str) -> float | str:
    """A value as a spec would contain it: a number if possible, otherwise a string."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _shown(words: Sequence[str]) -> str:
    return shortened(shlex.join(words), 200)

"""Suggestions for unknown words on the command line: the command that the user probably meant."""

import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from hookline.cli.arguments.named_spec import NamedSpec, to_set
from hookline.cli.commands import COMMANDS as COMMANDS_HERE, GROUPS
from hookline.errors.suggestions import nearest
from hookline.errors.text import shortened

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
    **dict.fromkeys(("j", "jobs", "n-jobs", "num-workers", "processes"), "--workers"),
    **dict.fromkeys(("num-trials", "max-trials", "count"), "--trials"),
}
"""Other tools' names for the options."""

SPEC_OPTIONS = ("config", "c", "cfg", "config-file", "config-path", "spec", "file", "f", "conf")
"""Other tools' options for the spec, which is a positional argument here."""

RUN_OPTIONS = ("run", "run-dir", "model", "checkpoint", "ckpt", "weights", "artifact")
"""Other tools' options for the run, which is the first positional argument here."""

ROWS_OPTIONS = ("data", "input", "inputs", "i", "rows", "csv", "file")
"""Other tools' options for new rows, which are the second positional argument of `hookline predict`."""

MOST_OWNERS = 3
"""The largest number of commands with an option that are named."""

PRINTING: Mapping[str, str] = {"eject": "train.py", "schema": "schema.json"}
"""Commands whose result is written to a file by the shell, with the name of such a file."""

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


def unknown_argument(
    word: str, words: Sequence[str], options: Collection[str], owners: Callable[[str], Sequence[str]]
) -> str | None:
    """Suggest a replacement for an argument that a command does not have; `None` if there is no suggestion.

    Args:
        word: the argument.
        words: the whole command line, beginning with the command.
        options: the options of the command.
        owners: returns the commands that have an option.

    """
    command = words[0]
    place = words.index(word) if word in words else 0  # argparse splits a word at an equals sign.
    before = words[max(0, place - 2) : place]
    if len(before) == 2 and before[0] == "--set" and ("=" not in before[1] or before[1].endswith("=")):
        value = "".join([word, *words[place + 1 : place + 2]]) if word == "=" else word
        change = f"{before[1].removesuffix('=')}={value.removeprefix('=') or '…'}"
        return f"Write path and value as one word: --set {shlex.quote(change)}."
    if word.startswith("-") and not word.lstrip("-")[:1].isdigit():
        return _unknown_option(word, words, options, owners)
    name, equals, value = word.partition("=")
    if equals and "--set" in options:
        return NamedSpec.of(words).change(name, value) or to_set(name, value)
    if command == "list":
        return f"To show a component: `{_shown(['hookline', 'show', *words[1:]])}`."
    if command == "schema":
        return "`hookline schema` takes no spec: the schema covers all specs."
    if command in ("train", "plan") and word.endswith(".toml"):
        return f"`hookline {command}` takes one spec. To merge another into it: --with {shlex.quote(word)}."
    if command in ("train", "plan") and Path(word).is_file():
        return f"`hookline {command}` takes one spec. To read other data: --set {shlex.quote(f'data.path={word}')}."
    if command == "predict" and Path(word).is_file():
        return f"`hookline predict` takes one file of rows: predict {shlex.quote(word)} with a command of its own."
    if command == "deploy":
        return f"To name the format: --type {shlex.quote(word)}."
    if command == "explain" and word.endswith(".toml"):
        return "Put the spec first: `hookline explain spec.toml optimizer.lr`."
    return None


def _unknown_option(
    word: str, words: Sequence[str], options: Collection[str], owners: Callable[[str], Sequence[str]]
) -> str | None:
    """Suggest a replacement for an option that a command does not have."""
    name, equals, value = word.lstrip("-").partition("=")
    following = words[words.index(word) + 1 :][:1] if word in words else []
    if not equals and following and (not following[0].startswith("-") or following[0][1:2].isdigit()):
        value = following[0]
    meant = OPTIONS.get(name.lower())
    if words[0] in PRINTING and "--out" in (meant, f"--{name}"):
        others = [one for one in words if not one.startswith("-") and one != value]
        file = shlex.quote(value or PRINTING[words[0]])
        return f"`hookline {words[0]}` prints its result: `{_shown(['hookline', *others])} > {file}`."
    if meant not in options:
        longs = [option for option in options if option.startswith("--")]
        meant = nearest(f"--{name}", longs, most=1 if len(name) < 5 else 2) if len(name) > 2 else None
    if meant is not None:
        return f'There is no option "{shortened(word)}". Did you mean "{meant}"?'
    if (positional := _positional(name.lower(), value, words)) is not None:
        return positional
    option = word.partition("=")[0]
    unknown = f'There is no option "{shortened(option)}".'
    spec = NamedSpec.of(words) if "--set" in options else None
    if spec is not None and (changed := spec.change(name, value)) is not None:
        return f"{unknown} {changed}"
    if name in COMMANDS_HERE:
        return f"{unknown} Did you mean `{_shown(['hookline', name, *([value] if value else [])])}`?"
    if found := owners(option):
        return f'"{shortened(option)}" is an option of {_commands(found)}.'
    translated = None if spec is None else spec.translation(name, value)
    return None if translated is None else f"{unknown} {translated}"


def _commands(names: Sequence[str]) -> str:
    """The commands with these names in a sentence."""
    *others, last = [f"`hookline {name}`" for name in names]
    if len(others) >= MOST_OWNERS:
        others, last = others[: MOST_OWNERS - 1], f"{len(names) - MOST_OWNERS + 1} other commands"
    return f"{', '.join(others)} and {last}" if others else last


def _positional(name: str, value: str, words: Sequence[str]) -> str | None:
    """Suggest a command line for an option of other tools that is a positional argument here; `None` for others."""
    command = words[0]
    run = next((word for word in words[1:] if not word.startswith("-") and word != value), "runs/iris/1")
    if command == "predict" and name in ROWS_OPTIONS:
        line = ["hookline", command, run, value or "new.csv"]
        return f"Pass the rows without an option, after the run: `{_shown(line)}`."
    if command in GROUPS["finished"]:
        if name not in RUN_OPTIONS:
            return None
        rows = [run if run != "runs/iris/1" else "new.csv"] if command == "predict" else []
        return f"Pass the run without an option: `{_shown(['hookline', command, value or 'runs/iris/1', *rows])}`."
    if name in SPEC_OPTIONS:
        return f"Pass the spec without an option: `{_shown(['hookline', command, value or 'spec.toml'])}`."
    return None


def unknown_draft(word: str, kinds: Collection[str]) -> str:
    """Suggest a replacement for a word after `hookline new` that is neither "spec" nor "plugin"."""
    if word.endswith(".csv") or Path(word).is_file():
        return f"To write a spec for a table: `{_shown(['hookline', 'new', 'spec', word])}`."
    near = nearest(word, kinds)
    meant = f" Did you mean `hookline new {near}`?" if near else " `hookline new --help` lists what it can write."
    return f'`hookline new` cannot write "{shortened(word)}".{meant}'


def _shown(words: Sequence[str]) -> str:
    return shortened(shlex.join(words), 200)

"""From TOML files to a document, the plain tables that TOML has, each value with the places where it was set.

A file may extend others, further files may be laid over it, and single values changed. A document knows nothing of
components: `reading` makes a spec of it.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from hookline.check.toml import not_specs
from hookline.check.toml.override import EXTENDS, changed
from hookline.check.toml.parse import parsed
from hookline.check.toml.quotable import homes, is_quotable
from hookline.check.toml.tree import Node, Table, overlaid, plain, without_places
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import FileError, HooklineError, SpecError
from hookline.errors.source import Place, Source
from hookline.errors.text import PathElement
from hookline.spec.training import SEVERAL

LARGEST = 2**18
"""How many bytes a spec has at most, with all files that it extends: one of a hundred layers has ten thousand."""

MOST_EXTENDED = 64
"""How many files a spec extends at most, with those that they extend; one counts as often as it is named."""

DEEPEST_CHAIN = 16
"""How many files at most extend one another in a chain."""


@frozen(slots=False)
class Document:
    """A spec as TOML says it."""

    root: Node
    """The root table."""
    source: Source
    """The text that it is called after in messages: its file."""
    directory: Path
    """What relative paths in it are relative to."""
    problems: tuple[Diagnostic, ...] = ()
    """What is wrong with how it was put together, such as a change of what is not there."""
    is_empty: bool = False
    """Whether its file says nothing, and nothing is laid over it."""

    @cached_property
    def table(self) -> Table:
        """The root table without places. A string from a file in another directory is a `PathText`."""
        table: Table = plain(self.root, self.directory)
        return table

    def locate(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with the places of its paths."""
        if diagnostic.place is not None:
            return diagnostic
        # A section that is not given stands nowhere: the beginning of the file is no second place.
        given = (path for path in diagnostic.related if path and self.root.child(path[0]) is not None)
        others = (self.place(path) for path in given)
        place = self.place(diagnostic.path, on_key=diagnostic.on_key)
        return diagnostic.placed(place, tuple(other for other in others if other is not None))

    def place(self, path: Sequence[PathElement], *, on_key: bool = False) -> Place | None:
        """Where a value was set last, or its key; of what is not there, the table in which it would stand.

        `None` if the document is not of a file.
        """
        nodes = list(self.root.along(tuple(path)))
        on_key = on_key and len(nodes) == len(path) + 1
        for node in reversed(nodes):
            if node.settings:
                return node.settings[-1].key if on_key else node.settings[-1].value
            on_key = False
        return Place(self.source, 0, 0) if self.source.directory is not None else None


def read(path: str | Path, overlays: Iterable[str | Path] = (), overrides: Iterable[str] = ()) -> Document:
    """The document in a file, with what it extends, what is laid over it, and changes of single values.

    Args:
        path: the file.
        overlays: further files, each laid over what there is before it.
        overrides: changes of single values, as `optimizer.lr=0.01`, made after all else, one after another.

    Raises:
        HooklineError: if a file cannot be read.
        SpecError: if one is not TOML, or extends itself; with the place.

    """
    source, overlays, overrides = file_source(path), list(overlays), list(overrides)
    is_empty = not (source.text.strip() or overlays or overrides)
    files = _Files([], homes(path))
    root = _with_changes(files.tree(source), overlays, overrides, files)
    # A file that names no run is called as the file. It is part of the document, so that what is kept names it.
    run = root.value.setdefault("run", Node({}))
    if isinstance(run.value, dict):
        run.value.setdefault("name", Node(_plain_name(Path(path).stem)))
    return Document(root, source, _home(source), tuple(files.problems), is_empty=is_empty)


def from_source(source: Source) -> Document:
    """The document that a text says, with what it extends.

    Raises:
        HooklineError: if a file cannot be read.
        SpecError: if one is not TOML, or extends itself; with the place.

    """
    files = _Files([], (*homes("."), str(_home(source))))
    return Document(files.tree(source), source, _home(source), tuple(files.problems))


def from_table(
    table: Mapping[str, Any], overlays: Iterable[str | Path] = (), overrides: Iterable[str] = ()
) -> Document:
    """A document from Python, with paths relative to the current directory."""
    files = _Files([], homes("."))
    root = _with_changes(without_places(dict(table)), overlays, overrides, files)
    return Document(root, Source("spec", ""), Path.cwd(), tuple(files.problems))


@define
class _Files:
    """The files that one spec is put together from, each of which is read once."""

    problems: list[Diagnostic]
    """What is wrong with how they were put together, such as a change of what is not there."""
    homes: tuple[str, ...]
    """The directories whose specs may be quoted."""
    trees: dict[str, Node] = field(factory=dict)
    """The tree of each file that was extended so far, by its real path."""
    extended: int = 0
    """How often a file was named to be extended."""
    letters: int = 0
    """How many letters all files have together, of which a spec is put together."""

    def tree(self, source: Source, chain: tuple[str, ...] = ()) -> Node:
        """The tree of a file, over those of the files that it extends.

        Raises:
            HooklineError: if a file cannot be read.
            SpecError: if one is not TOML, or extends itself, or too many others; with the place.

        """
        chain = (*chain, os.path.realpath(source.name))
        self.letters += len(source.text)
        if self.letters > LARGEST:
            message = f"This is not a spec: with what it extends it has more than {LARGEST // 1024} KiB."
            raise SpecError([Diagnostic("size-limit", message, place=Place(source, 0, 0))], source.name)
        root = parsed(source)
        extends = root.value.pop(EXTENDS, None)
        below: Node | None = None
        for base in _bases(extends, source):
            tree = self._extended(base, source, chain)
            below = tree if below is None else _laid_over(below, tree, self.problems)
        return root if below is None else _laid_over(below, root, self.problems)

    def _extended(self, base: Node, source: Source, chain: tuple[str, ...]) -> Node:
        """The tree of a file that one at the end of a chain extends."""

        def error(message: str) -> SpecError:
            found = Diagnostic("invalid-extends", message, (EXTENDS,), place=base.settings[-1].value)
            return SpecError([found], source.name)

        self.extended += 1
        if self.extended > MOST_EXTENDED:
            raise error(f"This is one file too many: a spec extends at most {MOST_EXTENDED}, in all.")
        try:
            path, real = _path(base.value, source)
            if real in self.trees:
                return self.trees[real]
            found = file_source(path, self.homes)
            if real in chain:
                cycle = " extends ".join(map(_relative, (*chain[chain.index(real) :], real)))
                raise error(f"The file extends itself: {cycle}.")
            if len(chain) > DEEPEST_CHAIN:
                raise error(f"This is one file too many: at most {DEEPEST_CHAIN} extend one another in a chain.")
        except SpecError:
            raise
        except (HooklineError, OSError, ValueError, RuntimeError) as problem:
            raise error(str(problem)) from None
        self.trees[real] = self.tree(found, chain)
        return self.trees[real]


def _path(name: str, source: Source) -> tuple[str, str]:
    """The file that a text calls so: what to call it in messages, and its real path.

    Like all paths in a file it is relative to where the file is, and not to where a link to it is.
    """
    if "\0" in name:
        raise ValueError("This is no path of a file: it has a NUL in it.")
    real = os.path.realpath(_home(source) / name)
    called = os.path.normpath(Path(source.name).parent / name)
    return called if os.path.realpath(called) == real else _relative(real), real


def _with_changes(root: Node, overlays: Iterable[str | Path], overrides: Iterable[str], files: _Files) -> Node:
    for overlay in overlays:
        source = file_source(overlay)
        files.homes = (*files.homes, *homes(overlay))
        root = _laid_over(root, files.tree(source), files.problems)
    for change in overrides:
        root = changed(root, change, files.problems)
    return root


def file_source(path: str | Path, quoted: Iterable[str] | None = None) -> Source:
    """The text of a file; `quoted` are the directories whose specs may be quoted, unless a person has named the file.

    Raises:
        FileError: if it cannot be read.
        SpecError: if it is too large, or not text.

    """
    name = str(path)
    try:
        if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
            raise FileError(name, "This is not a file.")  # A pipe may have no end.
        if Path(path).is_dir():
            raise FileError(name, not_specs.directory(name))
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise FileError(name, not_specs.missing(name)) from None
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL.
        reason = getattr(error, "strerror", None) or str(error)
        raise FileError(name, f"The file cannot be read: {reason}.") from None
    if (sentence := not_specs.what_it_is(name, content)) is not None:
        raise FileError(name, sentence)
    is_quoted = is_quotable(path, homes(path) if quoted is None else quoted)
    return source_of(content, name, Path(path).resolve().parent, is_quotable=is_quoted)


def source_of(content: bytes, name: str, directory: Path, *, is_quotable: bool = True) -> Source:
    """The text of a file of this content, which is called so.

    Raises:
        SpecError: if it is too large, or not text.

    """
    if len(content) > LARGEST:
        start = Place(Source(name, "", directory, is_quotable), 0, 0)
        message = f"This is not a spec: the file has more than {LARGEST // 1024} KiB."
        raise SpecError([Diagnostic("size-limit", message, place=start)], name)
    try:
        return Source(name, _line_breaks(content.decode("utf-8-sig")), directory, is_quotable)
    except UnicodeDecodeError as error:
        before = _line_breaks(content[: error.start].decode())
        after = _line_breaks(content[error.start :].decode(errors="replace"))
        text = Source(name, before + after, directory, is_quotable)
        place = Place(text, len(before), len(before) + 1)
        message, help_text = "The file is not text in UTF-8.", f"Byte {error.start} is wrong."
        raise SpecError([Diagnostic("not-text", message, help=help_text, place=place)], name) from None


def _line_breaks(text: str) -> str:
    return text.replace("\r\n", "\n")


def _laid_over(below: Node, above: Node, problems: list[Diagnostic]) -> Node:
    """One file over another. What adds a component by name to a section that the one below lacks, adds it to none."""
    lacking = [name for name in SEVERAL if name not in below.value and isinstance(above.value.get(name), Node)]
    none = {name: Node([]) for name in lacking if isinstance(above.value[name].value, dict)}
    return overlaid(Node({**below.value, **none}, below.settings), above, problems)


def _bases(extends: Node | None, source: Source) -> list[Node]:
    if extends is None:
        return []
    bases = extends.value if isinstance(extends.value, list) else [extends]
    if not all(isinstance(base.value, str) and base.value for base in bases):
        message = "This must be the path of the file that it extends, or an array of paths."
        found = Diagnostic("invalid-extends", message, (EXTENDS,), place=extends.settings[-1].value)
        raise SpecError([found], source.name)
    return list(bases)


def _relative(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def _home(source: Source) -> Path:
    assert source.directory is not None, "It is a file."
    return source.directory


def _plain_name(stem: str) -> str:
    name = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_-.") else "_" for letter in stem)
    return name.lstrip("-.") or "run"

"""From TOML files to a document: plain tables in which each value knows where it was set.

A file may extend others, further files may be merged into it, and single values may be changed. A document knows
nothing about specs: `hookline.check.reader` turns it into one.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from hookline.check.toml.files import LARGEST, file_source
from hookline.check.toml.override import EXTENDS, changed
from hookline.check.toml.parse import parsed
from hookline.check.toml.quotable import homes
from hookline.check.toml.tree import Node, Table, overlaid, plain, without_places
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import HooklineError, SpecError, notes_of
from hookline.errors.source import Place, Source
from hookline.errors.text import PathElement

MOST_EXTENDED = 64
"""The maximum number of files that a spec extends, directly or not. A file counts each time it is named."""

DEEPEST_CHAIN = 16
"""The maximum length of a chain of files that extend one another."""


@frozen(slots=False)
class Document:
    """A spec as plain TOML values, before it is checked."""

    root: Node
    """The root table."""
    source: Source
    """The file that messages name."""
    directory: Path
    """The directory that relative paths in it start from."""
    problems: tuple[Diagnostic, ...] = ()
    """The problems that occurred while files were merged, such as a change of an element that does not exist."""
    is_empty: bool = False
    """Whether its file is empty and nothing is merged into it."""

    @cached_property
    def table(self) -> Table:
        """The root table as plain values. A string from a file in another directory is a `PathText`."""
        table: Table = plain(self.root, self.directory)
        return table

    def locate(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with places for its paths."""
        if diagnostic.place is not None:
            return diagnostic
        # A section that is not given has no place: the start of the file would not be one.
        given = (path for path in diagnostic.related if path and self.root.child(path[0]) is not None)
        others = (self.place(path) for path in given)
        place = self.place(diagnostic.path, on_key=diagnostic.on_key)
        return diagnostic.placed(place, tuple(other for other in others if other is not None))

    def spec_error(self, error: HooklineError, *diagnostics: Diagnostic) -> SpecError:
        """The error as one that points at the places of its diagnostics, with its notes. Raise it from `error`.

        Pass `diagnostics` if those of the error itself have no paths in the spec.
        """
        pointing = SpecError([self.locate(one) for one in diagnostics or error.diagnostics], self.source.name)
        for note in notes_of(error):
            pointing.add_note(note)
        return pointing

    def place(self, path: Sequence[PathElement], *, on_key: bool = False) -> Place | None:
        """Where a value was set last, or its key; for a missing value, the table that it would be in.

        `None` if the document is not from a file.
        """
        nodes = list(self.root.along(tuple(path)))
        on_key = on_key and len(nodes) == len(path) + 1
        for node in reversed(nodes):
            if node.settings:
                return node.settings[-1].key if on_key else node.settings[-1].value
            on_key = False
        return Place(self.source, 0, 0) if self.source.directory is not None else None


def read(
    path: str | Path,
    overlays: Iterable[str | Path] = (),
    overrides: Iterable[str] = (),
    *,
    lists: Collection[str] = (),
) -> Document:
    """The document in a file, with the files that it extends, overlays, and changes of single values.

    Args:
        path: the file.
        overlays: further files, each merged into everything before it.
        overrides: changes of single values, such as `optimizer.lr=0.01`, made last, in this order.
        lists: the root keys that are arrays of tables. A file or a change can add an element by name, even if the
            document has none yet.

    Raises:
        HooklineError: if a file cannot be read.
        SpecError: if a file is not TOML, or extends itself, with the place.

    """
    source, overlays, overrides = file_source(path), list(overlays), list(overrides)
    is_empty = not (source.text.strip() or overlays or overrides)
    files = _Files(lists, homes(path))
    root = files.changed(files.tree(source), overlays, overrides)
    # The run of a file that names none is named after the file. The document keeps the name, and so does the run.
    run = root.value.setdefault("run", Node({}))
    if isinstance(run.value, dict):
        run.value.setdefault("name", Node(run_name(Path(path).stem)))
    return Document(root, source, _home(source), tuple(files.problems), is_empty=is_empty)


def from_source(source: Source, *, lists: Collection[str] = ()) -> Document:
    """The document in a text, with the files that it extends. Raises the same errors as `read`."""
    files = _Files(lists, (*homes("."), str(_home(source))))
    return Document(files.tree(source), source, _home(source), tuple(files.problems))


def from_table(
    table: Mapping[str, Any],
    overlays: Iterable[str | Path] = (),
    overrides: Iterable[str] = (),
    *,
    lists: Collection[str] = (),
) -> Document:
    """A document from Python, with paths relative to the current directory; the other arguments are those of `read`."""
    files = _Files(lists, homes("."))
    root = files.changed(without_places(dict(table)), overlays, overrides)
    return Document(root, Source("spec", ""), Path.cwd(), tuple(files.problems))


@define
class _Files:
    """Reads the files of one spec, each once, and merges them."""

    lists: Collection[str]
    """The root keys that are arrays of tables."""
    homes: tuple[str, ...]
    """The directories whose specs messages may quote."""
    problems: list[Diagnostic] = field(factory=list)
    """The problems that occurred while they were merged."""
    trees: dict[str, Node] = field(factory=dict)
    """The tree of each file that was extended so far, by its real path."""
    extended: int = 0
    """The number of times that a file was named to be extended."""
    characters: int = 0
    """The total length of all files."""

    def tree(self, source: Source, chain: tuple[str, ...] = ()) -> Node:
        """The tree of a file, merged into those of the files that it extends.

        Raises:
            HooklineError: if a file cannot be read.
            SpecError: if one is not TOML, extends itself, or extends too many others, with the place.

        """
        chain = (*chain, os.path.realpath(source.name))
        self.characters += len(source.text)
        if self.characters > LARGEST:
            message = f"This is not a spec: with the files that it extends, it has more than {LARGEST // 1024} KiB."
            raise SpecError([Diagnostic("size-limit", message, place=Place(source, 0, 0))], source.name)
        root = parsed(source, self.lists)
        extends = root.value.pop(EXTENDS, None)
        below: Node | None = None
        for base in _bases(extends, source):
            tree = self._extended(base, source, chain)
            below = tree if below is None else self._overlaid(below, tree)
        return root if below is None else self._overlaid(below, root)

    def changed(self, root: Node, overlays: Iterable[str | Path], overrides: Iterable[str]) -> Node:
        """The tree with overlays, and then with changes of single values."""
        for overlay in overlays:
            source = file_source(overlay)
            self.homes = (*self.homes, *homes(overlay))
            root = self._overlaid(root, self.tree(source))
        for change in overrides:
            root = changed(root, change, self.lists, self.problems)
        return root

    def _overlaid(self, below: Node, above: Node) -> Node:
        """One file over another. An element that is added by name to an array that does not exist starts the array."""
        new = [name for name in self.lists if name not in below.value and name in above.value]
        empty = {name: Node([]) for name in new if isinstance(above.value[name].value, dict)}
        return overlaid(Node({**below.value, **empty}, below.settings), above, self.problems)

    def _extended(self, base: Node, source: Source, chain: tuple[str, ...]) -> Node:
        """The tree of a file that the last one of a chain extends."""

        def error(message: str) -> SpecError:
            found = Diagnostic("invalid-extends", message, (EXTENDS,), place=base.settings[-1].value)
            return SpecError([found], source.name)

        self.extended += 1
        if self.extended > MOST_EXTENDED:
            raise error(f"A spec can extend at most {MOST_EXTENDED} files in total.")
        try:
            path, real = _path(base.value, source)
            if real in self.trees:
                return self.trees[real]
            found = file_source(path, self.homes)
            if real in chain:
                cycle = " extends ".join(map(_relative, (*chain[chain.index(real) :], real)))
                raise error(f"The file extends itself: {cycle}.")
            if len(chain) > DEEPEST_CHAIN:
                raise error(f"At most {DEEPEST_CHAIN} files can extend one another in a chain.")
        except SpecError:
            raise
        except (HooklineError, OSError, ValueError, RuntimeError) as problem:
            raise error(str(problem)) from None
        self.trees[real] = self.tree(found, chain)
        return self.trees[real]


def _path(name: str, source: Source) -> tuple[str, str]:
    """The file with this name in a text: its name in messages, and its real path.

    Like all paths in a file, it is relative to the directory of the file, not to that of a link to the file.
    """
    if "\0" in name:
        raise ValueError("This is not a path: it contains a NUL character.")
    real = os.path.realpath(_home(source) / name)
    called = os.path.normpath(Path(source.name).parent / name)
    return called if os.path.realpath(called) == real else _relative(real), real


def _bases(extends: Node | None, source: Source) -> list[Node]:
    if extends is None:
        return []
    bases = extends.value if isinstance(extends.value, list) else [extends]
    if not all(isinstance(base.value, str) and base.value for base in bases):
        message = "This must be the path of the file to extend, or an array of paths."
        found = Diagnostic("invalid-extends", message, (EXTENDS,), place=extends.settings[-1].value)
        raise SpecError([found], source.name)
    return list(bases)


def _relative(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def _home(source: Source) -> Path:
    assert source.directory is not None, "The source is a file."
    return source.directory


def run_name(stem: str) -> str:
    """The name of a run whose spec names none, from the name of the file without suffix: a plain directory name.

    >>> run_name("iris"), run_name("fleurs d'été")
    ('iris', 'fleurs_d__t_')
    """
    name = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_-.") else "_" for letter in stem)
    return name.lstrip("-.") or "run"

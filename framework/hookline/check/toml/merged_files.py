"""Read the files of a spec and merge them: a file may extend others, and further files may be merged into it."""

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from attrs import define, field

from hookline.check.toml.files import LARGEST, file_source
from hookline.check.toml.merge import overlaid
from hookline.check.toml.override import EXTENDS, changed
from hookline.check.toml.parse import parsed
from hookline.check.toml.quotable import homes
from hookline.check.toml.tree import Node
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import HooklineError, SpecError
from hookline.errors.source import Place, Source

MOST_EXTENDED = 64
"""The maximum number of files that a spec extends, directly or not. A file counts each time it is named."""

DEEPEST_CHAIN = 16
"""The maximum length of a chain of files that extend one another."""


@define
class MergedFiles:
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
    real = os.path.realpath(home_of(source) / name)
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


def home_of(source: Source) -> Path:
    """The directory of a file, from which the paths in it start."""
    assert source.directory is not None, "The source is a file."
    return source.directory

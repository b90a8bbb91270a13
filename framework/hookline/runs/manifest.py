"""`manifest.json`: the size and SHA-256 of each file of a run that later commands read, to find damaged files."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from hookline.errors.exceptions import FileError, RunError
from hookline.files.atomic import write_file

NAME = "manifest.json"
"""The file, which is written after all others."""

FORMAT = 1
"""The version of the format of a run directory."""

LISTED = (
    "spec.toml",
    "run.lock.toml",
    "data.json",
    "examples.arrow",
    "examples.npz",
    "metrics.jsonl",
    "result.json",
    "model.safetensors",
    "criterion.safetensors",
    "plugins/**/*.py",
)
"""The files that later commands read."""

LARGEST = 2**24
"""The largest size of a manifest in bytes."""

REMEDY = "Copy the run again from where it is complete, or train it again."
"""What to do about a file that is not what the run wrote."""


def write(directory: Path) -> None:
    """Write the manifest of the files in a run directory.

    Raises:
        FileError: If a file cannot be read, or the manifest cannot be written.

    """
    names = (path.relative_to(directory).as_posix() for pattern in LISTED for path in directory.glob(pattern))
    _write(directory, {name: entry(directory / name) for name in sorted(names)})


def replace(path: Path, content: str) -> None:
    """Replace a listed file and renew the manifest. If the process is killed in between, the manifest is still true.

    Raises:
        FileError: If a file cannot be read or written.

    """
    directory = path.parent
    try:
        kept = read(directory).files
    except RunError:  # It could not be written before, or is damaged.
        write_file(path, content)
        return
    encoded = content.encode()
    new = {"size": len(encoded), "sha256": hashlib.sha256(encoded).hexdigest()}
    # For a moment, both contents are right.
    present = entry(path) if path.is_file() else {}
    _write(directory, {**kept, path.name: {**present, "next": new}})
    write_file(path, content)
    _write(directory, {**kept, path.name: new})


def _write(directory: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    write_file(directory / NAME, _text({"format": FORMAT, "files": dict(sorted(files.items()))}))


def _text(table: Mapping[str, Any]) -> str:
    """The text of a manifest. It has its own checksum, so that its damage is not taken for that of another file."""
    listed = {key: table[key] for key in ("format", "files")}
    digest = hashlib.sha256(json.dumps(listed).encode()).hexdigest()
    return json.dumps({**listed, "sha256": digest}, indent=2) + "\n"


def entry(path: Path) -> dict[str, Any]:
    """Return the size and the SHA-256 of a file.

    Raises:
        FileError: If it cannot be read.

    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return {"size": file.tell(), "sha256": digest}
    except OSError as error:
        raise FileError(str(path), f"The file cannot be read: {error.strerror}.") from error


@frozen
class Manifest:
    """The manifest of a run."""

    directory: Path
    """The directory of the run."""
    files: Mapping[str, Mapping[str, Any]]
    """The size and the checksum of each file by name."""

    def __contains__(self, name: str) -> bool:
        return name in self.files

    def check_sizes(self) -> None:
        """Raise a `RunError` for the first file that is missing or has another size; no file is read."""
        for name in self.files:
            path = self.directory / name
            try:
                size = path.stat().st_size if path.is_file() else None
            except OSError:
                size = None
            if size is None:
                raise RunError(f"{path}: The file is missing. {REMEDY}")
            sizes = [entry.get("size") for entry in self._entries(name)]
            if size not in sizes:
                message = f"The file is damaged: it has {size:,} bytes, but the run wrote {sizes[0]:,}."
                raise RunError(f"{path}: {message} {REMEDY}")

    def check(self, name: str) -> None:
        """Raise a `RunError` if a file is not exactly what the run wrote.

        Raises:
            RunError: If it is missing, damaged or replaced; the message names it.

        """
        path = self.directory / name
        if name not in self.files:
            raise RunError(f"{path}: The run did not write this file.")
        if not path.is_file():
            raise RunError(f"{path}: The file is missing. {REMEDY}")
        try:
            found = entry(path)
        except FileError as error:
            raise RunError(str(error)) from None
        if found not in [{key: entry.get(key) for key in found} for entry in self._entries(name)]:
            message = f"The file is damaged, or has been changed: it is not what the run wrote ({NAME})."
            raise RunError(f"{path}: {message} {REMEDY}")

    def checked(self, name: str) -> Path:
        """Return the path of a file that is exactly as the run wrote it. Raises a `RunError` like `check`."""
        self.check(name)
        return self.directory / name

    def _entries(self, name: str) -> "Iterator[Mapping[str, Any]]":
        """What the file may contain: usually one content, and two if it was being replaced when a process ended."""
        entry = self.files[name]
        if "sha256" in entry:
            yield entry
        if "next" in entry:
            yield entry["next"]


def read(directory: Path) -> Manifest:
    """Read the manifest of a run.

    Raises:
        RunError: If it is missing or damaged.

    """
    path = directory / NAME
    try:
        if not path.is_file():
            raise FileNotFoundError
        with path.open("rb") as file:
            text = file.read(LARGEST).decode()
        table = json.loads(text)
        if text != _text(table):
            raise ValueError("its own checksum differs")
        if table["format"] > FORMAT:
            raise RunError(f"{path}: A newer version of Hookline wrote this run: install that version.")
        files = {str(name): dict(entry) for name, entry in table["files"].items()}
        if not all(_is_entry(file) and _is_entry(file.get("next", file)) for file in files.values()):
            raise ValueError("an entry is incomplete")
    except FileNotFoundError:
        raise RunError(f"{path}: There is no such file.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RunError(f"{path}: The file is damaged: {str(error).rstrip('.') or type(error).__name__}.") from None
    return Manifest(directory, files)


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("size"), int) and isinstance(entry.get("sha256"), str)

"""Messages for files and directories that were given as a spec but are not one, with the command to use."""

import os
import shlex
from itertools import islice
from pathlib import Path

from hookline.errors.suggestions import nearest
from hookline.errors.text import counted, enumerate_names

MOST_LOOKED_AT = 1000
"""The maximum number of files in a directory that are examined."""

MOST_NAMED = 5
"""The maximum number of specs in a directory that are named."""

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"PAR1": "Parquet",
    b"\x93NUMPY": "NumPy",
    b"PK\x03\x04": "ZIP",
    b"\x89HDF": "HDF5",
    b"SQLite format 3": "SQLite",
    b"\x89PNG": "PNG",
    b"%PDF": "PDF",
    b"ARROW1": "Arrow",
    b"\xff\xff\xff\xff": "Arrow",  # The stream format.
    b"\x7fELF": "ELF",
}
"""The first bytes of binary files."""

LONGEST_MAGIC = 32
"""The number of bytes that identify a file."""

_COMPRESSED = {
    "gzip": (".gz", "gunzip", " --keep"),
    "bzip2": (".bz2", "bunzip2", " --keep"),
    "xz": (".xz", "unxz", " --keep"),
    "Zstandard": (".zst", "unzstd", ""),
}
"""The suffix of compressed files, the program that unpacks them, and its option to keep the file."""
_SUFFIXES = {".npz": "NPZ", ".pt": "PyTorch", ".pth": "PyTorch", ".ckpt": "PyTorch", ".xlsx": "Excel", ".docx": "Word"}
"""What a ZIP archive is by its suffix."""
_EXCEL = b"[Content_Types].xml", b"xl/"
"""What the ZIP archive of a sheet contains, whatever its suffix."""
_TABLES = {".csv": "CSV", ".tsv": "CSV", ".jsonl": "JSON Lines", ".ndjson": "JSON Lines"}
"""Text files with data by their suffix, which may stand before that of a compression."""
_DATA = (*_TABLES, ".parquet", ".arrow", ".feather", ".npz", ".gz", ".zst")
"""The suffixes of files by which a directory has data."""
_IMAGES = (".png", ".jpg", ".jpeg")
"""The suffixes of files by which a directory has images."""
_OTHER_TEXT = {".json": "JSON", ".yaml": "YAML", ".yml": "YAML", ".ipynb": "Jupyter", ".xml": "XML"}
_READ = ("Parquet", "NPZ", "Arrow")
"""The binary files that can be the data of a spec."""


def what_it_is(path: str, content: bytes) -> str | None:
    """What a file is if it is not a spec, in sentences with the command to use; `None` if it may be a spec."""
    suffix = Path(path).suffix.lower()
    if (kind := _kind(content, suffix)) is not None:
        return _of_binary(path, kind)
    if suffix == ".safetensors":
        return "These are the weights of a model, not a spec."
    if suffix == ".py":
        return f"This is a Python file, not a spec. Pass it as a plugin beside a spec: -p {shlex.quote(path)}."
    if content[:200].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "This is an HTML page, not a spec."
    if _TABLES.get(suffix, "CSV") != "CSV" or (suffix == ".json" and _is_of_objects(content)):
        return _data_file(path, "JSON Lines")
    if suffix in _OTHER_TEXT:
        kind = _OTHER_TEXT[suffix]
        return f"This is a {kind} file, but a spec is TOML. `hookline new spec data.csv` writes one for a table."
    if suffix in (".csv", ".tsv") or (suffix != ".toml" and _is_table(content)):
        return f"This is a table, not a spec. `hookline new spec {shlex.quote(path)}` writes a spec for it."
    return None


def binary_kind(path: Path) -> str | None:
    """The kind of a binary file by its first bytes; `None` if it is unknown."""
    with path.open("rb") as file:
        return _kind(file.read(LONGEST_MAGIC), path.suffix.lower())


def _kind(content: bytes, suffix: str) -> str | None:
    kind = next((kind for begins, kind in _MAGIC.items() if content.startswith(begins)), None)
    if kind != "ZIP":
        return kind
    return "Excel" if all(name in content for name in _EXCEL) else _SUFFIXES.get(suffix, kind)


def _of_binary(path: str, kind: str) -> str:
    inner = Path(Path(path).stem).suffix.lower()
    if kind in _COMPRESSED and inner in _TABLES:
        return _data_file(path, f"{_TABLES[inner]}, compressed by {kind}")
    if kind in _COMPRESSED:
        suffix, program, keep = _COMPRESSED[kind]
        file = shlex.quote(path)
        # The programs refuse other suffixes, unless they read from standard input.
        command = f"{program}{keep} {file}" if path.endswith(suffix) else f"{program} < {file} > unpacked"
        return f"This is a file compressed by {kind}, not a spec. `{command}` unpacks it."
    if kind in _READ:
        return _data_file(path, kind)
    if kind == "Excel":
        return (
            "This is an Excel file, not a spec. Save the sheet as CSV; `hookline new spec` then writes a spec for it."
        )
    return f"This is a {kind} file, not a spec."


def _data_file(path: str, what: str) -> str:
    return f"This is a data file ({what}), not a spec. `hookline new spec {shlex.quote(path)}` writes a spec for it."


def _is_of_objects(content: bytes) -> bool:
    """Whether each of the first two lines is a JSON object."""
    lines = [line.strip() for line in content[:10_000].splitlines()[:2]]
    return len(lines) == 2 and all(line.startswith(b"{") and line.endswith(b"}") for line in lines)


def _is_table(content: bytes) -> bool:
    """Whether the first two lines are values separated by commas, semicolons or tabs."""
    lines = content[:10_000].splitlines()[:2]
    if len(lines) < 2 or any(set(b"=[]{}#") & set(line) for line in lines):
        return False
    return any(lines[0].count(sign) == lines[1].count(sign) > 0 for sign in (b",", b";", b"\t"))


def missing(path: str) -> str:
    """A message that there is no such file, with the spec that was probably meant."""
    near = _near(Path(path))
    return "There is no such file." + (f' Did you mean "{near}"?' if near else "")


def _near(path: Path) -> Path | None:
    """The spec that was probably meant instead of a missing one."""
    if not path.parent.is_dir():  # Its directory may be misspelled, or be the current one.
        name = nearest(path.parent.name, _names(path.parent.parent))
        likely = [Path(path.name), *([] if name is None else [path.parent.parent / name / path.name])]
    else:
        names = _names(path.parent)
        stems = [name.removesuffix(".toml") for name in names if name.endswith(".toml")]
        stem = nearest(path.stem, stems)  # Without the suffix, which all of them share.
        below = [path.parent / name / path.name for name in names]
        likely = below if stem is None else [path.parent / f"{stem}.toml"]
    return next((file for file in likely if file.is_file()), None)


def directory(path: str) -> str:
    """A message that this is a directory, with the specs in it."""
    home = Path(path)
    if _is_run(home):
        return (
            f"This is the directory of a run. Its spec is {home / 'spec.toml'}; `hookline train --locked "
            f"{shlex.quote(path)}` trains it again."
        )
    names = _names(home)
    if runs := [name for name in names if name.isdecimal() and _is_run(home / name)]:
        return f"This is a directory of runs. The spec of the last one is {home / max(runs, key=int) / 'spec.toml'}."
    specs = sorted(name for name in names if name.endswith(".toml"))
    if not specs:
        advice = (
            f" `hookline new spec {shlex.quote(path)}` writes a spec for the data in it." if _has_data(home) else ""
        )
        return f"This is a directory, not a spec.{advice}"
    some = [str(home / name) for name in specs[:MOST_NAMED]]
    others = f", and {counted(len(specs) - MOST_NAMED, 'other')}" if len(specs) > MOST_NAMED else ""
    return f"This is a directory, not a spec. It contains {enumerate_names(some)}{others}."


def _has_data(home: Path) -> bool:
    """Whether a directory has data files, or directories with images."""
    names = _names(home)
    if any(name.lower().endswith(_DATA) for name in names):
        return True
    below = (name for folder in names[:MOST_NAMED] for name in _names(home / folder))
    return any(name.lower().endswith(_IMAGES) for name in below)


def _is_run(home: Path) -> bool:
    return (home / "spec.toml").is_file() and (home / "run.lock.toml").is_file()


def _names(home: Path) -> list[str]:
    try:
        with os.scandir(home) as entries:
            return [entry.name for entry in islice(entries, MOST_LOOKED_AT)]
    except OSError:
        return []

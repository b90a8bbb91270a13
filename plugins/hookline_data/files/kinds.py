"""Find the kind of a file from its first bytes, and the `type` of data source that reads it."""

import json
from pathlib import Path

from hookline.errors import DataError
from hookline_data.files import compressed

LOOKED_AT = 2**12
"""The number of bytes to inspect."""

_SOURCES = {"CSV": ".csv", "Parquet": ".parquet", "Arrow": ".arrow", "NPZ": ".npz", "JSONLines": ".jsonl"}
"""The kinds that a data source of this name reads, with their usual suffix."""

_MAGIC = {
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"FEA1": "Feather V1",
    b"\xff\xff\xff\xff": "Arrow",  # The stream format begins with a continuation marker.
    b"\x93NUMPY": "NPY",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "Excel",
    b"\x89HDF": "HDF5",
    b"SQLite format 3": "SQLite",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"%PDF": "PDF",
    b"version https://git-lfs.github.com/spec/": "Git LFS pointer",
    b"RDX": "R",
    b"RDA": "R",
}

_ADVICE = {
    "Excel": "Save the sheet as CSV, or convert it in Python: `pandas.read_excel({old}).to_parquet({new})`.",
    "OpenDocument": "Save the sheet as CSV, or convert it in Python: `pandas.read_excel({old}).to_parquet({new})`.",
    "NPY": "Save its arrays by name with `numpy.savez`, and read them with the source `NPZ`.",
    "ZIP": "Unpack it, and use the file in it.",
    "tar": "Unpack it, and use the file in it.",
    "HDF5": "Convert it in Python: `pandas.read_hdf({old}).to_parquet({new})`.",
    "Feather V1": "Convert it in Python: `pandas.read_feather({old}).to_parquet({new})`.",
    "R": "Write the table in R with `write.csv` or `arrow::write_parquet`.",
    "SQLite": "Write the rows of a query to a CSV or Parquet file.",
    "Git LFS pointer": "`git lfs pull` fetches the file that it stands for.",
    "HTML": "It may be an error page, or the page about the file, instead of the file.",
    "JSON": "Write an object per line (JSON Lines), and read them with the source `JSONLines`.",
}
"""What to do with a file that no data source reads."""


def of_file(path: Path) -> str:
    """Return what a file is, compressed or not, such as "Parquet" or "CSV"; any other text is "text".

    Raises:
        OSError: If it cannot be read.

    """
    with path.open("rb") as file:
        kind = compressed.kind_of(file)
        unpacked = compressed.unpacked(file, kind)
        try:
            return of_bytes(bytes(unpacked.read(LOOKED_AT)))
        except OSError:
            if kind is None:
                raise
            return "damaged"
        except Exception:  # noqa: BLE001 - Each decompressor has errors of its own.
            return "damaged"
        finally:
            unpacked.close()


def of_bytes(begin: bytes) -> str:
    """Return what a file is that begins with these bytes."""
    known = next((kind for magic, kind in _MAGIC.items() if begin.startswith(magic)), None)
    if known is not None:
        return known
    if begin.startswith(b"PK\x03\x04"):
        return _of_archive(begin)
    if begin[257:262] == b"ustar":
        return "tar"
    return _of_text(begin)


def _of_archive(begin: bytes) -> str:
    length = int.from_bytes(begin[26:28], "little")
    name = begin[30 : 30 + length]
    if name.endswith(b".npy"):
        return "NPZ"
    if b"opendocument" in begin[:200]:
        return "OpenDocument"
    return "Excel" if name in (b"[Content_Types].xml", b"_rels/.rels") or b"xl/" in begin else "ZIP"


def _of_text(begin: bytes) -> str:
    text = begin.decode("utf-8-sig", errors="replace").lstrip()
    if text[:15].lower().startswith(("<!doctype html", "<html")):
        return "HTML"
    if text.startswith("{"):
        return "JSONLines" if _is_object(text.splitlines()[0]) else "text"
    is_array = text.startswith("[") and text[1:].lstrip().startswith(("{", "["))
    return "JSON" if is_array else "text"


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return len(line) > LOOKED_AT // 2  # The object is longer than what was read.


def refuse_other(path: Path, source: str, *, is_option: bool = True) -> None:
    """Raise a `DataError` if a file is certainly not one for a data source; the message says what to do.

    `is_option` says whether an option chooses the source, rather than the suffix of the file.
    """
    kind = of_file(path)
    if kind == source or kind == "damaged" or (source in ("CSV", "JSONLines") and kind == "text"):
        return
    if not path.stat().st_size:
        raise DataError("The file is empty.", file=path)
    if kind == "text":
        raise DataError(f'This is a text file, not {source}. If it is a table, set `type = "CSV"`.', file=path)
    article = "an" if kind[0] in "AEO" or kind in ("NPZ", "NPY", "R", "HTML", "HDF5") else "a"
    raise DataError(f"This is {article} {kind} file. {_advice(kind, path, is_option=is_option)}", file=path)


def _advice(kind: str, path: Path, *, is_option: bool) -> str:
    if kind in _SOURCES:
        return f'Set `type = "{kind}"`.' if is_option else f'Its name must end in "{_SOURCES[kind]}".'
    old, new = (json.dumps(name, ensure_ascii=False) for name in (path.name, path.with_suffix(".parquet").name))
    return _ADVICE.get(kind, "No data source reads it.").format(old=old, new=new)

"""Arrays from Python as a data source."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import fields

from hookline.errors import DataError, MismatchError, OptionError
from hookline.spec import spec
from hookline_data.files.given_path import GivenPath
from hookline_data.given.python_arrays import array_of, complaint_about_tensor, is_tensor
from hookline_data.given.splits import name_of, paths_of
from hookline_data.npz import NPZ
from hookline_data.numpy_arrays import npz_file
from hookline_data.rows.named_arrays import NamedArrays

if TYPE_CHECKING:
    from numpy.typing import NDArray


@spec
class GivenArrays(NPZ):
    """Arrays that were passed to `hookline.train`, which the paths have."""

    def array_names(self, path: Path) -> list[str]:
        """Return the names."""
        assert isinstance(path, GivenPath)
        return [str(name) for name in path.rows]

    def read(self, path: Path, names: Iterable[str]) -> "dict[str, NDArray[Any]]":
        """Return arrays as NumPy arrays of numbers or text, all with the same number of rows."""
        assert isinstance(path, GivenPath)
        found = {}
        for name in names:
            if name not in path.rows:
                raise DataError(f'There is no array "{name}".', file=path, columns=[name])
            values = path.rows[name]
            if is_tensor(values) and (complaint := complaint_about_tensor(values)):
                raise DataError(f'"{name}": {complaint}', file=path, columns=[name])
            found[name] = array_of(values, name, path)
        npz_file.refuse_other_sizes({name: len(array) for name, array in found.items()}, path)
        return found


def given_arrays(source: NamedArrays, data: Any) -> NPZ:
    """Return a source of arrays from Python: see `NamedArrays.with_rows`."""
    options = {option.name: getattr(source, option.name) for option in fields(NamedArrays)}
    options |= paths_of(source, data, name_of(data, "the arrays"), _checked)
    try:
        return GivenArrays(**options)
    except OptionError as error:
        raise MismatchError(str(error), ("data", *error.path), id=error.diagnostic.id) from None


def _checked(rows: Any, place: str) -> Mapping[str, Any]:
    """Return rows that are a mapping of arrays."""
    if isinstance(rows, Mapping):
        return rows
    message = (
        f"Pass a mapping from names to arrays, not an object of type {type(rows).__name__}. For a table, such as a "
        'DataFrame, use a data source for tables, such as `type = "DataFrame"`.'
    )
    raise DataError(message, file=place)

"""Rows with named columns from Python as a data source."""

from collections.abc import Iterator
from typing import NoReturn

from hookline import Run
from hookline.errors import MismatchError, OptionError
from hookline.spec import Objective, spec
from hookline_data.rows.named_columns import NamedColumns


@spec
class DataFrame(NamedColumns):
    """Rows with named columns that are passed in Python: `hookline.train(spec, data=frame)`.

    They are a DataFrame of pandas or polars, a table of pyarrow or of another library with the Arrow PyCapsule
    interface, a mapping from names to columns (lists, NumPy arrays or tensors), a list of mappings, or a mapping with
    such rows for each split, `{"training": …, "validation": …}`. Columns are used as those of a Parquet file, and
    numbers may be written as text. Predictions also take files.
    """

    @property
    def has_validation(self) -> bool | None:
        """Whether there is a validation split, which may be passed."""
        return super().has_validation or None

    def check(self, loss: Objective | None) -> Iterator[OptionError | MismatchError]:
        """Report options that the loss contradicts: the columns are not known yet."""
        return self.check_options(loss)

    def prepare(self, run: Run, loss: Objective) -> NoReturn:
        """Say how to pass the rows."""
        message = (
            "Pass the rows in Python: `hookline.train(spec, data=frame)`. To read them from a file instead, use a "
            "type such as `CSV` or `Parquet`."
        )
        raise MismatchError(message, ("data", "type"))

"""Arrays from Python as a data source."""

from collections.abc import Iterator
from typing import NoReturn

from hookline import Run
from hookline.errors import MismatchError, OptionError
from hookline.spec import Objective, spec
from hookline_data.rows.named_arrays import NamedArrays


@spec
class Arrays(NamedArrays):
    """NumPy arrays or tensors that are passed in Python: `hookline.train(spec, data={"x": x, "y": y})`.

    The first dimension of every array is the rows, and all arrays have the same number of rows. Text arrays are class
    names. Pass a mapping with arrays for each split as `{"training": {…}, "validation": {…}}`. Predictions also take
    NPZ files.
    """

    @property
    def has_validation(self) -> bool | None:
        """Whether there is a validation split, which may be passed."""
        return super().has_validation or None

    def check(self, loss: Objective | None) -> Iterator[OptionError | MismatchError]:
        """Report options that the loss contradicts: the arrays are not known yet."""
        return self.check_options(loss)

    def prepare(self, run: Run, loss: Objective) -> NoReturn:
        """Say how to pass the arrays."""
        message = (
            "Pass the arrays in Python: `hookline.train(spec, data=arrays)`. To read them from a file instead, use "
            "the type `NPZ`."
        )
        raise MismatchError(message, ("data", "type"))

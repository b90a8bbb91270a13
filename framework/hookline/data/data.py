"""The data that the stage `prepare_data` returns: its splits, and what is known about them."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve, field, frozen

from hookline.data.batches import NOTHING_MORE, Batch, Batches, length_of
from hookline.data.prepared_column import PreparedColumn
from hookline.data.targets.encoding import Target
from hookline.data.tensor_batches import TensorBatches

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

T = TypeVar("T")


@frozen(kw_only=True)
class Data:
    """The data that a data source returns: its splits, and what is known about them."""

    training: Batches
    """The training split."""
    validation: Batches | None = None
    """The validation split, evaluated after each epoch; optional."""
    test: Batches | None = None
    """The test split, evaluated at the end; optional."""
    example: Batch
    """At most two rows of the training split, to infer shapes and types."""
    targets: Mapping[str, Target]
    """What is known about each target, by name."""
    row_numbers: Mapping[str, Any] | None = None
    """The number in the source of each row of a split, counted from 0, as NumPy arrays; `None` if they are unknown."""
    left_out: Mapping[str, int] = field(factory=dict)
    """How many rows of the source are in no split, by the reason, such as "gap"."""
    preparation: Mapping[str, Any] = field(factory=dict)
    """How each group of inputs is computed from a row of the source (columns, statistics, shape), as JSON-compatible
    values. It is exported when the model is deployed."""
    dropped: Mapping[str, int] = NOTHING_MORE
    """The number of rows that are in no split because a cell is missing, by its column. A row counts once for each."""
    columns: Sequence[PreparedColumn] = ()
    """What becomes of each column of the source, for `hookline plan`; empty if there are no columns."""
    examples: "Mapping[str, NDArray[Any]] | pyarrow.Table | None" = None
    """Some rows as they are in the source, as `DataSpec.open_rows` takes them: a table, or arrays by name. They are
    kept with the run, and deployed models are compared on them. `None` keeps prepared rows instead."""
    kept: "Mapping[str, pyarrow.Table]" = NOTHING_MORE
    """The columns that predictions contain, such as ids, for each split, in the order of its rows. They are not seen
    by the model."""
    reading: str = ""
    """How the rows are read if they are not held in memory, in a few words for `hookline plan`."""
    _found: dict[Hashable, Any] = field(factory=dict, init=False, eq=False, repr=False)
    """The results of `once`."""

    def once(self, key: Hashable, compute: "Callable[[], T]") -> "T":
        """Return what `compute` returns, which is called once for each key.

        Use it for what takes long and depends on the rows only: several trainings may share the same data.
        """
        if key not in self._found:
            self._found[key] = compute()
        found: T = self._found[key]
        return found

    def with_batch_size(self, batch_size: int) -> "Data | None":
        """Return the same rows in batches of another size; `None` if they are not held in memory, or leave no batch."""
        splits = self.splits()
        if any(type(batches) is not TensorBatches for batches in splits.values()):
            return None
        made = evolve(self, **{split: batches.with_batch_size(batch_size) for split, batches in splits.items()})  # type: ignore[attr-defined]
        made._found.update(self._found)  # What depends on the rows.
        return made if length_of(made.training) else None

    @property
    def target(self) -> Target:
        """What is known about the only target."""
        [target] = self.targets.values()
        return target

    def splits(self) -> "Mapping[str, Batches]":
        """Return the existing splits by name."""
        splits = {"training": self.training, "validation": self.validation, "test": self.test}
        return {name: batches for name, batches in splits.items() if batches is not None}

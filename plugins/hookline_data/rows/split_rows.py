"""The base class of sources whose rows are split by the options."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from attrs import evolve

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_data.images.transforming.source import TransformedSource
from hookline_data.layout.by_group import Patterns
from hookline_data.layout.targets import ClassNames
from hookline_data.reading.columns import Wanted
from hookline_data.reading.csv.format import MISSING_MARKS
from hookline_data.rows.ids import id_conflicts
from hookline_data.splitting.contradictions import contradictions

Value = str | int

if TYPE_CHECKING:
    Part = float | Path  # A `SplitFile` also takes files.
else:
    Part = float


@spec
class SplitRows(TransformedSource):
    """Rows that are split into training, validation and test rows."""

    only_batches = True

    validation: Part = option(default=0.0, minimum=0, below=1)
    """The fraction of rows to validate the model on after each epoch."""
    test: Part = option(default=0.0, minimum=0, below=1)
    """The fraction of rows to test the model on at the end."""
    stratify: bool | str = False
    """Split each class separately, so that every split has the same share of each. With `true`, the classes are the
    values of the first column of the first target; otherwise, name another column."""
    quantiles: int | None = option(default=None, minimum=2, only_with=("stratify",))
    """Stratify by this many ranges of a number with equally many rows, such as 10, instead of by each value."""
    group_column: str | None = None
    """The column with the group of each row, such as a patient: all rows of a group are in the same split. It is not an
    input."""
    time_column: str | None = None
    """The column with the time of each row: the earliest rows are for training, the next for validation, the latest for
    test. Numbers, dates, or times of ISO 8601 such as 2024-01-31T18:30. Rows with equal times are in the same split. It
    is not an input."""
    gap: int = option(default=0, minimum=0, only_with=("time_column",))
    """The number of rows to leave out before the validation and the test split."""
    folds: int | None = option(default=None, minimum=2)
    """Divide the rows into this many folds for cross-validation; the fold `fold` is the validation split. A fraction
    `test` is set aside first. With `stratify`, `group_column` and `time_column`, folds are those of StratifiedKFold,
    GroupKFold and TimeSeriesSplit of scikit-learn."""
    fold: int = option(default=0, minimum=0, only_with=("folds",))
    """The fold that is the validation split, counted from 0."""
    split_seed: int = option(default=0, minimum=0)
    """The seed that assigns rows to splits. It is independent of the run's seed, so that runs can be compared."""
    train_on_validation: bool = False
    """Whether to train on the validation rows, too, once the other options are settled. There is no validation split
    then; the test rows stay the same."""
    split_column: str | None = None
    """The column, or the text array, that assigns each row to "training", "validation" or "test"."""
    split_values: Mapping[str, Value | tuple[Value, ...]] | None = option(
        default=None, only_with=("split_column",), unbounded=True
    )
    """The values of `split_column` for each split, such as `{ training = ["train", "1"], test = "test" }`. The rows of
    values listed as `unused` are in no split, and "*" stands for all values that are not listed. Default: the names of
    the splits."""
    sampler: Literal["balanced", "weighted"] | None = None
    """Draw the rows of each training epoch with replacement: "balanced" with equal chances for all classes of the first
    target, "weighted" in proportion to `sample_weights`. The draw follows from the seed and the epoch. Default: each
    row once."""
    sample_weights: str | None = option(default=None, only_with=("sampler", "weighted"))
    """The column with the weight of each row, for `sampler`: numbers of at least 0. It is not an input."""
    num_samples: int | None = option(default=None, minimum=1, only_with=("sampler",))
    """The number of rows that `sampler` draws in each epoch. Default: the number of training rows."""
    missing_marks: tuple[str, ...] = MISSING_MARKS
    """Cells that count as missing values, such as "NA": a missing value is an error. Set `[]` if all of them are class
    names; an empty cell is always missing."""
    missing_targets: Literal["refuse", "drop"] = "refuse"
    """What becomes of a row whose target is missing: an error, or the row is dropped. The plan says how many."""
    classes: ClassNames | Mapping[str, ClassNames] | None = option(default=None, unbounded=True)
    """The classes of the target in the order of their indices, such as `["low", "middle", "high"]`, or a table with
    those of each target. A class that does not occur is allowed, and any other class is an error. Default: the classes
    of the training rows, sorted."""
    weight_column: str | None = None
    """The column, or the array, with the weight of each row in the loss: a number of at least 0. A loss that averages
    divides by the sum of the weights. Metrics are not weighted."""
    id_columns: str | tuple[str, ...] = ()
    """The columns, or the arrays, that identify a row, such as a customer number. They are not inputs. Predictions
    contain them, and so do the tables of `Predictions` and the worst rows in a report. New rows may lack them."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report splits that leave no rows, or that are defined twice."""
        yield from contradictions(self)
        yield from id_conflicts(self.id_columns)
        if self.sampler == "weighted" and self.sample_weights is None:
            message = "Name the column with the weight of each row in `sample_weights`."
            yield OptionError("sampler", message, id="missing-option")
        if self.sampler is not None and not self.shuffle:
            message = "The sampler draws rows in random order: remove `shuffle`."
            yield OptionError("shuffle", message, against=[("sampler",)])

    @property
    def has_validation(self) -> bool | None:
        """Whether there is a validation split; unknown (`None`) if the cells of a column define the splits."""
        if self.train_on_validation:
            return False
        if self.split_column is not None:
            return None if self.split_values is None else "validation" in self.split_values
        return bool(self.validation) or self.folds is not None

    def without_validation(self) -> Mapping[str, Any]:
        """Return the option that adds the validation rows to the training rows.

        With folds in the order of time, the last one is chosen, so that no row is left out.

        Raises:
            OptionError: If there is no validation split.

        """
        if self.has_validation is False:
            raise OptionError("type", "The data has no validation split.")
        last = {} if self.folds is None or self.time_column is None else {"fold": self.folds - 1}
        return {"train_on_validation": True, **last}

    def each_fold(self) -> tuple[Self, ...]:
        """Return this source once for each fold."""
        return tuple(evolve(self, fold=fold) for fold in range(self.folds or 0))  # type: ignore[misc]

    @property
    def always_kept(self) -> tuple[str, ...]:
        """The columns that identify a row are kept with the predictions."""
        return self.ids

    @property
    def ids(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        return (self.id_columns,) if isinstance(self.id_columns, str) else self.id_columns

    @property
    def other_files(self) -> Mapping[str, Path]:
        """The files of splits that have their own file."""
        return {}

    @property
    def fractions(self) -> dict[str, float]:
        """The splits that are fractions of the rows of `path`, and not empty."""
        given = {"validation": self.validation, "test": self.test}
        return {split: part for split, part in given.items() if isinstance(part, float) and part}

    @property
    def values_of_splits(self) -> dict[str, tuple[str, ...]] | None:
        """The cells of `split_column` for each split, as text."""
        if self.split_values is None:
            return None
        return {
            split: tuple(map(str, several if isinstance(several, tuple) else (several,)))
            for split, several in self.split_values.items()
        }

    @property
    def splitting_columns(self) -> dict[str, str]:
        """The columns that only say how to split or sample the rows of `path`, by option. They are not inputs."""
        options = ("split_column", "group_column", "time_column", "sample_weights")
        named = {name: getattr(self, name) for name in options}
        return {name: column for name, column in named.items() if column is not None}

    @property
    def named_to_split(self) -> dict[str, str]:
        """All columns that the options of splits name, by option."""
        strata = {"stratify": self.stratify} if isinstance(self.stratify, str) else {}
        return {**self.splitting_columns, **strata}

    @property
    def named_columns(self) -> dict[str, Patterns]:
        """All columns that options name besides inputs and targets, by option."""
        weights = {} if self.weight_column is None else {"weight_column": self.weight_column}
        return {**self.named_to_split, **weights, "id_columns": self.id_columns}

    @property
    def wanted_to_split(self) -> dict[str, Wanted]:
        """What the cells of the columns that are needed to split the rows must be."""
        missing = self.missing_marks
        kinds = {
            "split_column": Wanted("text", by="the split", missing=(), takes_any_type=True),
            "group_column": Wanted("any", by="`group_column`", missing=missing, takes_any_type=True),
            "time_column": Wanted("any", by="`time_column`", missing=missing, takes_any_type=True),
            "sample_weights": Wanted("number", by="`sample_weights`", missing=missing),
        }
        wanted = {column: kinds[name] for name, column in self.splitting_columns.items()}
        if isinstance(self.stratify, str):
            wanted.setdefault(self.stratify, Wanted("any", by="`stratify`", missing=missing))
        return wanted

    @property
    def role_columns(self) -> tuple[str, ...]:
        """The columns that are neither inputs nor targets."""
        weights = () if self.weight_column is None else (self.weight_column,)
        return (*self.splitting_columns.values(), *weights, *self.ids)

"""What sources have in common that draw rows of another source to go with each other."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import fields

from hookline import Run
from hookline.data import Batch, Batches, Columns, Data, Encoding, Target, TensorBatches
from hookline.errors import DataError, MisfitError, OptionError, enumerate_names
from hookline.spec import DataSpec, LossSpec, spec
from hookline_data.drawing.partners import DrawnBatches, Groups

if TYPE_CHECKING:
    from torch import Tensor

    from hookline_data.drawing.partners import Draw


@spec
class Drawn(DataSpec):
    """Rows of another source, each with rows that are drawn to go with it: anew in each epoch of training.

    What an epoch draws depends on seed and epoch alone. Validation and test always have the same draw, whatever the
    seed, so that epochs and runs can be compared.
    """

    source: DataSpec
    """Where the rows come from, with one group of inputs and one target. What a batch is, and whether the rows are
    shuffled, is said outside of it."""

    gives: ClassVar[tuple[str, ...]]
    """What the groups of inputs are called, the first being each row of the source."""
    outcomes: ClassVar[tuple[str, ...]] = ()
    """What the target can be, sorted; nothing, if there is none."""
    groups_by: ClassVar[Encoding]
    """How the target of the source is told to those who draw."""

    def __attrs_post_init__(self) -> None:
        defaults = {option.name: option.default for option in fields(type(self.source))}
        for option in fields(DataSpec):
            if getattr(self.source, option.name) != defaults[option.name]:
                name = type(self).__name__
                raise OptionError(
                    "source", f"{name} has the batches: give it this option, and not its source.", option.name
                )

    @property
    def has_validation(self) -> bool | None:
        """Whether the source has one."""
        return self.source.has_validation

    def check(self, loss: LossSpec | None) -> Iterator[OptionError]:
        """What is wrong with the source, and whether the loss takes what is drawn."""
        try:
            if loss is not None:
                loss.encodings(("target",) if self.outcomes else ())
        except ValueError as error:
            yield OptionError("type", f"{error} {self._given()}")
        for problem in self.source.check(self._stand_in()):
            yield problem.within("source")

    def prepare(self, run: Run, loss: LossSpec) -> Data:
        """Have the source read its rows, and make batches of what is drawn from them."""
        targets, known = self._targets(loss)
        data = self._source(run)
        training = self._batches(run, data.training, "training", data.target, targets)
        if not len(training):
            raise DataError(f"With `drop_last` no batch is left: there are {training.rows} rows.", option=())
        others = {
            split: self._batches(run, batches, split, data.target, targets)
            for split, batches in data.splits().items()
            if split != "training"
        }
        example = next(training.epoch(1)).slice(0, 2).changed(lambda tensor: tensor.clone())
        [group] = data.example.inputs
        preparation = dict.fromkeys(self.gives, data.preparation[group]) if group in data.preparation else {}
        return Data(training=training, **others, example=example, targets=known, preparation=preparation)

    def draw(self, groups: Groups, split: str, source: Target) -> "Draw":
        """What draws, by name, the rows for each row: those of each group of inputs, and the outcome as "target".

        Raises:
            DataError: if there is not what must be drawn.

        """
        raise NotImplementedError

    def _source(self, run: Run) -> Data:
        """The data of the source, as if it were for a loss whose target tells what goes together."""
        try:
            return self.source.prepare(run, self._stand_in())
        except MisfitError as error:
            raise MisfitError(error.message, ("data", "source", *error.path[1:]), id=error.diagnostic.id) from None
        except DataError as error:
            raise error if error.option is None else error.changed(option=("source", *error.option)) from None

    def _stand_in(self) -> LossSpec:
        """A loss whose target tells what goes together."""
        stand_in: Any = spec(type(type(self).__name__, (LossSpec,), {"encoding": self.groups_by}))
        made: LossSpec = stand_in()
        return made

    def _given(self) -> str:
        """What it gives, in a sentence."""
        given = enumerate_names([*self.gives, "target"] if self.outcomes else self.gives)
        return f"{type(self).__name__} gives {given}."

    def _targets(self, loss: LossSpec) -> "tuple[dict[str, Tensor], dict[str, Target]]":
        """The target for each of the outcomes as the loss wants it, and what is known of it."""
        import numpy

        wanted_by = type(loss).__name__
        try:
            encodings = loss.encodings(("target",) if self.outcomes else ())
        except ValueError as error:
            raise MisfitError(f"{error} {self._given()}", ("loss",)) from None
        columns: Columns = {"target": numpy.array(self.outcomes)}
        try:
            known = {target: encoding.learn(columns, wanted_by) for target, encoding in encodings.items()}
            encoded = {
                target: encoding.apply(columns, known[target], wanted_by, "training")
                for target, encoding in encodings.items()
            }
        except DataError as error:
            raise error.changed(option=()) from None
        return encoded, known

    def _batches(
        self, run: Run, batches: Batches, split: str, source: Target, targets: "dict[str, Tensor]"
    ) -> DrawnBatches:
        name, is_training = type(self).__name__, split == "training"
        if not isinstance(batches, TensorBatches):
            raise MisfitError(
                f"{type(self.source).__name__} does not hold its rows in memory, and {name} draws from all of them.",
                ("data", "source"),
            )
        rows = batches.all
        if len(rows.inputs) > 1:
            raise MisfitError(
                f"{name} draws from rows with one group of inputs, and there are {enumerate_names(rows.inputs)}.",
                ("data", "source"),
            )
        labels = rows.target.flatten().cpu().numpy()
        return DrawnBatches(
            self.draw(Groups(labels), split, source),
            Batch(
                dict.fromkeys(self.gives, rows.input),
                {target: run.moved(outcomes) for target, outcomes in targets.items()},
                {group: lengths for lengths in rows.lengths.values() for group in self.gives},
            ),
            batch_size=self.batch_size,
            seed=run.spec.run.seed if is_training else None,
            shuffle=self.shuffle,
            drop_last=self.drop_last and is_training,
        )


def refuse_what_cannot_be_drawn(groups: Groups, split: str, source: Target) -> None:
    """Raise a `DataError` if a class has one row, or if there is one class."""
    column, classes = ", ".join(source.columns), source.classes
    assert classes is not None
    if len(groups.alone):
        alone = [classes[index] for index in groups.alone.tolist()]
        raise DataError(
            f'Of "{column}", {enumerate_names(alone)} {"has" if len(alone) == 1 else "have"} one row in '
            f"the {split} split: there is no other of its class to go with it.",
            option=("source",),
            columns=[column],
        )
    if groups.is_one:
        raise DataError(
            f'All rows of the {split} split have the same "{column}": there is no other class.',
            option=("source",),
            columns=[column],
        )

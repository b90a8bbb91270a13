"""The base class of sources that combine rows of another source with randomly drawn ones."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from hookline import Run
from hookline.data import Batch, Batches, Columns, Data, Encoding, Target, TensorBatches
from hookline.errors import DataError, MismatchError, OptionError, enumerate_names
from hookline.script import refuse_inherited_lines, without_lines
from hookline.spec import LossSpec, Objective, RawInputs, spec
from hookline.training import is_applied_to_each
from hookline_data.drawing.combined import CombinedSource
from hookline_data.drawing.partners import DrawnBatches, Groups
from hookline_data.layout import checks

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.data import DataDescription, RowBlock, RowField
    from hookline.script import BatchNames, Script
    from hookline_data.drawing.partners import Draw


@spec
class Drawn(CombinedSource):
    """Rows of another source, each combined with randomly drawn rows of it. Training rows are drawn anew in each epoch.

    The draw depends only on the seed and the epoch. The validation and test splits always use the same draw, whatever
    the seed, so that epochs and runs can be compared.
    """

    gives: ClassVar[tuple[str, ...]]
    """The names of the groups of inputs; the first one holds the rows of the source in order."""
    outcomes: ClassVar[tuple[str, ...]] = ()
    """The possible values of the target, sorted; empty if there is no target."""
    groups_by: ClassVar[Encoding]
    """The encoding of the source's target, by which rows are drawn."""

    def check(self, loss: Objective | None) -> Iterator[OptionError | MismatchError]:
        """Report the problems of the source, and a loss that does not take what is drawn."""
        try:
            if loss is not None:
                loss.encodings(("target",) if self.outcomes else ())
        except MismatchError as error:  # The option `target` of a loss is wrong.
            yield error
        except ValueError as error:
            yield OptionError("type", f"{error} {self._given()}")
        if getattr(self.source, "weight_column", None) is not None:
            message = f"{type(self).__name__} combines rows, and a combination has no weight: remove this option."
            yield OptionError("source", message, "weight_column")
        for problem in self.source.check(Objective.of(self.stand_in())):
            if not (isinstance(problem, OptionError) and problem.path[:1] == ("weight_column",)):
                yield problem.within("source")

    def prepare(self, run: Run, loss: Objective) -> Data:
        """Let the source read its rows, and make batches of the rows drawn from them."""
        targets, known = self._targets(loss)
        data = self._source(run)
        training = self._batches(run, data.training, "training", data.target, targets)
        if not len(training):
            raise DataError(f"This leaves no batch: there are only {training.rows} rows.", option=("drop_last",))
        others: dict[str, Any] = {
            split: self._batches(run, batches, split, data.target, targets)
            for split, batches in data.splits().items()
            if split != "training"
        }
        example = next(training.epoch(1)).slice(0, 2).changed(lambda tensor: tensor.clone())
        [group] = data.example.inputs
        preparation = dict.fromkeys(self.gives, data.preparation[group]) if group in data.preparation else {}
        drawn = Data(
            training=training,
            validation=others.get("validation"),
            test=others.get("test"),
            example=example,
            targets=known,
            left_out=data.left_out,
            preparation=preparation,
            dropped=data.dropped,
            columns=data.columns,
            examples=data.examples,
            kept=data.kept,
        )
        return self.transformed(run, drawn)

    @without_lines
    def drawing_lines(self) -> str:
        """Return the lines of a script that draw row numbers, as `draw` does.

        They get `rows`, `labels`, `groups` and the generator `random`, and define `drawn`, a list of the row numbers of
        each group of inputs, and `outcome`, the index of the outcome of each row.
        """
        raise NotImplementedError

    def eject(self, script: "Script", run: Run, data: Data, objective: Objective) -> "BatchNames":
        """Add the lines of the source, and those that draw partners for its rows."""
        from hookline_data.ejecting.drawn import eject_drawn

        refuse_inherited_lines(self, "drawing_lines", ("draw",))
        targets, _ = self._targets(objective)
        return eject_drawn(self, script, run, self._source(run), Objective.of(self.stand_in()), targets)

    def raw_inputs(self, description: "DataDescription", objective: Objective) -> RawInputs:
        """Return the inputs of single rows for a model that is applied to each group, otherwise those of all groups."""
        from hookline_data.drawing.new_rows import as_single
        from hookline_data.raw_inputs.of_drawn import DrawnInputs
        from hookline_data.raw_inputs.transformed import with_transforms

        read, stand_in = self.original(description), Objective.of(self.stand_in())
        groups = {group: self.source.raw_inputs(as_single(read, group), stand_in) for group in self.gives}
        is_each = is_applied_to_each(self.gives, objective.inputs)
        inputs = groups[self.gives[0]] if is_each else DrawnInputs(read, groups)
        return with_transforms(inputs, self, description, objective)

    def open_rows(
        self,
        source: Any,
        description: "DataDescription",
        objective: Objective,
        *,
        rows_per_block: int = 4096,
        with_targets: bool = False,
        keep: Sequence[str] = (),
    ) -> "Iterator[RowBlock]":
        """Yield new rows, prepared as the training rows were.

        `source` is either

        - what the wrapped source takes, such as the path of a CSV file: no rows are drawn, and each row is one group of
          inputs. A model that is applied to each group separately then returns the output of each row, such as its
          embedding. This has no target;
        - a mapping with the rows of each group of inputs, such as `{"input1": "left.csv", "input2": "right.csv"}`, in
          which a row of one group belongs to the same row of the others. With `with_targets` it also has "target", a
          list with an outcome such as "same" for each row.
        """
        from hookline_data.drawing.new_rows import given_together, single_rows

        read = self.original(description)
        if isinstance(source, Mapping) and set(self.gives) <= set(source):
            blocks = given_together(self, source, read, objective, rows_per_block, keep, with_targets=with_targets)
        elif with_targets:
            groups = enumerate_names([*self.gives, *(["target"] if self.outcomes else [])])
            raise DataError(f"Single rows have no target: pass a mapping with {groups}.")
        else:
            blocks = single_rows(self, source, read, objective, rows_per_block, keep)
        return self.transformed_blocks(blocks, description)

    def row_fields(self, description: "DataDescription", objective: Objective) -> "Sequence[RowField]":
        """Return the cells of single rows for a model that is applied to each group, otherwise those of all groups."""
        from hookline_data.json_fields.of_drawn import fields_of_drawn

        is_single = is_applied_to_each(self.gives, objective.inputs)
        return fields_of_drawn(self, self.original(description), Objective.of(self.stand_in()), is_single=is_single)

    def rows_of_json(
        self, rows: Sequence[Mapping[str, Any]], description: "DataDescription", objective: Objective
    ) -> Any:
        """Return single rows, or a mapping with the rows of each group."""
        from hookline_data.json_fields.of_drawn import rows_of_drawn

        is_single = is_applied_to_each(self.gives, objective.inputs)
        stand_in = Objective.of(self.stand_in())
        return rows_of_drawn(self, rows, self.original(description), stand_in, is_single=is_single)

    def draw(self, groups: Groups, split: str, source: Target) -> "Draw":
        """Return a function that draws row numbers by name: those of each group of inputs, and the outcome as "target".

        Raises:
            DataError: If there are not enough rows to draw from.

        """
        raise NotImplementedError

    def _source(self, run: Run) -> Data:
        """Prepare the source for a stand-in loss whose target defines which rows belong together."""
        with checks.within_source():
            return self.source.prepare(run, Objective.of(self.stand_in()))

    def stand_in(self) -> LossSpec:
        """Return a loss whose target defines which rows belong together."""
        kind: Any = spec(type(type(self).__name__, (LossSpec,), {"encoding": self.groups_by}))
        made: LossSpec = kind()
        return made

    def _given(self) -> str:
        """Return a sentence that lists the inputs and the target."""
        given = enumerate_names([*self.gives, "target"] if self.outcomes else self.gives)
        return f"{type(self).__name__} gives {given}."

    def _targets(self, loss: Objective) -> "tuple[dict[str, Tensor], dict[str, Target]]":
        """Encode each outcome for the loss, and return what is known of the target."""
        import numpy

        wanted_by = loss.name_for("target")
        try:
            encodings = loss.encodings(("target",) if self.outcomes else ())
        except ValueError as error:
            raise MismatchError(f"{error} {self._given()}", loss.path) from None
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
            raise MismatchError(
                f"{type(self.source).__name__} does not hold its rows in memory, but {name} draws from all of them.",
                ("data", "source"),
            )
        rows = batches.all
        if len(rows.inputs) > 1:
            raise MismatchError(
                f"{name} draws from rows with one group of inputs, but there are {enumerate_names(rows.inputs)}.",
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

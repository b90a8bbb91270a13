"""New rows for a run that was trained with drawn pairs or triplets."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.data import NEW_ROWS, Batch, DataDescription, RowBlock
from hookline.errors import DataError, UnfitTargetsError, enumerate_names
from hookline.spec import Objective
from hookline.training import is_applied_to_each
from hookline_data.new_rows.blocks import MOST_REPORTED

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline_data.drawing.drawn import Drawn


def single_rows(
    drawn: "Drawn",
    source: Any,
    description: DataDescription,
    objective: Objective,
    rows_per_block: int,
    keep: Sequence[str],
) -> Iterator[RowBlock]:
    """Yield each new row as one group of inputs, for a model that is applied to each group separately."""
    if not is_applied_to_each(drawn.gives, objective.inputs):
        message = (
            f"The model takes {enumerate_names(drawn.gives)} together: pass a mapping with the rows of each of them."
        )
        raise DataError(message)
    return _rows_of(drawn, drawn.gives[0], source, description, rows_per_block, keep)


def given_together(
    drawn: "Drawn",
    sources: Mapping[str, Any],
    description: DataDescription,
    objective: Objective,
    rows_per_block: int,
    keep: Sequence[str],
    *,
    with_targets: bool,
) -> Iterator[RowBlock]:
    """Yield new rows of which each group of inputs has its own source; columns to keep are those of the first one."""
    import numpy

    outcomes = None
    if with_targets and drawn.outcomes:
        if "target" not in sources:
            raise DataError(f'There is no "target": pass {enumerate_names(drawn.outcomes, "or")} for each row.')
        outcomes = numpy.array(sources["target"])
    streams = [
        _rows_of(drawn, group, sources[group], description, rows_per_block, () if index else keep)
        for index, group in enumerate(drawn.gives)
    ]
    return _joined(drawn, streams, outcomes, description, objective)


def _joined(
    drawn: "Drawn",
    streams: Sequence[Iterator[RowBlock]],
    outcomes: "NDArray[Any] | None",
    description: DataDescription,
    objective: Objective,
) -> Iterator[RowBlock]:
    import numpy

    rows = 0
    while True:
        blocks = [next(stream, None) for stream in streams]
        sizes = {group: block.rows if block else 0 for group, block in zip(drawn.gives, blocks, strict=True)}
        if len(set(sizes.values())) > 1 or (outcomes is not None and len(outcomes) < rows + max(sizes.values())):
            given = enumerate_names([*sizes, *([] if outcomes is None else ["target"])])
            raise DataError(f"{given} must have the same number of rows.")
        found = [block for block in blocks if block is not None]
        if not found:
            return
        rows += found[0].rows
        readable = [
            numpy.ones(block.rows, dtype=bool) if block.is_readable is None else block.is_readable for block in found
        ]
        together = numpy.logical_and.reduce(readable)
        problems = [error for block in found for error in block.problems]
        targets: dict[str, Tensor] = {}
        if outcomes is not None:
            own = outcomes[rows - found[0].rows : rows]
            targets, more = _targets(own, together, found[0].first, description, objective)
            problems += more
        batch = _batch(found, readable, together, targets) if together.any() else None
        yield RowBlock(
            first=found[0].first,
            rows=found[0].rows,
            batch=batch,
            is_readable=None if together.all() else together,
            problems=sorted(problems, key=lambda error: error.row or 0),
            kept=found[0].kept,
        )


def _targets(
    outcomes: "NDArray[Any]",
    together: "NDArray[Any]",
    first: int,
    description: DataDescription,
    objective: Objective,
) -> "tuple[dict[str, Tensor], list[DataError]]":
    """Encode the outcomes of the rows that are readable in all blocks, and return the errors of the first others.

    Rows whose outcome cannot be encoded are removed from `together`.
    """
    problems: list[DataError] = []
    while True:
        places = together.nonzero()[0]
        own = {"target": outcomes[places]}
        try:
            targets = {
                target: encoding.apply(own, description.targets[target], objective.name_for(target), NEW_ROWS)
                for target, encoding in objective.encodings(("target",)).items()
            }
        except UnfitTargetsError as error:
            for unfit in error.unfit.values():
                wrong = unfit.is_unfit.nonzero()[0]
                together[places[wrong]] = False
                problems += [
                    DataError(unfit.explain(place), row=first + int(places[place]), columns=["target"])
                    for place in wrong[:MOST_REPORTED]
                ]
            if together.any():
                continue
            targets = {}
        return targets, problems


def _batch(
    blocks: Sequence[RowBlock],
    readable: "Sequence[NDArray[Any]]",
    together: "NDArray[Any]",
    targets: "Mapping[str, Tensor]",
) -> Batch:
    """Return the rows that are readable in all blocks, as one batch with their targets."""
    import torch

    inputs: dict[str, Tensor] = {}
    lengths: dict[str, Tensor] = {}
    for block, own in zip(blocks, readable, strict=True):
        assert block.batch is not None  # Some rows are readable in all blocks.
        places = None if together.all() else torch.from_numpy(together[own].nonzero()[0])
        part = block.batch if places is None else block.batch.changed(partial(_taken, places))
        inputs |= dict(part.inputs)
        lengths |= dict(part.lengths)
    return Batch(inputs, targets, lengths)


def _taken(places: "Tensor", tensor: "Tensor") -> "Tensor":
    return tensor[places]


def _rows_of(
    drawn: "Drawn", group: str, source: Any, description: DataDescription, rows_per_block: int, keep: Sequence[str]
) -> Iterator[RowBlock]:
    """Let the wrapped source read rows as one group of inputs."""
    own, stand_in = as_single(description, group), Objective.of(drawn.stand_in())
    return drawn.source.open_rows(source, own, stand_in, rows_per_block=rows_per_block, keep=keep)


def as_single(description: DataDescription, group: str) -> DataDescription:
    """Return the description of the rows of one group of inputs, as the wrapped source has it."""
    return evolve(
        description,
        inputs={group: description.inputs[group]},
        preparation={group: description.preparation[group]} if group in description.preparation else {},
        targets={},
    )

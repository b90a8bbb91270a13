"""Make batches of the files of a table that does not fit in memory."""

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from hookline import HooklineWarning, Run
from hookline.data import Batch, Batches, Data, DataDescription, Target, TensorBatches, warn_of_merged
from hookline.errors import DataError, counted
from hookline.spec import Objective
from hookline_data.files import several
from hookline_data.layout.kinds import FittedKind
from hookline_data.layout.layout import Layout
from hookline_data.layout.targets import classes_of
from hookline_data.reading.columns import Chooser
from hookline_data.rows.make_batches import described_columns, layout_of, note_dropped
from hookline_data.rows.target_kinds import with_transforms
from hookline_data.streaming.first_pass.inputs import prepared_inputs, warn_of_merged_inputs
from hookline_data.streaming.first_pass.learning import Learning
from hookline_data.streaming.first_pass.reading import Reading
from hookline_data.streaming.first_pass.targets import known_targets
from hookline_data.streaming.parts.part import CHANGED
from hookline_data.streaming.pool import bytes_of
from hookline_data.streaming.preparing import Preparing
from hookline_data.streaming.second_pass import Counting, PreparedSplit, prepare_all
from hookline_data.streaming.source import Source
from hookline_data.streaming.splitters import PARTS, Alone, splitter_of
from hookline_data.streaming.streamed_batches import StreamedBatches

if TYPE_CHECKING:
    from hookline_data.streamed_table import StreamedTable

MOST_ROWS = 2**20
"""The largest number of rows of a pool by default."""
MOST_BYTES = 256 * 2**20
"""The largest number of bytes of a pool by default."""


def streamed(table: "StreamedTable", run: Run, loss: Objective) -> Data:
    """Read all rows twice, to learn what must be known about them and to check them, and return their batches.

    Raises:
        DataError: If the content of the files is invalid.

    """
    layout = _layout(table, loss, run)
    learning = Learning(layout)
    sources = _sources(table, layout, learning)
    main = next(iter(sources))
    paths = {split: source.path for source, splits in sources.items() for split in splits}
    for source in sources:
        note_dropped(run, source.path, source.dropped, source.dropped_rows, source.total + source.dropped_rows)
    if layout.weight_column is not None and (light := [split for split in paths if split not in learning.weighted]):
        raise DataError(f"All rows of the {light[0]} split have the weight 0.", file=paths[light[0]])
    kinds = learning.kinds()
    made = prepared_inputs(layout, learning, kinds)
    warn_of_merged_inputs(layout, made, main.rows["training"])
    known = _known_targets(table, layout, loss, learning, paths, kinds)
    rows = {split: source.rows[split] for source, splits in sources.items() for split in splits}
    warn_of_merged(learning.encoded_head(loss, known, kinds), known, run, str(table.path))
    description = DataDescription(inputs=made.described, preparation=made.preparation, targets=known, rows=rows)
    counting = Counting(known, layout.encodings)
    found = prepare_all(Preparing(table, layout, description, loss), sources, counting, run.dtype)
    for name, target in known.items():
        counts = counting.counts(name)
        known[name] = evolve(target, counts=counts, rows=None if counts is None else rows["training"])
    if any(found[split].rows != count for split, count in rows.items()):
        raise DataError(CHANGED, file=table.path)
    longest = found["training"].longest
    assert found["training"].example is not None, "The training split has rows."
    example = _lengthened(found["training"].example, longest)
    inputs = {
        name: evolve(one, shape=(longest[name], *one.shape[1:])) if one.padded else one
        for name, one in made.described.items()
    }
    preparing = Preparing(table, layout, evolve(description, inputs=inputs), loss)
    row_bytes = bytes_of(example) // example.rows
    batches = {
        split: _batches(table, run, source, split, found[split], preparing, longest, row_bytes)
        for source, splits in sources.items()
        for split in splits
    }
    missing = {name: sum(source.missing[name] for source in sources) for name in layout.kinds}
    return Data(
        training=batches["training"],
        validation=batches.get("validation"),
        test=batches.get("test"),
        example=example.changed(run.moved),
        targets=known,
        left_out={split: main.rows[split] for split in PARTS if split not in paths and main.rows[split]},
        preparation=made.preparation,
        dropped=_summed(source.dropped for source in sources),
        columns=tuple(described_columns(layout, missing, kinds, made.sizes)) if kinds else (),
        examples=main.examples,
        reading=_reading(batches["training"], main),
    )


def _layout(table: "StreamedTable", loss: Objective, run: Run) -> Layout:
    """Choose the role of each column. Columns that split the rows are text, so that all files are split alike."""
    layout = layout_of(table, loss, run.spec.run.dtype)
    splitting = {name: evolve(one, kind="text", takes_any_type=True) for name, one in layout.splitting.items()}
    return evolve(layout, splitting=splitting)


def _sources(table: "StreamedTable", layout: Layout, learning: Learning) -> dict[Source, list[str]]:
    """Read all files once, and return them with the splits that their rows belong to, the training rows first."""
    wanted = layout.wanted()
    reading = Reading(table.path, splitter_of(table), layout, learning)
    main = reading.read(map(table.parts_of, several.of(table.path)), wanted)
    found = {main: [split for split in PARTS[:-1] if main.rows[split]]}
    # Text is text in the other files, too, even if all cells look like numbers there.
    wanted |= {name: evolve(wanted[name], kind="text", may_be_lists=False) for name in reading.texts}
    wanted = {name: one for name, one in wanted.items() if name not in layout.only_to_split}
    for split, path in table.other_files.items():
        Chooser(table.column_names(path), path).require(wanted)
        other = Reading(path, Alone(split), layout, learning, reading.schema)
        found[other.read(map(table.parts_of, several.of(path)), wanted)] = [split]
    return found


def _known_targets(
    table: "StreamedTable",
    layout: Layout,
    loss: Objective,
    learning: Learning,
    paths: Mapping[str, Path],
    kinds: Mapping[str, FittedKind],
) -> dict[str, Target]:
    """Return what the training rows say about each target."""
    dialect = getattr(table, "dialect", None)
    known = known_targets(
        layout,
        loss,
        classes_of(table.classes, layout.targets),
        learning.witnesses(paths),
        paths,
        kinds,
        decimal_point=None if dialect is None else dialect.decimal_point,
    )
    return with_transforms(known, layout, kinds)


def _batches(
    table: "StreamedTable",
    run: Run,
    source: Source,
    split: str,
    found: PreparedSplit,
    preparing: Preparing,
    longest: Mapping[str, int],
    row_bytes: int,
) -> Batches:
    """Return the batches of a split: of rows in memory, if they are few and not for training."""
    if (held := found.held) is not None:
        rows = _lengthened(held, longest).changed(run.moved)
        return TensorBatches(rows.inputs, rows.targets, rows.lengths, batch_size=table.batch_size, weights=rows.weights)
    is_training = split == "training"
    pool = table.pool or max(1, min(MOST_ROWS, MOST_BYTES // max(1, row_bytes)))
    made = StreamedBatches(
        source=source,
        split=split,
        preparing=preparing,
        run=run,
        batch_size=table.batch_size,
        pool=-(-pool // table.batch_size) * table.batch_size,
        row_bytes=row_bytes,
        seed=run.seed if is_training and table.shuffle else None,
        drop_last=is_training and table.drop_last,
        digest=found.fingerprint,
        extremes=found.extremes,
    )
    if not len(made):
        message = f"`drop_last` leaves no batch: there are only {made.rows} rows."
        raise DataError(message, file=source.path, option=("drop_last",))
    return made


def _lengthened(batch: Batch, longest: Mapping[str, int]) -> Batch:
    """Return rows whose sequences are padded to the longest training row."""
    from torch.nn.functional import pad

    inputs = dict(batch.inputs)
    for name, steps in longest.items():
        if (missing := steps - inputs[name].shape[1]) > 0:
            inputs[name] = pad(inputs[name], (0, 0) * (inputs[name].dim() - 2) + (0, missing))
    return evolve(batch, inputs=inputs)


def _reading(training: Batches, source: Source) -> str:
    """Describe how the training rows are read, and warn if their order is not very random."""
    assert isinstance(training, StreamedBatches)
    parts = counted(len(training.parts), "part")
    if training.seed is None:
        return f"streamed in {parts}, in the order of the file"
    greatest = max(training.parts, key=lambda part: part.rows_of_split["training"])
    if (rows := greatest.rows_of_split["training"]) > training.pool:
        reader = greatest.reader
        message = (
            f"{reader.path}: {rows:,} rows can only be read one after the other, but a pool has {training.pool:,}, so "
            f"that rows are shuffled only with rows near them. {reader.remedy(greatest.place)}"
        )
        warnings.warn(HooklineWarning(message, ("data", "stream"), id="weak-shuffle"), stacklevel=4)
    rows, size = min(training.pool, training.rows), training.held_bytes / 2**20
    return f"streamed in {parts}, shuffled in pools of {counted(rows, 'row')} ({size:.1f} MiB)"


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sum of counts by name."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)

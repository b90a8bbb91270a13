"""The sections of a report about predictions: confused classes, residuals, and the rows that were predicted worst."""

import base64
import math
from collections.abc import Iterator, Sequence

from hookline.errors.text import counted
from hookline.report.charts import residuals
from hookline.report.comparison_sections import distance_section, sequence_section
from hookline.report.evidence import (
    AnyPredictions,
    ClassPredictions,
    DistancePredictions,
    Evidence,
    NumberPredictions,
    SequencePredictions,
)
from hookline.report.html import Html, h, join, table
from hookline.report.judgement import short

MOST_IN_MATRIX = 20
"""The maximum number of classes of a confusion matrix; with more, the most confused pairs are listed."""

MOST_PAIRS, MOST_CLASSES = 25, 15
"""The maximum numbers of confused pairs, and of classes that are recognized worst."""


def predictions(evidence: Evidence, prefix: str) -> Html:
    """The sections about the predictions of a run. `prefix` distinguishes its charts from those of other runs."""
    if not evidence.predictions:
        return h("p", f"There are no predictions to show. {evidence.no_predictions}".strip(), class_="faint")
    return join(
        join(_section(one, f"{prefix} {index}", len(evidence.predictions)))
        for index, one in enumerate(evidence.predictions)
    )


def _section(one: AnyPredictions, name: str, targets: int) -> Iterator[Html]:
    what = f", {one.target}" if targets > 1 else ""
    part = "" if one.is_whole else "first "
    noun = "distances" if isinstance(one, DistancePredictions) else "predictions"
    yield h("h3", f"{one.split.capitalize()} {noun}{what}")
    if isinstance(one, DistancePredictions):
        yield from distance_section(one, f"distances {name}")
        return
    if isinstance(one, SequencePredictions):
        yield from sequence_section(one)
    elif isinstance(one, ClassPredictions):
        share = f"{one.right / one.rows:.4f}" if one.rows else "none"
        yield h("p", f"{part}{counted(one.rows, 'row')}, of which {one.right:,} ({share}) are predicted correctly.")
        yield from _confusion(one)
    else:
        yield h("p", f"{part}{counted(one.rows, 'row')}.")
        yield _errors(one)
        for index in range(len(one.columns)):
            yield residuals(one, index, f"residuals {name} {index}")
    yield _examples(one)


def _confusion(one: ClassPredictions) -> Iterator[Html]:
    if len(one.names) <= MOST_IN_MATRIX:
        yield _matrix(one)
    else:
        yield from _pairs(one)


def _matrix(one: ClassPredictions) -> Html:
    """The confusion matrix. The larger the share of a cell in the rows of its class, the darker."""
    from hookline.trained.numbers.confusion import confusion

    cells = confusion(one.truth, one.predicted, len(one.names)).matrix()
    rows = []
    for index, (name, line) in enumerate(zip(one.names, cells.tolist(), strict=True)):
        whole = max(1, sum(line))
        shown = (
            h(
                "td",
                f"{number:,}" if number else "",
                style=f"--share: {0.7 * number / whole:.3f}",
                class_="right" if place == index else None,
                title=f"true {name}, predicted {one.names[place]}: {number:,} of {sum(line):,}",
            )
            for place, number in enumerate(line)
        )
        recall = f"{line[index] / sum(line):.3f}" if sum(line) else ""
        rows.append(h("tr", h("th", name, scope="row"), *shown, h("th", recall, scope="row")))
    head = h("tr", h("th", "true \\ predicted"), *(h("th", name, scope="col") for name in one.names), h("th", "recall"))
    return h("div", h("table", h("thead", head), h("tbody", *rows), class_="matrix"), class_="scroll", tabindex="0")


def _pairs(one: ClassPredictions) -> Iterator[Html]:
    """The most confused pairs, and the classes that are recognized worst."""
    import numpy

    from hookline.trained.numbers.confusion import confusion

    counted_pairs = confusion(one.truth, one.predicted, len(one.names))
    pairs = counted_pairs.most_confused(MOST_PAIRS)
    every = int((counted_pairs.truth != counted_pairs.predicted).sum())
    by_class = counted_pairs.by_class()
    true, recall = by_class.rows, by_class.recall
    if not pairs:
        yield h("p", "No class is confused with another.")
        return
    yield h("p", f"The {len(pairs)} most confused of {every:,} pairs of {len(one.names):,} classes:")
    yield table(
        ("true", "predicted", "rows", "of the class"),
        (
            (one.names[truth], one.names[predicted], f"{count:,}", f"{count / true[truth]:.1%}")
            for truth, predicted, count in pairs
        ),
        numbers=(2, 3),
    )
    # The recall of a class without rows is NaN, which is sorted to the end.
    worst = [index for index in numpy.lexsort((-true, recall))[:MOST_CLASSES].tolist() if recall[index] < 1]
    yield h("p", "The classes with the lowest recall:")
    yield table(
        ("class", "rows", "recall", "predicted"),
        (
            (one.names[index], f"{true[index]:,}", f"{recall[index]:.3f}", f"{by_class.predicted[index]:,}")
            for index in worst
        ),
        numbers=(1, 2, 3),
    )


def _errors(one: NumberPredictions) -> Html:
    """The residuals of each number, true minus predicted, and the error of the mean of the true values."""
    from hookline.trained.numbers.residuals import residual_summary

    rows = []
    for index, column in enumerate(one.columns):
        found = residual_summary(one.truth[:, index], one.predicted[:, index])
        sizes = (found.mean, found.mean_absolute, found.root_mean_square, found.deviation)
        rows.append((column, *(f"{size:.4g}" for size in sizes), "" if math.isnan(found.r2) else f"{found.r2:.4f}"))
    heading = ("residuals", "mean", "MAE", "RMSE", "RMSE of the mean", "R²")
    return table(heading, rows, numbers=range(1, 6))


def _examples(one: ClassPredictions | NumberPredictions | SequencePredictions) -> Html:
    if not one.worst:
        return Html("")
    columns = list(dict.fromkeys(name for example in one.worst for name in example.inputs))
    has_images = any(example.image for example in one.worst)
    error = "errors" if isinstance(one, SequencePredictions) else "absolute error"
    if isinstance(one, ClassPredictions):
        error = f"{one.scored_by} of the true class"
    kept = list(one.worst[0].kept)
    heading = ["row", *kept, *(["input"] if has_images else []), "true", "predicted"]
    heading += [error, *columns]
    rows: list[Sequence[object]] = []
    for example in one.worst:
        image = [_image(example.image, example.row)] if has_images else []
        values = (example.inputs.get(column, "") for column in columns)
        said = (example.truth, example.predicted, short(example.error))
        rows.append([f"{example.row}", *example.kept.values(), *image, *said, *values])
    first = heading.index("true")
    right = [0, *range(first if isinstance(one, NumberPredictions) else first + 2, len(heading))]
    title = h("p", "The rows that are predicted worst, by their number in the split:")
    return join((title, table(heading, rows, numbers=right)))


def _image(image: bytes | None, row: int) -> Html:
    if image is None:
        return Html("")
    source = f"data:image/png;base64,{base64.b64encode(image).decode()}"
    return h("img", src=source, alt=f"the input of row {row}", class_="example")

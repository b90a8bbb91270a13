"""The outputs of a deployed model: labels with their names, and probabilities."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.spec import THRESHOLD, Graph, Predicted, Value, column_name
from hookline.training import Signature

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

NO_INTEGER = -(2**63)
"""The label of a row that the model cannot take, if labels are integers."""
READABLE = "readable"
"""The output that says which rows the model can take."""


@frozen(kw_only=True)
class Output:
    """An output of a deployed model."""

    name: str
    """Its name."""
    value: Value
    """The value of the graph that it is."""
    dtype: str
    """The type of its elements: "string", "int64", "float32", "float64" or "bool"."""
    shape: tuple[int | str, ...]
    """The shape for one row; a name stands for any size."""
    meaning: str
    """What it is, in a sentence."""
    columns: tuple[str, ...]
    """The columns of `hookline predict` with the same values."""
    join: str | None = None
    """What is between the classes of a sequence in such a column, if it is a sequence."""


@frozen
class Traced:
    """An output of the traced model in a graph."""

    value: Value
    """The value."""
    shape: tuple[int | str, ...]
    """The shape for one row."""


def outputs_in_graph(
    graph: Graph, signature: Signature, traced: Sequence[Traced], readable: Value | None
) -> list[Output]:
    """Add the outputs to a graph.

    Args:
        graph: the graph.
        signature: the arguments and outputs of the traced model.
        traced: the outputs of the traced model.
        readable: which rows the model can take, bool `(N,)`; `None` for all.

    """
    given, found = iter(traced), list[Output]()
    for key, sample in signature.samples.items():
        target = key if len(signature.samples) > 1 else ""
        if sample.kind == "embeddings":
            found += _embeddings(sample, target, given)
        else:
            made = {"classes": _classes, "labels": _labels, "numbers": _numbers, "sequences": _sequences}
            found += made.get(sample.kind, _triplets)(graph, sample, target, next(given))
    found = [_without_refused(graph, output, readable) for output in found]
    if readable is not None:
        meaning = "Whether the model can take the row. Labels of other rows are empty, and numbers are NaN."
        found.append(Output(name=READABLE, value=readable, dtype="bool", shape=(), meaning=meaning, columns=()))
    return found


def _classes(graph: Graph, sample: Predicted, target: str, traced: Traced) -> list[Output]:
    index = graph.op("ArgMax", traced.value, axis=1, keepdims=0)
    inner = traced.shape[1:]
    is_score = sample.loss.predicts == "scores"
    what, name = ("score", "scores") if is_score else ("probability", "probabilities")
    return [
        _named(graph, sample, index, inner, "The class.", (column_name("prediction", target),), target),
        Output(
            name=column_name(name, target),
            value=traced.value,
            dtype=_dtype(sample),
            shape=traced.shape,
            meaning=f"The {what} of each class: {_listed(sample.names)}.",
            columns=tuple(column_name(what, target, one) for one in sample.names),
        ),
    ]


def _labels(graph: Graph, sample: Predicted, target: str, traced: Traced) -> list[Output]:
    import numpy

    value, shape = traced.value, traced.shape
    # NumPy's scalar must have the type of the predictions.
    threshold = numpy.asarray(THRESHOLD, dtype=_dtype(sample))
    is_yes = graph.cast(graph.op("GreaterOrEqual", value, threshold), "int64")
    labels = sample.columns
    if len(shape) == 1 and shape[0] == 1 and not labels:
        rest = graph.op("Sub", numpy.ones((), dtype=_dtype(sample)), value)
        both = graph.op("Concat", rest, value, axis=1)
        return [
            _named(
                *(graph, sample, graph.op("Squeeze", is_yes, numpy.array([1])), (), "The class."),
                (column_name("prediction", target),),
                target,
            ),
            Output(
                name=column_name("probabilities", target),
                value=both,
                dtype=_dtype(sample),
                shape=(2,),
                meaning=f"The probability of each class: {_listed(sample.names)}.",
                columns=tuple(column_name("probability", target, one) for one in sample.names),
            ),
        ]
    meaning = f"Each label: {_listed(labels)}." if labels else "The label of each element."
    return [
        _named(
            graph,
            sample,
            is_yes,
            shape,
            meaning,
            tuple(column_name("prediction", target, one) for one in labels or ("",)),
            target,
        ),
        Output(
            name=column_name("probabilities", target),
            value=value,
            dtype=_dtype(sample),
            shape=shape,
            meaning=f"The probability of each label{f': {_listed(labels)}' if labels else ''}.",
            columns=tuple(column_name("probability", target, one) for one in labels or ("",)),
        ),
    ]


def _numbers(graph: Graph, sample: Predicted, target: str, traced: Traced) -> list[Output]:
    import numpy

    value, shape = traced.value, traced.shape
    columns = sample.columns or ("",)
    meaning = f"The predicted numbers: {_listed(columns)}." if sample.columns else "The predicted number."
    if shape == (1,):
        value, shape = graph.op("Squeeze", value, numpy.array([1])), ()
    return [
        Output(
            name=column_name("label", target),
            value=value,
            dtype=_dtype(sample),
            shape=shape,
            meaning=meaning,
            columns=tuple(column_name("prediction", target, one) for one in columns),
        )
    ]


def _sequences(graph: Graph, sample: Predicted, target: str, traced: Traced) -> list[Output]:
    import numpy

    names = numpy.array([*sample.names, ""], dtype=object)  # Padding is -1, the last one.
    return [
        Output(
            name=column_name("label", target),
            value=graph.op("Gather", names, traced.value),
            dtype="string",
            shape=traced.shape,
            meaning="The class of each step, without blanks; the rest is empty.",
            columns=(column_name("prediction", target),),
            join="" if all(len(name) <= 1 for name in sample.names) else " ",
        )
    ]


def _triplets(graph: Graph, sample: Predicted, target: str, traced: Traced) -> list[Output]:
    import numpy

    meaning = "The probability that the positive is nearer than the negative."
    return [
        Output(
            name=column_name("probability", target),
            value=graph.op("Squeeze", traced.value, numpy.array([1])),
            dtype=_dtype(sample),
            shape=(),
            meaning=meaning,
            columns=(column_name("probability", target),),
        )
    ]


def _embeddings(sample: Predicted, target: str, given: Any) -> list[Output]:
    """Return the outputs of the model: those of an embedding predict nothing."""
    outputs: Mapping[str, Any] = sample.outputs if isinstance(sample.outputs, Mapping) else {"": sample.outputs}
    found = []
    for name, output in outputs.items():
        traced = next(given)
        count = output.shape[1] if output.dim() == 2 else 1
        labels = [str(place) for place in range(count)] if count > 1 else [""]
        found.append(
            Output(
                name=column_name("output", target, name),
                value=traced.value,
                dtype=str(output.dtype).removeprefix("torch."),
                shape=traced.shape,
                meaning="The output of the model.",
                columns=tuple(
                    column_name("output", target, ".".join(part for part in (name, label) if part)) for label in labels
                ),
            )
        )
    return found


def _named(
    graph: Graph,
    sample: Predicted,
    index: Value,
    shape: tuple[int | str, ...],
    meaning: str,
    columns: tuple[str, ...],
    target: str,
) -> Output:
    """Return labels by name, given their indices: integers if all classes are, otherwise texts."""
    import numpy

    are_integers = all(isinstance(name, int) for name in sample.classes)
    names = numpy.array(sample.classes if are_integers else sample.names, dtype=numpy.int64 if are_integers else object)
    return Output(
        name=column_name("label", target),
        value=graph.op("Gather", names, index),
        dtype="int64" if are_integers else "string",
        shape=shape,
        meaning=meaning,
        columns=columns,
    )


def _without_refused(graph: Graph, output: Output, readable: Value | None) -> Output:
    """Return an output that is empty, or NaN, in rows that the model cannot take."""
    import numpy
    from attrs import evolve

    if readable is None:
        return output
    dimensions = len(output.shape)
    wide = graph.op("Unsqueeze", readable, numpy.arange(1, 1 + dimensions)) if dimensions else readable
    empty: NDArray[Any]
    if output.dtype == "string":
        empty = numpy.array("", dtype=object)
    elif output.dtype == "int64":
        empty = numpy.asarray(NO_INTEGER, dtype=numpy.int64)
    else:
        empty = numpy.asarray(numpy.nan, dtype=output.dtype)
    return evolve(output, value=graph.op("Where", wide, output.value, empty))


def columns_of_outputs(outputs: Sequence[Output], arrays: "Sequence[NDArray[Any]]") -> "dict[str, pyarrow.Array]":
    """Return the outputs of a model as the columns of `hookline predict`; null for rows that it cannot take."""
    import numpy
    import pyarrow

    given = {output.name: array for output, array in zip(outputs, arrays, strict=True)}
    readable = given.get(READABLE)
    found: dict[str, pyarrow.Array] = {}
    for output in outputs:
        array = given[output.name]
        for index, name in enumerate(output.columns):
            part = array[:, index] if len(output.columns) > 1 else array
            if len(output.columns) == 1 and output.shape == (1,):
                part = part[:, 0]
            cells = part.tolist()
            if output.join is not None:
                cells = [output.join.join(cell for cell in row if cell) for row in cells]
            kind = (
                pyarrow.array(numpy.zeros(0, dtype=part.dtype)).type
                if part.dtype.kind == "f" and part.ndim == 1
                else None
            )
            if readable is not None:
                cells = [cell if is_known else None for cell, is_known in zip(cells, readable.tolist(), strict=True)]
            found[name] = pyarrow.array(cells, kind)
    return found


def _dtype(sample: Predicted) -> str:
    return str(sample.predictions.dtype).removeprefix("torch.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (", …" if len(names) > 20 else "")

"""The outputs of a deployed model, in its graph and as columns."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.spec import Graph, GraphInputs, Value
from hookline.training import Signature
from hookline_deploy.onnx_model.output import Output, Traced
from hookline_deploy.onnx_model.predicted_outputs import (
    classes_outputs,
    embeddings_outputs,
    labels_outputs,
    numbers_outputs,
    sequences_outputs,
    triplets_outputs,
)

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

NO_INTEGER = -(2**63)
"""The label of a row that the model cannot take, if labels are integers."""
READABLE, REFUSED = "readable", "refused"
"""The outputs that say which rows the model can take, and which input makes a row one of the others."""

RENAMED = "predicted {}"
"""The name of an output if an input has its own name: a column may be called "label"."""


def outputs_in_graph(
    graph: Graph, signature: Signature, traced: Sequence[Traced], prepared: GraphInputs
) -> list[Output]:
    """Add the outputs to a graph.

    Args:
        graph: the graph.
        signature: the arguments and outputs of the traced model.
        traced: the outputs of the traced model.
        prepared: the inputs, with the rows that the model can take.

    """
    readable = prepared.is_readable
    given, found = iter(traced), list[Output]()
    for key, sample in signature.samples.items():
        target = key if len(signature.samples) > 1 else ""
        if sample.kind == "embeddings":
            found += embeddings_outputs(sample, target, given)
        else:
            made = {
                "classes": classes_outputs,
                "labels": labels_outputs,
                "numbers": numbers_outputs,
                "sequences": sequences_outputs,
            }
            found += made.get(sample.kind, triplets_outputs)(graph, sample, target, next(given))
    found = [_without_refused(graph, output, readable) for output in found]
    if readable is not None:
        meaning = "Whether the model can take the row. Labels of other rows are empty, and numbers are NaN."
        found.append(Output(name=READABLE, value=readable, dtype="bool", shape=(), meaning=meaning, columns=()))
    if prepared.refused is not None:
        meaning, value = (
            "The first input that the model cannot take in this row; empty if there is none.",
            prepared.refused,
        )
        found.append(Output(name=REFUSED, value=value, dtype="string", shape=(), meaning=meaning, columns=()))
    return found


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


def output_named(name: str, arrays: "Mapping[str, NDArray[Any]]") -> "NDArray[Any] | None":
    """Return an output that has no columns; `None` if the model has none of this name."""
    return arrays.get(name, arrays.get(RENAMED.format(name)))


def columns_of_outputs(outputs: Sequence[Output], arrays: "Sequence[NDArray[Any]]") -> "dict[str, pyarrow.Array]":
    """Return the outputs of a model as the columns of `hookline predict`; null for rows that it cannot take."""
    import numpy
    import pyarrow

    given = {output.name: array for output, array in zip(outputs, arrays, strict=True)}
    readable = output_named(READABLE, given)
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

"""The outputs for each kind of prediction: labels with their names, and probabilities."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hookline.spec import THRESHOLD, Graph, Predicted, Value, column_name
from hookline_deploy.onnx_model.output import Output, Traced


def classes_outputs(graph: Graph, sample: Predicted, target: str, traced: Traced) -> list[Output]:
    """Return the class and the probability of each."""
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


def labels_outputs(graph: Graph, sample: Predicted, target: str, traced: Traced) -> list[Output]:
    """Return the labels, or the class of two, and their probabilities."""
    import numpy

    value, shape, labels = traced.value, traced.shape, sample.columns
    # NumPy's scalar must have the type of the predictions.
    threshold = numpy.asarray(THRESHOLD, dtype=_dtype(sample))
    is_yes = graph.cast(graph.op("GreaterOrEqual", value, threshold), "int64")
    if len(shape) == 1 and shape[0] == 1 and not labels:
        return _outputs_of_two_classes(graph, sample, target, value, is_yes)
    meaning = f"Each label: {_listed(labels)}." if labels else "The label of each element."
    columns = tuple(column_name("prediction", target, one) for one in labels or ("",))
    return [
        _named(graph, sample, is_yes, shape, meaning, columns, target),
        Output(
            name=column_name("probabilities", target),
            value=value,
            dtype=_dtype(sample),
            shape=shape,
            meaning=f"The probability of each label{f': {_listed(labels)}' if labels else ''}.",
            columns=tuple(column_name("probability", target, one) for one in labels or ("",)),
        ),
    ]


def _outputs_of_two_classes(graph: Graph, sample: Predicted, target: str, value: Value, is_yes: Value) -> list[Output]:
    """Return the class, given the probability of the second one, `(N, 1)`, and the probability of both."""
    import numpy

    index = graph.op("Squeeze", is_yes, numpy.array([1]))
    rest = graph.op("Sub", numpy.ones((), dtype=_dtype(sample)), value)
    return [
        _named(graph, sample, index, (), "The class.", (column_name("prediction", target),), target),
        Output(
            name=column_name("probabilities", target),
            value=graph.op("Concat", rest, value, axis=1),
            dtype=_dtype(sample),
            shape=(2,),
            meaning=f"The probability of each class: {_listed(sample.names)}.",
            columns=tuple(column_name("probability", target, one) for one in sample.names),
        ),
    ]


def numbers_outputs(graph: Graph, sample: Predicted, target: str, traced: Traced) -> list[Output]:
    """Return the predicted numbers."""
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


def sequences_outputs(graph: Graph, sample: Predicted, target: str, traced: Traced) -> list[Output]:
    """Return the predicted sequences."""
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


def triplets_outputs(graph: Graph, sample: Predicted, target: str, traced: Traced) -> list[Output]:
    """Return the probability of a triplet."""
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


def embeddings_outputs(sample: Predicted, target: str, given: Iterator[Traced]) -> list[Output]:
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


def _dtype(sample: Predicted) -> str:
    return str(sample.predictions.dtype).removeprefix("torch.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (", …" if len(names) > 20 else "")

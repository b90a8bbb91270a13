"""Build an ONNX model of three parts: the preparation of the inputs, the traced model, and the outputs with names."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.errors import DeploymentError
from hookline.spec import Body, Graph, RawInput, Value
from hookline.training import Deployment
from hookline_deploy.onnx_model.conversion import converted
from hookline_deploy.onnx_model.description import KEY, described
from hookline_deploy.onnx_model.output import Output, Traced
from hookline_deploy.onnx_model.outputs import RENAMED, outputs_in_graph

if TYPE_CHECKING:
    import onnx

ROWS = "N"
"""The name of the number of rows."""
MODEL = "/model/"
"""The beginning of the names of values of the traced model."""
VERSIONS = {"ai.onnx.ml": 3, "com.microsoft": 1}
"""The versions of the operators beside those of ONNX itself."""
LARGEST = 2**31
"""The largest size of an ONNX file, which must be below it."""


@frozen(kw_only=True, eq=False)
class Built:
    """An ONNX model."""

    proto: "onnx.ModelProto"
    """The model."""
    inputs: Sequence[RawInput]
    """Its inputs."""
    outputs: Sequence[Output]
    """Its outputs."""


def built(deployment: Deployment, opset_version: int | None) -> Built:
    """Build the ONNX model of an opened deployment.

    Raises:
        DeploymentError: If the model cannot be traced, or has an operator that ONNX lacks.

    """
    import onnx

    model = converted(deployment, opset_version)
    inputs = list(deployment.raw_inputs.inputs)
    graph = Graph()
    prepared = deployment.raw_inputs.to_onnx(graph, {one.name: one.name for one in inputs})
    first = len(graph.nodes)
    arguments = [prepared.tensors[name] for name in deployment.raw_signature.arguments]
    nodes, constants, results = _inlined(model, arguments)
    outputs = _renamed(outputs_in_graph(graph, deployment.raw_signature, results, prepared), inputs)
    made = onnx.helper.make_graph(
        [
            *map(node_of, graph.nodes[:first]),
            *nodes,
            *map(node_of, graph.nodes[first:]),
            *(onnx.helper.make_node("Identity", [output.value], [output.name]) for output in outputs),
        ],
        deployment.spec.run.name,
        [_value_info(one.name, one.dtype, one.shape) for one in inputs],
        [_value_info(one.name, one.dtype, one.shape) for one in outputs],
        [*constants_of(graph), *constants],
        value_info=types_of(graph),
    )
    versions = {one.domain: one.version for one in model.opset_import}
    versions |= {
        domain: version for domain, version in VERSIONS.items() if any(domain == one.domain for one in graph.nodes)
    }
    proto = onnx.helper.make_model(
        made,
        opset_imports=[onnx.helper.make_opsetid(domain, version) for domain, version in versions.items()],
        functions=model.functions,
        ir_version=model.ir_version,
        producer_name="hookline",
    )
    onnx.helper.set_model_props(proto, {KEY: json.dumps(described(inputs, outputs), ensure_ascii=False)})
    if proto.ByteSize() >= LARGEST:
        raise DeploymentError("The model has 2 GiB or more, which a single ONNX file cannot hold.")
    return Built(proto=proto, inputs=inputs, outputs=outputs)


def _inlined(
    model: "onnx.ModelProto", arguments: Sequence[Value]
) -> "tuple[list[onnx.NodeProto], list[onnx.TensorProto], list[Traced]]":
    """Return the nodes and constants of a model that takes values of another graph, and its outputs."""
    import onnx

    # The prefix keeps its values apart from columns and from those of the other parts.
    graph = onnx.compose.add_prefix_graph(model.graph, MODEL)
    taken = dict(zip([one.name for one in graph.input], arguments, strict=True))
    nodes = [onnx.helper.make_node("Identity", [given], [name]) for name, given in taken.items()]
    nodes += graph.node
    constants = [constant for constant in graph.initializer if constant.name not in taken]
    if any(constant.data_location == onnx.TensorProto.EXTERNAL for constant in constants):
        raise DeploymentError("torch.onnx has put the weights into another file.")
    return nodes, constants, [Traced(output.name, _shape(output)) for output in graph.output]


def _shape(value: "onnx.ValueInfoProto") -> tuple[int | str, ...]:
    """Return the shape of a value for one row."""
    dimensions = list(value.type.tensor_type.shape.dim)[1:]
    return tuple(
        one.dim_value if one.HasField("dim_value") else f"size_{index}" for index, one in enumerate(dimensions, 1)
    )


def _renamed(outputs: Sequence[Output], inputs: Sequence[RawInput]) -> list[Output]:
    """Return the outputs with other names than the inputs."""
    taken = {one.name for one in inputs}
    return [evolve(one, name=RENAMED.format(one.name)) if one.name in taken else one for one in outputs]


def node_of(node: Any) -> "onnx.NodeProto":
    """Return a node in ONNX."""
    import onnx

    given = dict(node.attributes)
    if node.operator == "Cast":
        given["to"] = type_of(given["to"])
    if "body" in given:
        given["body"] = _body(given["body"])
    return onnx.helper.make_node(node.operator, node.inputs, node.outputs, domain=node.domain or None, **given)


def _body(body: Body) -> "onnx.GraphProto":
    import onnx

    inputs, outputs = (
        [onnx.helper.make_tensor_value_info(name, type_of(dtype), [None]) for name, dtype in values.items()]
        for values in (body.inputs, body.outputs)
    )
    return onnx.helper.make_graph(
        [node_of(node) for node in body.graph.nodes], "body", inputs, outputs, constants_of(body.graph)
    )


def constants_of(graph: Graph) -> "list[onnx.TensorProto]":
    """Return the constants of a graph."""
    import onnx

    return [onnx.numpy_helper.from_array(_plain(array), name) for name, array in graph.constants.items()]


def types_of(graph: Graph) -> "list[onnx.ValueInfoProto]":
    """Return the types of values that tools for ONNX cannot infer."""
    import onnx

    return [
        onnx.helper.make_tensor_value_info(name, type_of(dtype), [None] * dimensions)
        for name, (dtype, dimensions) in graph.types.items()
    ]


def _value_info(name: str, dtype: str, shape: tuple[int | str, ...]) -> "onnx.ValueInfoProto":
    import onnx

    return onnx.helper.make_tensor_value_info(name, type_of(dtype), [ROWS, *shape])


def type_of(dtype: str) -> int:
    """Return the number of a type in ONNX."""
    import onnx

    known: Mapping[str, int] = {
        "string": onnx.TensorProto.STRING,
        "bool": onnx.TensorProto.BOOL,
        "float64": onnx.TensorProto.DOUBLE,
        "float32": onnx.TensorProto.FLOAT,
        "int32": onnx.TensorProto.INT32,
        "int64": onnx.TensorProto.INT64,
        "uint8": onnx.TensorProto.UINT8,
    }
    return known[dtype]


def _plain(array: Any) -> Any:
    """Return an array as ONNX stores it: contiguous, and strings as objects."""
    import numpy

    return (
        numpy.ascontiguousarray(array).reshape(array.shape).astype(object if array.dtype.kind == "U" else array.dtype)
    )

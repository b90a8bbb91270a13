"""Run a graph of ONNX operators alone, with onnxruntime."""

import numpy
import onnx
import onnxruntime

from hookline_deploy.onnx_model.build import VERSIONS, constants_of, node_of, type_of, types_of


def run_graph(graph, inputs, value):
    """The value of a graph; `inputs` are arrays by name, and strings have the type object."""
    return opened_graph(graph, inputs, value)(inputs)


def opened_graph(graph, inputs, value):
    """A function of inputs that returns the value; `inputs` are some with the same types, of any number of rows."""
    kinds = {"O": "string", "U": "string"}
    made = onnx.helper.make_graph(
        [*map(node_of, graph.nodes), onnx.helper.make_node("Identity", [value], ["made"])],
        "graph",
        [
            onnx.helper.make_tensor_value_info(
                name, type_of(kinds.get(array.dtype.kind, str(array.dtype))), ["N", *array.shape[1:]]
            )
            for name, array in inputs.items()
        ],
        [onnx.ValueInfoProto(name="made")],
        constants_of(graph),
        value_info=types_of(graph),
    )
    versions = [onnx.helper.make_opsetid(domain, version) for domain, version in {"": 20, **VERSIONS}.items()]
    model = onnx.helper.make_model(made, opset_imports=versions, ir_version=10)
    model = onnx.shape_inference.infer_shapes(model)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda given: session.run(None, {name: numpy.asarray(array) for name, array in given.items()})[0]

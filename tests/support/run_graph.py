"""Run a graph of ONNX operators alone, with onnxruntime."""

import numpy
import onnx
import onnxruntime

from hookline_deploy.onnx_model.build import _node, _plain, _type


def run_graph(graph, inputs, value):
    """The value of a graph; `inputs` are arrays by name, and strings have the type object."""
    kinds = {"O": "string", "U": "string"}
    made = onnx.helper.make_graph(
        [*map(_node, graph.nodes), onnx.helper.make_node("Identity", [value], ["made"])],
        "graph",
        [
            onnx.helper.make_tensor_value_info(name, _type(kinds.get(array.dtype.kind, str(array.dtype))), array.shape)
            for name, array in inputs.items()
        ],
        [onnx.ValueInfoProto(name="made")],
        [onnx.numpy_helper.from_array(_plain(array), name) for name, array in graph.constants.items()],
    )
    versions = [onnx.helper.make_opsetid("", 20), onnx.helper.make_opsetid("ai.onnx.ml", 3)]
    model = onnx.helper.make_model(made, opset_imports=versions, ir_version=10)
    model = onnx.shape_inference.infer_shapes(model)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    [made] = session.run(None, {name: numpy.asarray(array) for name, array in inputs.items()})
    return made

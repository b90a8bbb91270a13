"""The description of the inputs and outputs of an ONNX model, which is in `model.json` and in the model itself."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.spec import RawInput
from hookline_deploy.onnx_model.output import Output

if TYPE_CHECKING:
    import onnxruntime

KEY = "hookline"
"""The key of the description in the metadata of a model."""


def described(inputs: Sequence[RawInput], outputs: Sequence[Output]) -> dict[str, Any]:
    """Describe inputs and outputs as JSON-compatible values."""
    return {
        "arguments": [
            {"name": one.name, "dtype": one.dtype, "shape": ["N", *one.shape], "meaning": one.meaning} for one in inputs
        ],
        "outputs": [
            {
                "name": one.name,
                "dtype": one.dtype,
                "shape": ["N", *one.shape],
                "meaning": one.meaning,
                "columns": list(one.columns),
                **({} if one.join is None else {"join": one.join}),
            }
            for one in outputs
        ],
    }


def outputs_of(session: "onnxruntime.InferenceSession") -> list[Output]:
    """Return the outputs of a model, as its metadata describes them."""
    known: Mapping[str, Any] = json.loads(session.get_modelmeta().custom_metadata_map[KEY])
    return [
        Output(
            name=one["name"],
            value=one["name"],
            dtype=one["dtype"],
            shape=tuple(one["shape"][1:]),
            meaning=one["meaning"],
            columns=tuple(one["columns"]),
            join=one.get("join"),
        )
        for one in known["outputs"]
    ]

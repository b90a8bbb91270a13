"""Random options of components, within the bounds of the JSON Schema."""

import json
from pathlib import Path

DEFINITIONS = json.loads((Path(__file__).parents[3] / "specs" / "schema.json").read_text())["definitions"]

LEFT_OUT = frozenset(
    {
        *("type", "every", "first", "last", "name", "groups", "target", "output", "factor", "interval", "monitor"),
        *("in_features", "out_features", "num_features", "num_channels", "num_groups", "in_channels", "out_channels"),
        *("kernel_size", "stride", "padding", "dilation", "output_padding", "dim", "embed_dim", "d_model", "num_heads"),
        *("nhead", "num_layers", "dim_feedforward", "hidden_size", "input_size", "proj_size", "returns", "norm"),
        *("num_embeddings", "embedding_dim", "normalized_shape", "bidirectional", "padding_idx", "divisor_override"),
        *("num_parameters", "num_classes", "num_labels", "ignore_index", "task", "weight", "pos_weight", "capturable"),
        *("max_eval", "every_minutes", "directory", "file", "numbers", "picture", "total_steps", "milestones"),
        *("swa_lr", "total_iters", "T_max", "threshold", "ns_coefficients", "step_sizes", "output_size", "top_k"),
        *("normalization", "adjusted", "sparse", "linformer_kv_compression_ratio", "power", "smoothing"),
        *("linformer_kv_compression_sharing", "zero_init_last_layer", "average", "first", "use", "until"),
        *("eps", "copy_every", "max_norm", "clip_value", "norm_type", "anneal_epochs", "max_fpr", "mode"),
    }
)
"""Options that decide about shapes, or that depend on something else in the spec."""


def component(draw, family, name, chance=0.25, **given):
    """A component with the given options, and with others that are drawn."""
    table = {"type": name, **given}
    for option, schema in DEFINITIONS[f"{family}.{name}"]["properties"].items():
        if option not in LEFT_OUT and option not in given and draw.random() < chance:
            value = _value(draw, schema)
            if value is not None:
                table[option] = value
    return table


def _value(draw, schema):
    """A value as a schema describes it; `None` if this is not simple."""
    if "enum" in schema:
        return draw.choice(schema["enum"])
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "boolean":
        return draw.random() < 0.5
    if kind == "integer":
        low = schema.get("minimum", 0)
        return draw.randint(low, min(low + 3, schema.get("maximum", low + 3)))
    if kind == "number":
        return _number(draw, schema, schema.get("default"))
    if kind == "array" and isinstance(schema.get("items"), list):
        defaults = schema.get("default") or [None] * len(schema["items"])
        return [_number(draw, one, default) for one, default in zip(schema["items"], defaults, strict=True)]
    return None


def _number(draw, schema, default):
    """A number that is neither far from the default nor out of bounds."""
    low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    top = schema.get("exclusiveMaximum")
    number = draw.uniform(0.05, 0.95) if not default else default * draw.choice((0.3, 0.5, 0.9, 1.1, 2.0))
    if default == 0 and "minimum" in schema and draw.random() < 0.2:
        return 0.0
    if high is not None:
        number = min(number, high)
    if top is not None and number >= top:
        number = top * draw.uniform(0.5, 0.99)
    return float(f"{max(number, low) if low is not None else number:.3g}")

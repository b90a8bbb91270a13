"""Random layers, one after another, whose shapes fit."""

from drawn.options import component

ACTIVATIONS = (
    *("CELU", "ELU", "GELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid", "Mish"),
    *("PReLU", "RReLU", "ReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax", "Softmin", "Softplus"),
    *("Softshrink", "Softsign", "Tanh", "Tanhshrink", "LogSoftmax", "Identity"),
)
PADDINGS = ("CircularPad", "ConstantPad", "ReflectionPad", "ReplicationPad", "ZeroPad")


def layer(draw, name, **options):
    """A layer with these options, and others that are drawn."""
    return component(draw, "layer", name, **options)


def activation(draw):
    """An activation function, sometimes in place."""
    return layer(draw, draw.choice(ACTIVATIONS))


def flat(draw, features, depth):
    """Layers for rows of numbers, and how many numbers they return."""
    made = []
    for _ in range(depth):
        kind = draw.randrange(14)
        if kind < 4:
            features = draw.choice((1, 2, 3, 4, 6, 8))
            made.append(layer(draw, "Linear", out_features=features))
        elif kind < 6:
            made.append(activation(draw))
        elif kind == 6:
            made.append(layer(draw, "BatchNorm1d"))
        elif kind == 7:
            made.append(layer(draw, draw.choice(("Dropout", "AlphaDropout")), p=draw.choice((0.1, 0.5))))
        elif kind == 8:
            made.append(layer(draw, draw.choice(("LayerNorm", "RMSNorm")) if features > 1 else "Identity"))
        elif kind == 9:
            inner, _ = flat(draw, features, 2)
            made.append({"type": "Residual", "layers": [*inner, {"type": "Linear", "out_features": features}]})
        elif kind == 10:
            inner = [{"type": "Linear", "out_features": features}, activation(draw)]
            made.append({"type": "Repeat", "layers": inner, "times": draw.choice((2, 3))})
        elif kind == 11:
            branches = [flat(draw, features, draw.choice((1, 2))) for _ in range(2)]
            tables = [{"type": "Sequential", "layers": inner or [{"type": "Identity"}]} for inner, _ in branches]
            made.append({"type": "Parallel", "branches": tables})
            features = sum(its for _, its in branches)
        elif kind == 12 and features % 2 == 0:
            made.append({"type": "GLU"})
            features //= 2
        elif kind == 13:
            made.append({"type": "Unflatten", "dim": 1, "unflattened_size": [1, features]})
            inner, shape = spatial(draw, (1, features), 1)
            made += [*inner, {"type": "Flatten"}]
            features = _product(shape)
    return made, features


def spatial(draw, shape, depth):
    """Layers for series, images or volumes of this shape (channels, sizes), and the shape that they return."""
    made, dimensions = [], len(shape) - 1
    for _ in range(depth):
        channels, *sizes = shape
        small = min(sizes)
        kind = draw.randrange(13)
        if kind < 3:
            kernel, out = draw.choice([one for one in (1, 2, 3) if one <= small]), draw.choice((2, 3, 4))
            padding = draw.choice((0, 0, 1)) if kernel > 1 else 0
            made.append(layer(draw, f"Conv{dimensions}d", out_channels=out, kernel_size=kernel, padding=padding))
            shape = (out, *(size + 2 * padding - kernel + 1 for size in sizes))
        elif kind == 3:
            made.append(layer(draw, f"ConvTranspose{dimensions}d", out_channels=2, kernel_size=2, padding_mode="zeros"))
            shape = (2, *(size + 1 for size in sizes))
        elif kind in (4, 5) and small >= 2:
            name = draw.choice(("MaxPool", "AvgPool", "MaxPool", "AvgPool", "LPPool"))
            options = {"norm_type": draw.choice((1.0, 2.0))} if name == "LPPool" else {}
            made.append(layer(draw, f"{name}{dimensions}d", kernel_size=2, ceil_mode=False, **options))
            shape = (channels, *(size // 2 for size in sizes))
        elif kind == 6:
            size = draw.choice((1, 2, 3))
            made.append({"type": f"Adaptive{draw.choice(('Avg', 'Max'))}Pool{dimensions}d", "output_size": size})
            shape = (channels, *[size] * dimensions)
        elif kind == 7:
            made.append(layer(draw, f"BatchNorm{dimensions}d"))
        elif kind == 8:
            if _product(sizes) > 1:
                made.append(layer(draw, f"InstanceNorm{dimensions}d"))
        elif kind == 9:
            made.append(layer(draw, "GroupNorm", num_groups=1 if channels % 2 else 2))
        elif kind == 10:
            made.append(layer(draw, draw.choice((f"Dropout{dimensions}d", "Dropout", "FeatureAlphaDropout")), p=0.3))
        elif kind == 11:
            made.append(activation(draw))
        elif small >= 2 and max(sizes) < 10:
            name = draw.choice(PADDINGS)
            options = {"value": 0.5} if name == "ConstantPad" else {}
            made.append({"type": f"{name}{dimensions}d", "padding": 1, **options})
            shape = (channels, *(size + 2 for size in sizes))
    return made, shape


def sequential(draw, width, depth):
    """Layers for sequences of vectors of this width, and the width that they return."""
    made = []
    for _ in range(depth):
        kind = draw.randrange(9)
        if kind < 2:
            width = draw.choice((2, 4, 6))
            made.append(layer(draw, "Linear", out_features=width))
        elif kind == 2:
            made.append(layer(draw, "LayerNorm") if width > 1 else {"type": "Identity"})
        elif kind == 3:
            made.append(activation(draw))
        elif kind == 4:
            made.append({"type": "LearnedPositionalEmbedding"})
        elif kind in (5, 6) and width % 2 == 0:
            if draw.random() < 0.5:
                made.append(layer(draw, "MultiheadAttention", num_heads=2))
            else:
                made.append(layer(draw, "TransformerEncoderLayer", nhead=2, dim_feedforward=6))
        elif kind == 7:
            made.append(layer(draw, "Dropout", p=0.2))
        elif draw.random() < 0.3:
            width = 3
            made.append({"type": draw.choice(("RNN", "GRU", "LSTM")), "hidden_size": width})
    return made, width


def _product(sizes):
    product = 1
    for size in sizes:
        product *= size
    return product

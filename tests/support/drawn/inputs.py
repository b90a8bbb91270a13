"""Random inputs, and the first layers of a model for them."""

from drawn.layers import flat, layer, sequential, spatial
from drawn.options import component


def normal(numbers, *shape):
    """Normally distributed numbers."""
    return numbers.standard_normal(shape).astype("float32")


def rows_of_numbers(draw, rows, numbers):
    """A few numbers for each row."""
    features = draw.choice((1, 3, 4, 5))
    layers, _ = flat(draw, features, draw.randint(1, 6))
    return {"x": normal(numbers, rows, features)}, layers, {}


def of_channels(draw, rows, numbers):
    """Series, images or volumes."""
    dimensions = draw.choice((1, 2, 2, 2, 3))
    shape = (draw.choice((1, 2, 3)), *[draw.choice((4, 5, 6)) if dimensions < 3 else 3] * dimensions)
    layers, _ = spatial(draw, shape, draw.randint(1, 5))
    options = {}
    if dimensions == 2 and draw.random() < 0.3:
        names = ("RandomHorizontalFlip", "RandomVerticalFlip", "RandomErasing", "Normalize")
        transforms = [{"type": name} for name in draw.sample(names, draw.choice((1, 2)))]
        if draw.random() < 0.5:
            transforms.append({"type": "RandomCrop", "size": shape[1], "padding": 1})
        options["transforms"] = transforms
    layers = [*layers, {"type": "Flatten"}]
    more, _ = flat(draw, 4, 0)
    return {"x": normal(numbers, rows, *shape)}, [*layers, *more], options


def tokens(draw, rows, numbers):
    """Sequences of indices of the same length."""
    length, width = draw.choice((1, 3, 5)), draw.choice((2, 4))
    columns = {"x": numbers.integers(0, 6, (rows, length))}
    options = {"padding_idx": 0} if draw.random() < 0.3 else {}
    if draw.random() < 0.2:
        bag = layer(draw, "EmbeddingBag", num_embeddings=6, embedding_dim=width, **options)
        return columns, [bag], {"dtype": {"x": "int64"}}
    options |= {"sparse": True} if draw.random() < 0.1 else {}
    layers, _ = sequential(draw, width, draw.randint(0, 4))
    last = component(draw, "layer", "SequencePool") if draw.random() < 0.5 else {"type": "Flatten"}
    embedding = layer(draw, "Embedding", num_embeddings=6, embedding_dim=width, **options)
    return columns, [embedding, *layers, last], {"dtype": {"x": "int64"}}


def vectors(draw, rows, numbers):
    """Sequences of vectors of the same length."""
    length, width = draw.choice((1, 3, 4)), draw.choice((1, 2, 4))
    layers, _ = sequential(draw, width, draw.randint(1, 5))
    return {"x": normal(numbers, rows, length, width)}, [*layers, {"type": "Flatten"}], {}


def two_groups(draw, rows, numbers):
    """Two inputs, each with its own layers."""
    columns, branches, types = {}, {}, {}
    for name in ("left", "right"):
        its, layers, options = draw.choice((rows_of_numbers, tokens))(draw, rows, numbers)
        columns[name] = its["x"]
        types[name] = "int64" if "dtype" in options else "float32"
        branches[name] = layers or [{"type": "Identity"}]
    return columns, [{"type": "Branches", "branches": branches}], {"dtype": types}


def tabular(draw, rows, numbers):
    """A few numbers for each row, and a whole model for tables."""
    features = draw.choice((2, 3))
    name = draw.choice(("MLP", "ResNet", "TabM", "RealMLP", "FTTransformer"))
    options = {
        "MLP": {"d_block": 5, "n_blocks": 2},
        "ResNet": {"d_block": 4, "n_blocks": 1},
        "TabM": {"d_block": 4, "n_blocks": 2, "k": 3},
        "RealMLP": {"hidden_sizes": [5, 4]},
        "FTTransformer": {"d_block": 8, "n_blocks": 1, "attention_n_heads": 2, "ffn_d_hidden_multiplier": 1.5},
    }[name]
    model = component(draw, "layer", name, chance=0.1, **options)
    return {"x": normal(numbers, rows, features)}, model, {}


KINDS = (
    *[rows_of_numbers] * 4,
    *[of_channels] * 5,
    *[tokens] * 3,
    *[vectors] * 2,
    *[two_groups] * 2,
    tabular,
)


def drawn_inputs(draw, rows, numbers):
    """Return the columns, the first layers (or a whole model), and options of the data source."""
    columns, layers, options = draw.choice(KINDS)(draw, rows, numbers)
    return columns, layers, {"inputs": list(columns), **options}

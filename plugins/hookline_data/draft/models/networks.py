"""Layers for images, sequences and sets of indices, as a drafted spec contains them."""

from collections.abc import Iterator, Mapping
from typing import Any

Layer = Mapping[str, Any]

SMALLEST = 8
"""Images are pooled until one of their sides is smaller."""

WIDEST = 256
"""The largest number of channels."""

FEW_ROWS = 2_000
"""With fewer rows, convolutions have fewer channels."""

MOST_FLATTENED = 4096
"""The largest number of pixels of all channels that a Linear layer takes; others are averaged."""

HIDDEN = 64
"""The size of the state of recurrent layers, and of vectors of indices."""

DILATIONS = (1, 2, 4, 1)
"""The dilations of the convolutions for a class or a number per pixel, so that each sees 17 × 17 pixels."""


def layer(name: str, **options: Any) -> Layer:
    """Return a layer as a table."""
    return {"type": name, **options}


def _convolution(channels: int, dilation: int = 1) -> Iterator[Layer]:
    """A convolution that keeps the size, without a bias, which BatchNorm2d has."""
    dilated = {} if dilation == 1 else {"dilation": dilation}
    yield layer("Conv2d", out_channels=channels, kernel_size=3, padding="same", bias=False, **dilated)
    yield layer("BatchNorm2d")
    yield layer("ReLU")


def image_features(shape: tuple[int, ...], rows: int) -> list[Layer]:
    """Return layers from an image `(channels, height, width)` to a vector."""
    layers: list[Layer] = []
    channels = 16 if rows < FEW_ROWS else 32
    height, width = shape[1:]
    while True:
        layers += [*_convolution(channels), *_convolution(channels), layer("MaxPool2d", kernel_size=2)]
        height, width = height // 2, width // 2
        if min(height, width) < SMALLEST:
            break
        channels = min(channels * 2, WIDEST)
    if channels * height * width > MOST_FLATTENED:
        layers.append(layer("AdaptiveAvgPool2d", output_size=1))
    return [*layers, layer("Flatten")]


def dense_image(channels: int) -> list[Layer]:
    """Return layers from an image to a number or a score for each pixel and each of several channels."""
    layers = [one for dilation in DILATIONS for one in _convolution(32, dilation)]
    return [*layers, layer("Conv2d", out_channels=channels, kernel_size=1)]


def sequence_features() -> list[Layer]:
    """Return layers from a sequence `(steps, features)` to a vector."""
    return [layer("GRU", hidden_size=HIDDEN, bidirectional=True, returns="last")]


def steps(outputs: int) -> list[Layer]:
    """Return layers from a sequence to outputs for each step, `(steps, outputs)`."""
    return [
        layer("GRU", hidden_size=HIDDEN, num_layers=2, bidirectional=True),
        layer("Linear", out_features=outputs),
    ]


def embedding(indices: int) -> list[Layer]:
    """Return layers from indices to a vector for each."""
    return [layer("Embedding", num_embeddings=indices, embedding_dim=HIDDEN)]


def bag(indices: int, *, is_padded: bool) -> list[Layer]:
    """Return layers from indices, whose order does not matter, to a vector; 0 may be padding."""
    padding = {"padding_idx": 0} if is_padded else {}
    return [layer("EmbeddingBag", num_embeddings=indices, embedding_dim=HIDDEN, **padding), layer("ReLU")]


def perceptron(rows: int) -> list[Layer]:
    """Return hidden layers for a vector."""
    widths = [32] if rows < 1_000 else [64, 32] if rows < 20_000 else [256, 128]
    return [one for width in widths for one in (layer("Linear", out_features=width), layer("ReLU"))]


def linear(outputs: int) -> Layer:
    """Return the last layer."""
    return layer("Linear", out_features=outputs)

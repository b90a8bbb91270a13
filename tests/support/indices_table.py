"""A file with indices, and a training with an embedding for them."""

import numpy

import hookline


def source(path, **options):
    """The data source of the file."""
    return {
        "type": "NPZ",
        "path": str(path / "rows.npz"),
        "inputs": "n",
        "targets": "y",
        "dtype": "int64",
        **options,
    }


def write(path, indices):
    """Write indices, and a target for each row."""
    numpy.savez(path / "rows.npz", n=indices, y=numpy.arange(len(indices), dtype=numpy.float32))


def spec(path, indices, **embedding):
    """A training with an embedding of nine vectors."""
    write(path, indices)
    return hookline.load(
        {
            "run": {"epochs": 1, "device": "cpu"},
            "data": source(path, validation=0.25, batch_size=4),
            "model": {
                "type": "Sequential",
                "layers": [
                    {"type": "Embedding", "num_embeddings": 9, "embedding_dim": 2, **embedding},
                    {"type": "Flatten"},
                    {"type": "Linear", "out_features": 1},
                ],
            },
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD"},
        }
    )

import numpy
import pytest

import hookline


def spec(path, indices, **embedding):
    numpy.savez(path / "rows.npz", n=indices, y=numpy.arange(len(indices), dtype=numpy.float32))
    return hookline.load(
        {
            "run": {"epochs": 1, "device": "cpu"},
            "data": {
                "type": "NPZ",
                "path": str(path / "rows.npz"),
                "inputs": "n",
                "targets": "y",
                "dtype": "int64",
                "validation": 0.25,
                "batch_size": 4,
            },
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


@pytest.mark.parametrize("wrong", [9, -1])
@pytest.mark.parametrize("row", range(8))
def test_an_index_that_an_embedding_does_not_have_is_told_before_anything_is_written(row, wrong, tmp_path):
    indices = numpy.arange(1, 9).reshape(8, 1)
    indices[row] = wrong
    with pytest.raises(hookline.MisfitError, match=rf"has the indices 0 to 8, and .*{wrong}"):
        hookline.train(spec(tmp_path, indices), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("shape", [(8, 1), (8,), (8, 1, 1)])
def test_all_indices_that_it_has_are_good(shape, tmp_path):
    assert hookline.train(spec(tmp_path, numpy.arange(1, 9).reshape(shape)), out=tmp_path / "run").steps == 2


def test_a_model_that_is_an_embedding_is_told_as_the_model(tmp_path):
    made = hookline.load(
        {
            **TABLE,
            "data": {
                "type": "NPZ",
                "path": str(tmp_path / "rows.npz"),
                "inputs": "n",
                "targets": "y",
                "dtype": "int64",
                "validation": 0.25,
            },
            "model": {"type": "EmbeddingBag", "num_embeddings": 3, "embedding_dim": 1},
        }
    )
    indices = numpy.stack([numpy.arange(8) % 3, numpy.arange(8) % 2], axis=1)
    indices[6] = 0, 3
    numpy.savez(tmp_path / "rows.npz", n=indices, y=numpy.arange(8, dtype=numpy.float32))
    with pytest.raises(hookline.MisfitError, match=r"model: .*has the indices 0 to 2, and is given 3"):
        hookline.train(made, out=tmp_path / "run")


def test_a_table_of_places_is_given_no_indices(tmp_path):
    made = hookline.load(
        {
            **TABLE,
            "data": {
                "type": "NPZ",
                "path": str(tmp_path / "rows.npz"),
                "inputs": "n",
                "targets": "y",
                "dtype": "int64",
                "validation": 0.25,
            },
            "model": {
                "type": "Sequential",
                "layers": [
                    {"type": "Embedding", "num_embeddings": 9, "embedding_dim": 2},
                    {"type": "LearnedPositionalEmbedding"},
                    {"type": "Flatten"},
                    {"type": "Linear", "out_features": 1},
                ],
            },
            "run": {"epochs": 1, "device": "cpu"},
        }
    )
    numpy.savez(tmp_path / "rows.npz", n=numpy.arange(16).reshape(8, 2) % 9, y=numpy.arange(8, dtype=numpy.float32))
    assert hookline.train(made, out=tmp_path / "run").steps == 1


TABLE = {
    "data": {"type": "Random", "features": 1, "targets": [0, 1]},
    "model": {"type": "Linear", "out_features": 1},
    "loss": {"type": "MSELoss"},
    "optimizer": {"type": "SGD"},
}

import numpy
import pytest
from indices_table import source, spec, write
from torch import nn

import hookline
from hookline import hookimpl
from hookline.spec import LayerSpec, spec as declared


@pytest.mark.parametrize("wrong", [9, -1])
@pytest.mark.parametrize("row", range(8))
def test_an_index_out_of_range_is_reported_before_anything_is_written(row, wrong, tmp_path):
    indices = numpy.arange(1, 9).reshape(8, 1)
    indices[row] = wrong
    with pytest.raises(hookline.errors.MismatchError, match=rf"has the indices 0 to 8, but .*{wrong}"):
        hookline.train(spec(tmp_path, indices), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("shape", [(8, 1), (8,), (8, 1, 1)])
def test_all_indices_in_range_are_accepted(shape, tmp_path):
    assert hookline.train(spec(tmp_path, numpy.arange(1, 9).reshape(shape)), out=tmp_path / "run").steps == 2


def test_a_model_that_is_an_embedding_is_reported_as_the_model(tmp_path):
    made = hookline.load(
        {
            **TABLE,
            "data": source(tmp_path, validation=0.25),
            "model": {"type": "EmbeddingBag", "num_embeddings": 3, "embedding_dim": 1},
        }
    )
    indices = numpy.stack([numpy.arange(8) % 3, numpy.arange(8) % 2], axis=1)
    indices[6] = 0, 3
    write(tmp_path, indices)
    with pytest.raises(hookline.errors.MismatchError, match=r"model: .*has the indices 0 to 2, but receives 3"):
        hookline.train(made, out=tmp_path / "run")


def test_a_positional_embedding_receives_no_indices(tmp_path):
    made = hookline.load(
        {
            **TABLE,
            "data": source(tmp_path, validation=0.25),
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
    write(tmp_path, numpy.arange(16).reshape(8, 2) % 9)
    assert hookline.train(made, out=tmp_path / "run").steps == 1


@declared
class Named(LayerSpec):
    """An embedding that receives its indices by keyword and looks up some rows at a time."""

    def build(self, inputs):
        class Lookup(nn.Module):
            def __init__(self):
                super().__init__()
                self.table = nn.Embedding(9, 1)
                self.given = []

            def forward(self, indices):
                self.given.append(len(indices))
                return self.table(input=indices).flatten(1).sum(dim=1, keepdim=True)

        made.append(Lookup())
        return made[-1]


made = []


class Layers:
    @hookimpl
    def register_specs(self):
        return [Named]


def test_indices_passed_by_keyword_are_checked_in_batches_of_the_training_size(tmp_path):
    table = {
        **TABLE,
        "data": source(tmp_path, batch_size=2),
        "model": {"type": "Named"},
        "run": {"epochs": 1, "device": "cpu", "evaluate_training": False},
    }
    indices = numpy.diag(numpy.full(8, 9)) * numpy.array([0, 0, 0, 0, 1, 1, 1, 1])
    for numbers, is_wrong in ((indices, True), (indices.clip(0, 8), False)):
        write(tmp_path, numbers)
        spec = hookline.load(table, plugins=[Layers()])
        if is_wrong:
            with pytest.raises(hookline.errors.MismatchError, match="has the indices 0 to 8, but receives 9"):
                hookline.train(spec, plugins=[Layers()], out=tmp_path / "run")
            assert max(made[-1].given) == 2
        else:
            hookline.train(spec, plugins=[Layers()], out=tmp_path / "run")
            assert made[-1].given == [1, 2, 2, 2, 2, 2]  # Building, the preflight and training.


TABLE = {
    "data": {"type": "Random", "features": 1, "targets": [0, 1]},
    "model": {"type": "Linear", "out_features": 1},
    "loss": {"type": "MSELoss"},
    "optimizer": {"type": "SGD"},
}

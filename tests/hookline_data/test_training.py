"""Training on groups of inputs equals plain PyTorch, bit for bit."""

import json

import by_hand
import numpy
import pyarrow
import torch
from pyarrow import parquet
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

import hookline

RUN = {"epochs": 3, "seed": 1}
SGD = {"type": "SGD", "lr": 0.1}


def write(path, columns):
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")


def batches(rows, epoch, batch_size):
    return torch.from_numpy(numpy.random.default_rng((1, epoch)).permutation(rows)).split(batch_size)


def train(tmp_path, spec):
    """Train and deploy the spec, and return the loss of each epoch and the parameters."""
    spec = hookline.load({"run": RUN, "optimizer": SGD, "deploy": [{"type": "Safetensors"}], **spec})
    trial = hookline.train(spec, out=tmp_path / "run")
    return [record["training/loss"] for record in trial.history], trial.model.state_dict()


def described(tmp_path):
    return json.loads((tmp_path / "run" / "safetensors" / "model.json").read_text())


def trained_by_hand(model, rows, loss_of):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=True)
    history = []
    for epoch in (1, 2, 3):
        losses = []
        for batch in batches(rows, epoch, 8):
            optimizer.zero_grad()
            loss = loss_of(batch)
            loss.backward()
            optimizer.step()
            losses.append((loss.item(), len(batch)))
        history.append(sum(loss * size for loss, size in losses) / rows)
    return history, model.state_dict()


def assert_equal(trained, trained_again):
    (history, parameters), (expected_history, expected) = trained, trained_again
    assert history == expected_history
    assert parameters.keys() == expected.keys()
    assert all(torch.equal(parameters[name], expected[name]) for name in expected)


def test_triplets_from_a_csv_file(tmp_path):
    numbers = numpy.random.default_rng(0).normal(3, 5, size=(32, 9)).astype(numpy.float32)
    names = [f"{group}_{place}" for group in "apn" for place in range(3)]
    write(tmp_path / "triplets.csv", dict(zip(names, numbers.T, strict=True)))
    trained = train(
        tmp_path,
        {
            "data": {
                "type": "CSV",
                "path": str(tmp_path / "triplets.csv"),
                "inputs": {"anchor": "a_*", "positive": "p_*", "negative": "n_*"},
                "standardize": True,
                "batch_size": 8,
            },
            "model": {"type": "Linear", "out_features": 2},
            "loss": {"type": "TripletMarginLoss"},
        },
    )

    mean, std = by_hand.statistics(numpy.concatenate([numbers[:, :3], numbers[:, 3:6], numbers[:, 6:]]))
    prepared = by_hand.standardized(numbers.reshape(32, 3, 3), mean, std)
    anchor, positive, negative = torch.from_numpy(prepared).unbind(1)
    torch.manual_seed(1)
    model, criterion = nn.Linear(3, 2), nn.TripletMarginLoss()
    expected = trained_by_hand(
        model, 32, lambda batch: criterion(model(anchor[batch]), model(positive[batch]), model(negative[batch]))
    )
    assert_equal(trained, expected)

    assert described(tmp_path)["preparation"] == {
        group: {
            "columns": [f"{group[0]}_{place}" for place in range(3)],
            "mean": mean.tolist(),
            "std": std.tolist(),
        }
        for group in ("anchor", "positive", "negative")
    }
    rows = {"shape": [3], "dtype": "float32", "padded": False}
    assert described(tmp_path)["inputs"] == {"anchor": rows, "positive": rows, "negative": rows}
    assert described(tmp_path)["targets"] == {}


def test_integers_from_a_csv_file_for_an_embedding(tmp_path):
    generator = numpy.random.default_rng(0)
    tokens, targets = generator.integers(0, 5, size=(32, 4)), generator.normal(size=32).astype(numpy.float32)
    write(tmp_path / "tokens.csv", {**{f"token_{place}": tokens[:, place] for place in range(4)}, "y": targets})
    trained = train(
        tmp_path,
        {
            "data": {
                "type": "CSV",
                "path": str(tmp_path / "tokens.csv"),
                "targets": "y",
                "dtype": "int64",
                "batch_size": 8,
            },
            "model": {
                "type": "Sequential",
                "layers": [
                    {"type": "Embedding", "num_embeddings": 5, "embedding_dim": 3},
                    {"type": "Flatten"},
                    {"type": "Linear", "out_features": 1},
                ],
            },
            "loss": {"type": "MSELoss"},
        },
    )

    x, y = torch.from_numpy(tokens), torch.from_numpy(targets).unsqueeze(1)
    torch.manual_seed(1)
    model, criterion = nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(12, 1)), nn.MSELoss()
    assert_equal(trained, trained_by_hand(model, 32, lambda batch: criterion(model(x[batch]), y[batch])))


def test_two_groups_from_a_csv_file_for_a_model_of_both(tmp_path):
    numbers = numpy.random.default_rng(0).normal(size=(32, 6)).astype(numpy.float32)
    write(tmp_path / "pairs.csv", dict(zip(["u_1", "u_2", "u_3", "v_1", "v_2", "y"], numbers.T, strict=True)))
    trained = train(
        tmp_path,
        {
            "data": {
                "type": "CSV",
                "path": str(tmp_path / "pairs.csv"),
                "inputs": {"u": "u_*", "v": "v_*"},
                "targets": "y",
                "batch_size": 8,
            },
            "model": {"type": "Bilinear", "out_features": 1},
            "loss": {"type": "MSELoss"},
        },
    )

    u, v, y = torch.from_numpy(numbers).split([3, 2, 1], dim=1)
    torch.manual_seed(1)
    model, criterion = nn.Bilinear(3, 2, 1), nn.MSELoss()
    assert_equal(trained, trained_by_hand(model, 32, lambda batch: criterion(model(u[batch], v[batch]), y[batch])))


def test_two_groups_for_layers_that_are_applied_to_each(tmp_path):
    numbers = numpy.random.default_rng(0).normal(3, 5, size=(32, 6)).astype(numpy.float32)
    signs = numpy.random.default_rng(1).choice([-1, 1], size=32)
    names = ["u_1", "u_2", "u_3", "v_1", "v_2", "v_3"]
    write(tmp_path / "pairs.csv", {**dict(zip(names, numbers.T, strict=True)), "y": signs})
    trained = train(
        tmp_path,
        {
            "data": {
                "type": "CSV",
                "path": str(tmp_path / "pairs.csv"),
                "inputs": {"u": "u_*", "v": "v_*"},
                "targets": "y",
                "standardize": "together",
                "batch_size": 8,
            },
            "model": {
                "type": "Siamese",
                "layers": [{"type": "Linear", "out_features": 2}],
                "join": {"type": "PairwiseDistance", "keepdim": True},
            },
            "loss": {"type": "HingeEmbeddingLoss"},
        },
    )

    mean, std = by_hand.statistics(numpy.concatenate([numbers[:, :3], numbers[:, 3:]]))
    u, v = torch.from_numpy(by_hand.standardized(numbers.reshape(32, 2, 3), mean, std)).unbind(1)
    y = torch.from_numpy(signs).float().unsqueeze(1)
    torch.manual_seed(1)
    layer, distance, criterion = nn.Linear(3, 2), nn.PairwiseDistance(keepdim=True), nn.HingeEmbeddingLoss()
    history, expected = trained_by_hand(
        layer, 32, lambda batch: criterion(distance(layer(u[batch]), layer(v[batch])), y[batch])
    )
    assert_equal(trained, (history, {f"layers.0.{name}": tensor for name, tensor in expected.items()}))


def test_sequences_from_a_parquet_file_for_a_recurrent_network(tmp_path):
    generator = numpy.random.default_rng(0)
    lengths = generator.integers(1, 7, size=32)
    words = [generator.integers(0, 9, size=length).tolist() for length in lengths]
    targets = generator.normal(size=32).astype(numpy.float32)
    parquet.write_table(pyarrow.table({"word": words, "y": targets}), tmp_path / "words.parquet")
    trained = train(
        tmp_path,
        {
            "data": {
                "type": "Parquet",
                "path": str(tmp_path / "words.parquet"),
                "targets": "y",
                "dtype": "int64",
                "batch_size": 8,
            },
            "model": {
                "type": "Sequential",
                "layers": [
                    {"type": "Embedding", "num_embeddings": 9, "embedding_dim": 4},
                    {"type": "GRU", "hidden_size": 5, "returns": "last"},
                    {"type": "Linear", "out_features": 1},
                ],
            },
            "loss": {"type": "MSELoss"},
        },
    )

    x, y = torch.zeros(32, 6, dtype=torch.int64), torch.from_numpy(targets).unsqueeze(1)
    for row, word in enumerate(words):
        x[row, : len(word)] = torch.tensor(word)
    steps = torch.from_numpy(lengths)

    class Reader(nn.Sequential):
        def forward(self, words, lengths):
            packed = pack_padded_sequence(self[0](words), lengths, batch_first=True, enforce_sorted=False)
            return self[2](self[1](packed)[1][-1])

    torch.manual_seed(1)
    model, criterion = Reader(nn.Embedding(9, 4), nn.GRU(4, 5, batch_first=True), nn.Linear(5, 1)), nn.MSELoss()
    expected = trained_by_hand(model, 32, lambda batch: criterion(model(x[batch], steps[batch]), y[batch]))
    assert_equal(trained, expected)
    assert described(tmp_path)["inputs"] == {"input": {"shape": [6], "dtype": "int64", "padded": True}}
    assert described(tmp_path)["preparation"] == {"input": {"columns": ["word"]}}

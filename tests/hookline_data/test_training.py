"""What is trained on groups of inputs equals plain PyTorch, bit for bit."""

import numpy
import torch
from torch import nn

import hookline

RUN = {"epochs": 3, "seed": 1}
SGD = {"type": "SGD", "lr": 0.1}


def write(path, columns):
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")


def batches(rows, epoch, batch_size):
    return torch.from_numpy(numpy.random.default_rng((1, epoch)).permutation(rows)).split(batch_size)


def train(tmp_path, spec, plugins=()):
    """Trains the spec; the loss of each epoch, and the parameters."""
    spec = hookline.load({"run": RUN, "optimizer": SGD, **spec}, plugins=plugins)
    trial = hookline.train(spec, plugins=plugins, out=tmp_path / "run")
    return [record["training/loss"] for record in trial.history], trial.model.state_dict()


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


def assert_equal(trained, by_hand):
    (history, parameters), (expected_history, expected) = trained, by_hand
    assert history == expected_history
    assert parameters.keys() == expected.keys()
    assert all(torch.equal(parameters[name], expected[name]) for name in expected)


def test_triplets_from_a_csv_file(tmp_path, losses):
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
            "loss": {"type": "ThreeOutputsLoss"},
        },
        [losses],
    )

    pooled = numbers.reshape(-1, 3).astype(numpy.float64)
    numbers = numbers.reshape(32, 3, 3) - pooled.mean(axis=0).astype(numpy.float32)
    anchor, positive, negative = torch.from_numpy(numbers / pooled.std(axis=0).astype(numpy.float32)).unbind(1)
    torch.manual_seed(1)
    model, criterion = nn.Linear(3, 2), nn.TripletMarginLoss()
    by_hand = trained_by_hand(
        model, 32, lambda batch: criterion(model(anchor[batch]), model(positive[batch]), model(negative[batch]))
    )
    assert_equal(trained, by_hand)


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

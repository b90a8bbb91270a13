import pytest
import torch
from torch import nn

import hookline

ROWS = 22  # With batches of 8, the last one has 6 rows and parts of 2, 2 and 2; 8 rows have parts of 3, 3 and 2.


def spec(loss, optimizer=None, accumulate=3, outputs=3, targets=None, epochs=2):
    return hookline.load(
        {
            "run": {"epochs": epochs, "device": "cpu", "accumulate": accumulate},
            "data": {
                "type": "Random",
                "features": 4,
                "targets": targets or [(3 * row) % 7 % 3 for row in range(ROWS)],
                "batch_size": 8,
            },
            "model": {
                "type": "Sequential",
                "layers": [
                    {"type": "Linear", "out_features": 6},
                    {"type": "Tanh"},
                    {"type": "Linear", "out_features": outputs},
                ],
            },
            "loss": loss,
            "optimizer": optimizer or {"type": "SGD", "lr": 0.1, "momentum": 0.9},
        }
    )


class Steps:
    """Records the loss and the gradients of each step."""

    def __init__(self):
        self.losses, self.gradients, self.rows = [], [], []

    @hookline.hookimpl(wrapper=True)
    def step(self, run, optimizer):
        self.losses.append(run.loss)
        self.gradients.append(
            [parameter.grad.clone() for group in optimizer.param_groups for parameter in group["params"]]
        )
        return (yield)

    @hookline.hookimpl(wrapper=True)
    def forward(self, batch, run):
        if run.epoch:
            self.rows.append(batch.rows)
        return (yield)


def trained(made, out):
    steps = Steps()
    trial = hookline.train(made, plugins=[steps], out=out)
    return trial, steps


LOSSES = {
    "mean": {"type": "CrossEntropyLoss"},
    "sum": {"type": "CrossEntropyLoss", "reduction": "sum"},
    "weights": {"type": "CrossEntropyLoss", "weight": [0.2, 1.0, 5.0], "label_smoothing": 0.1},
    "a weight of 0": {"type": "CrossEntropyLoss", "weight": [0.0, 1.0, 5.0]},
    "ignore_index": {"type": "CrossEntropyLoss", "ignore_index": 1},
    "weights and ignore_index": {"type": "CrossEntropyLoss", "weight": [0.2, 1.0, 5.0], "ignore_index": 2},
}
OPTIMIZERS = {
    "SGD": {"type": "SGD", "lr": 0.1, "momentum": 0.9},
    "LBFGS": {"type": "LBFGS", "lr": 0.5, "max_iter": 3},
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_parts_add_up_to_the_whole_batch(loss, optimizer, tmp_path):
    parts, in_parts = trained(spec(LOSSES[loss], OPTIMIZERS[optimizer]), tmp_path / "parts")
    whole, at_once = trained(spec(LOSSES[loss], OPTIMIZERS[optimizer], accumulate=1), tmp_path / "whole")
    assert parts.steps == whole.steps == 6
    # A sum in another order differs in the last bits, which LBFGS amplifies.
    tolerance = {"rtol": 1e-4, "atol": 1e-6} if optimizer == "SGD" else {"rtol": 1e-2, "atol": 1e-4}
    torch.testing.assert_close(torch.stack(in_parts.losses), torch.stack(at_once.losses), **tolerance)
    torch.testing.assert_close(in_parts.gradients, at_once.gradients, **tolerance)
    torch.testing.assert_close(parts.model.state_dict(), whole.model.state_dict(), **tolerance)


def test_parts_are_smaller_and_cover_all_rows(tmp_path):
    _, steps = trained(spec({"type": "CrossEntropyLoss"}, epochs=1), tmp_path / "run")
    assert steps.rows[:-3] == [3, 3, 2, 3, 3, 2, 2, 2, 2]
    assert steps.rows[-3:] == [8, 8, 6]  # The evaluation of the training rows.


def test_there_are_at_most_as_many_parts_as_rows(tmp_path):
    with pytest.warns(hookline.HooklineWarning, match="more than the 8 rows of a batch: each row is a part"):
        _, steps = trained(spec({"type": "CrossEntropyLoss"}, epochs=1, accumulate=100), tmp_path / "run")
    assert steps.rows == [1] * ROWS + [8, 8, 6]  # The evaluation of the training rows comes last.


def test_a_part_whose_rows_are_all_ignored_is_skipped(tmp_path):
    targets = [1, 1, 0, 2, 0, 2, 0, 2]
    made = spec({"type": "CrossEntropyLoss", "ignore_index": 1}, targets=targets, accumulate=4)
    _, steps = trained(
        hookline.load({**as_table(made), "data": {**as_table(made)["data"], "shuffle": False}}), tmp_path / "r"
    )
    assert steps.rows == [2, 2, 2, 2, 2, 2, 8]  # The evaluation of the training rows comes last.
    assert not torch.stack(steps.losses).isnan().any()


@pytest.mark.parametrize("optimizer", [OPTIMIZERS["SGD"], {"type": "Adam", "lr": 0.1, "weight_decay": 0.1}])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_batch_whose_rows_are_all_ignored_gives_zero_gradients_and_the_optimizer_continues(
    optimizer, smoothing, tmp_path
):
    loss = {"type": "CrossEntropyLoss", "ignore_index": 1, "label_smoothing": smoothing}
    table = as_table(spec(loss, optimizer, targets=[0, 2, 0, 2, 1, 1, 1, 1]))
    table["data"] |= {"shuffle": False, "batch_size": 4}
    trained_so = {}
    for accumulate in (1, 2):
        table["run"]["accumulate"] = accumulate
        trained_so[accumulate] = trained(hookline.load(table), tmp_path / str(accumulate))
    (whole, at_once), (parts, in_parts) = trained_so.values()
    assert torch.stack(at_once.losses).isnan().tolist() == [False, True] * 2  # 0 / 0
    assert torch.stack(in_parts.losses).isnan().tolist() == [False, True] * 2
    for gradients in (at_once.gradients, in_parts.gradients):
        assert [bool(gradient.any()) for step in gradients[1::2] for gradient in step] == [False] * 8
    torch.testing.assert_close(parts.model.state_dict(), whole.model.state_dict(), rtol=1e-4, atol=1e-6)
    assert [record["training/loss"] for record in parts.history] == pytest.approx(
        [record["training/loss"] for record in whole.history], rel=1e-5
    )


def as_table(made):
    return hookline.spec.plain(made, ".")


def test_the_parts_equal_a_hand_written_loop_bit_for_bit(tmp_path):
    made = spec({"type": "CrossEntropyLoss"}, epochs=3)
    trial, _ = trained(made, tmp_path / "run")

    inputs = torch.randn(ROWS, 4, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([(3 * row) % 7 % 3 for row in range(ROWS)])
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, fused=True)
    for epoch in (1, 2, 3):
        order = hookline.data.permutation(0, epoch, ROWS)
        for rows in order.split(8):
            optimizer.zero_grad()
            for part in rows.split(-(-len(rows) // 3)):
                loss = nn.functional.cross_entropy(model(inputs[part]), targets[part])
                (len(part) / len(rows) * loss).backward()
            optimizer.step()
    for name, expected in model.state_dict().items():
        assert torch.equal(trial.model.state_dict()[name], expected)


def test_scale_grad_by_freq_is_rejected(tmp_path):
    table = {
        "run": {"accumulate": 2},
        "data": {
            "type": "CSV",
            "path": str(tmp_path / "words.csv"),
            "inputs": "word",
            "targets": "y",
            "dtype": "int64",
            "batch_size": 4,
        },
        "model": {
            "type": "Sequential",
            "layers": [
                {"type": "Embedding", "num_embeddings": 3, "embedding_dim": 2, "scale_grad_by_freq": True},
                {"type": "Flatten"},
                {"type": "Linear", "out_features": 1},
            ],
        },
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": "SGD"},
    }
    (tmp_path / "words.csv").write_text("word,y\n" + "0,1\n1,2\n2,3\n0,4\n")
    with pytest.raises(
        hookline.errors.MismatchError, match=r"^run\.accumulate: Embedding with `scale_grad_by_freq` counts"
    ):
        hookline.train(hookline.load(table), out=tmp_path / "run")


@pytest.mark.parametrize(("rows", "parts", "is_refused"), [(8, 2, False), (8, 8, True), (9, 2, True), (10, 3, True)])
def test_a_part_with_one_row_is_reported_if_batch_norm_would_fail(rows, parts, is_refused, tmp_path):
    layers = [{"type": "Linear", "out_features": 2}, {"type": "BatchNorm1d"}, {"type": "Linear", "out_features": 1}]
    made = hookline.load(
        {
            "run": {"accumulate": parts, "epochs": 1},
            "data": {"type": "Random", "features": 2, "targets": list(range(rows)), "batch_size": 8},
            "model": {"type": "Sequential", "layers": layers},
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD"},
        }
    )
    if not is_refused:
        with pytest.warns(hookline.HooklineWarning, match="BatchNorm1d normalizes each part of a batch separately"):
            hookline.train(made, out=tmp_path / "run")
        return
    with pytest.raises(
        hookline.errors.MismatchError, match="A part of a batch has only one row, which BatchNorm cannot"
    ):
        hookline.train(made, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()

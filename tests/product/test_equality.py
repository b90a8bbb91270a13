"""Training equals a plain PyTorch loop, bit for bit.

Each shipped spec is written out by hand below, with torch, NumPy and the standard library and no Hookline. To see what
a spec does, read the loop that bears its name.
"""

import copy
import csv
import json
from pathlib import Path

import by_hand
import numpy
import pytest
import torch
from exhaustive import sampled
from PIL import Image
from pyarrow import parquet
from same_weights import assert_same_weights
from torch import nn
from torch.nn.utils import clip_grad_norm_

import hookline

SPECS = Path(__file__).parents[2] / "specs"
SHIPPED = (
    "breast_cancer",
    "diabetes",
    "digit_images",
    "digits",
    "embedding",
    "first_network",
    "iris",
    "residual_network",
    "several_losses",
    "transformer",
)


def table(name, dtype=numpy.float32):
    """The inputs in a file of specs/data, and the cells of its last column, the target."""
    with (SPECS / "data" / name).open(newline="") as file:
        _, *rows = csv.reader(file)
    return numpy.array([row[:-1] for row in rows], dtype=dtype), numpy.array([row[-1] for row in rows])


def split(rows, classes=None, *, validation, test):
    """The row numbers of training, validation and test, in the order of the file."""
    order = numpy.random.default_rng(0).permutation(rows)
    groups = [order] if classes is None else [order[classes[order] == name] for name in sorted(set(classes))]
    parts = [[], [], []]
    for group in groups:
        tested, validated = round(test * len(group)), round(validation * len(group))
        parts[0] += list(group[tested + validated :])
        parts[1] += list(group[tested : tested + validated])
        parts[2] += list(group[:tested])
    return [sorted(part) for part in parts]


def standardized(inputs, training):
    """Standardize with the mean and variance of the training rows; constant columns become 0."""
    return by_hand.standardized(inputs, *by_hand.statistics(inputs[training]))


def shuffled(rows, *, epoch, batch_size, seed=0):
    """The row numbers of the batches of an epoch."""
    return torch.from_numpy(numpy.random.default_rng((seed, epoch)).permutation(rows)).split(batch_size)


def first_network():
    x = torch.randn(10, 10, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([[1.0], [0.0], [0.0], [1.0], [1.0], [1.0], [0.0], [0.0], [1.0], [1.0]])

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 5), nn.ReLU(), nn.Linear(5, 1), nn.Sigmoid())
    criterion = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, fused=True)
    losses = []
    for _ in range(50):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, model


def iris():
    inputs, species = table("iris.csv", numpy.float64)
    training, _, _ = split(len(inputs), species, validation=0.2, test=0.2)
    x = torch.from_numpy(standardized(inputs, training)[training])
    y = torch.from_numpy(numpy.unique(species, return_inverse=True)[1][training])

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
    losses = []
    for epoch in range(1, 61):
        for batch in shuffled(len(x), epoch=epoch, batch_size=16):
            optimizer.zero_grad()
            loss = criterion(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses, model


def several_losses():
    cells, species = table("iris.csv", numpy.float64)
    training, _, _ = split(len(cells), validation=0.2, test=0.0)
    x = torch.from_numpy(standardized(cells[:, :3], training)[training])
    kind = torch.from_numpy(numpy.unique(species, return_inverse=True)[1][training])
    width = torch.from_numpy(cells[training, 3:].astype(numpy.float32))

    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(3, 16), nn.ReLU())
    heads = nn.ModuleDict({"species": nn.Linear(16, 3), "width": nn.Linear(16, 1)})
    model = nn.Sequential(*body, heads)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
    losses = []
    for epoch in range(1, 61):
        for batch in shuffled(len(x), epoch=epoch, batch_size=16):
            optimizer.zero_grad()
            hidden = body(x[batch])
            loss = nn.CrossEntropyLoss()(heads["species"](hidden), kind[batch])
            loss = loss + 2.0 * nn.MSELoss()(heads["width"](hidden), width[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses, model


def breast_cancer():
    inputs, diagnosis = table("breast_cancer.csv", numpy.float64)
    training, validation, _ = split(len(inputs), diagnosis, validation=0.2, test=0.2)
    inputs = torch.from_numpy(standardized(inputs, training))
    malignant = torch.from_numpy(diagnosis == "malignant").float().unsqueeze(1)
    x, y = inputs[training], malignant[training]

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1))
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.003, fused=True)
    losses, best, best_epoch = [], float("inf"), 0
    for epoch in range(1, 41):
        model.train()
        for batch in shuffled(len(x), epoch=epoch, batch_size=32):
            optimizer.zero_grad()
            loss = criterion(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            validation_loss = criterion(model(inputs[validation]), malignant[validation]).item()
        if validation_loss < best:
            best, best_epoch, best_weights = validation_loss, epoch, copy.deepcopy(model.state_dict())
        elif epoch - best_epoch >= 8:
            break
    model.load_state_dict(best_weights)
    return losses, model


def diabetes():
    inputs, progression = table("diabetes.csv", numpy.float64)
    training, _, _ = split(len(inputs), validation=0.2, test=0.2)
    x = torch.from_numpy(standardized(inputs, training)[training])
    y = torch.from_numpy(progression.astype(numpy.float32)[training]).unsqueeze(1)

    torch.manual_seed(0)
    model = nn.Linear(10, 1)
    criterion = nn.HuberLoss(delta=50.0)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=2, line_search_fn="strong_wolfe")
    losses = []
    for epoch in range(1, 13):
        [batch] = shuffled(len(x), epoch=epoch, batch_size=512)

        def closure(x=x[batch], y=y[batch]):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            return loss

        losses.append(optimizer.step(closure).item())
    return losses, model


def digit_images():
    files = sorted((SPECS / "data/digit_images").glob("*/*.png"))
    digit = numpy.array([file.parent.name for file in files])
    training, _, _ = split(len(files), digit, validation=0.25, test=0.0)
    pixels = numpy.stack([numpy.asarray(Image.open(files[row])) for row in training])[:, None]
    x = torch.from_numpy(pixels).float() / 255
    y = torch.from_numpy(digit.astype(numpy.int64)[training])
    # The statistics of integers are exact up to the last rounding.
    count, total, squares = pixels.size, int(pixels.sum()), int((pixels.astype(numpy.int64) ** 2).sum())
    mean, std = total / (count * 255), (count * squares - total**2) ** 0.5 / (count * 255)

    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(128, 3),
    )
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
    losses = []
    for epoch in range(1, 31):
        # Philox computes four numbers for each row, of which the first two are the place of its crop.
        key = numpy.random.SeedSequence((0, epoch, 2, 0, 0)).generate_state(2, numpy.uint64)
        places = numpy.random.Generator(numpy.random.Philox(key=key)).random((len(x), 4))[:, :2]
        tops, lefts = (places * 3).astype(int).T
        cropped = [
            nn.functional.pad(x[row], (1, 1, 1, 1))[:, top : top + 8, left : left + 8]
            for row, top, left in zip(torch.cat(shuffled(len(x), epoch=epoch, batch_size=8)), tops, lefts, strict=True)
        ]
        images = (torch.stack(cropped) - torch.tensor(mean)) / torch.tensor(std)
        rows = shuffled(len(x), epoch=epoch, batch_size=8)
        for batch, row in zip(images.split(8), rows, strict=True):
            optimizer.zero_grad()
            loss = criterion(model(batch), y[row])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses, model


def digits(epochs=15):
    pixels, digit = table("digits.csv")
    training, _, _ = split(len(pixels), digit, validation=0.15, test=0.15)
    x = torch.from_numpy(pixels[training]).reshape(-1, 1, 8, 8)
    y = torch.from_numpy(digit.astype(numpy.int64)[training])

    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(128, 10),
    )
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, fused=True)
    losses = []
    for epoch in range(1, epochs + 1):
        for batch in shuffled(len(x), epoch=epoch, batch_size=64):
            optimizer.zero_grad()
            loss = criterion(model(x[batch]), y[batch])
            loss.backward()
            clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
    return losses, model


def embedding():
    """The lists of a batch without padding, concatenated, and the offset of each."""
    cells = parquet.read_table(SPECS / "data" / "digit_tokens.parquet").to_pydict()
    digit = numpy.array(cells["digit"])
    training, _, _ = split(len(digit), digit, validation=0.15, test=0.15)
    dark = [torch.tensor(cells["dark"][row]) for row in training]
    y = torch.from_numpy(digit[training])

    torch.manual_seed(0)
    model = nn.Sequential(nn.EmbeddingBag(65, 64), nn.ReLU(), nn.Linear(64, 10))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
    losses = []
    for epoch in range(1, 16):
        for batch in shuffled(len(y), epoch=epoch, batch_size=32):
            lists = [dark[row] for row in batch]
            offsets = torch.tensor([0, *map(len, lists[:-1])]).cumsum(0)
            optimizer.zero_grad()
            loss = criterion(model[1:](model[0](torch.cat(lists), offsets)), y[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses, model


def convolution(channels_in, channels_out, kernel_size=3, *, stride=1):
    return nn.Conv2d(channels_in, channels_out, kernel_size, stride, padding=kernel_size // 2, bias=False)


class Block(nn.Module):
    """Two convolutions whose output is added to the input, which a shortcut brings to the same shape if necessary."""

    def __init__(self, channels_in, channels_out, *, stride=1):
        super().__init__()
        self.layers = nn.Sequential(
            convolution(channels_in, channels_out, stride=stride),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
            convolution(channels_out, channels_out),
            nn.BatchNorm2d(channels_out),
        )
        self.shortcut = None
        if stride > 1:
            self.shortcut = nn.Sequential(
                convolution(channels_in, channels_out, 1, stride=stride), nn.BatchNorm2d(channels_out)
            )

    def forward(self, inputs):
        return self.layers(inputs) + (inputs if self.shortcut is None else self.shortcut(inputs))


def residual_network(epochs=7):
    pixels, digit = table("digits.csv")
    training, _, _ = split(len(pixels), digit, validation=0.15, test=0.15)
    x = torch.from_numpy(pixels[training]).reshape(-1, 1, 8, 8)
    y = torch.from_numpy(digit.astype(numpy.int64)[training])

    torch.manual_seed(0)
    model = nn.Sequential(
        convolution(1, 16),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        Block(16, 16),
        nn.ReLU(),
        Block(16, 32, stride=2),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
    )
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    for block in (model[3], model[5]):
        nn.init.zeros_(block.layers[4].weight)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003, fused=True)
    losses = []
    for epoch in range(1, epochs + 1):
        for batch in shuffled(len(x), epoch=epoch, batch_size=32):
            optimizer.zero_grad()
            loss = criterion(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses, model


class Places(nn.Embedding):
    """Adds a learned vector to each step of a sequence."""

    def forward(self, inputs):
        return inputs + self.weight[: inputs.shape[1]]


class MeanOverSteps(nn.Module):
    def forward(self, inputs):
        return inputs.mean(dim=1)


def transformer(epochs=10):
    pixels, digit = table("digits.csv", numpy.float64)
    training, _, _ = split(len(pixels), digit, validation=0.15, test=0.15)
    x = torch.from_numpy(standardized(pixels, training)[training]).reshape(-1, 8, 8)
    y = torch.from_numpy(digit.astype(numpy.int64)[training])

    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(8, 32),
        Places(8, 32),
        nn.TransformerEncoder(
            nn.TransformerEncoderLayer(32, 4, dim_feedforward=64, activation="gelu", batch_first=True), num_layers=2
        ),
        MeanOverSteps(),
        nn.Linear(32, 10),
    )
    nn.init.normal_(model[1].weight, std=0.1)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.003, fused=True)
    losses = []
    for epoch in range(1, epochs + 1):
        model.train()
        for batch in shuffled(len(x), epoch=epoch, batch_size=64):
            optimizer.zero_grad()
            loss = criterion(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses, model


class StepLosses:
    """A plugin that records the loss of every step."""

    def __init__(self):
        self.losses = []

    @hookline.hookimpl(wrapper=True)
    def step(self, run):
        answer = yield
        self.losses.append(run.loss.item())
        return answer


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def with_threads(*chosen):
    """The shipped specs, each on one thread and on two. Those that are not chosen are exhaustive."""
    return pytest.mark.parametrize(
        ("threads", "name"),
        sampled([(count, name) for count in (1, 2) for name in SHIPPED], chosen, name=tuple),
        indirect=["threads"],
    )


def trained(spec, out):
    recorder = StepLosses()
    trial = hookline.train(spec, plugins=[recorder], out=out)
    return recorder.losses, trial.model


BY_HAND = {
    function.__name__: function
    for function in (
        breast_cancer,
        diabetes,
        digit_images,
        digits,
        embedding,
        first_network,
        iris,
        residual_network,
        several_losses,
        transformer,
    )
}


SHORTENED = {"digits": 4, "residual_network": 2, "transformer": 3}
"""In how many epochs the longest trainings are compared; `make test-all` compares them in all epochs too."""


def assert_equals_hand_written_loop(name, out, **epochs):
    spec = hookline.load(SPECS / f"{name}.toml", [f"run.{option}={number}" for option, number in epochs.items()])
    losses, model = trained(spec, out)
    expected_losses, expected_model = BY_HAND[name](**epochs)
    assert losses == expected_losses
    assert_same_weights(model, expected_model)


@with_threads(*((1, name) for name in SHIPPED), (2, "digits"), (2, "iris"))
def test_a_shipped_spec_equals_its_hand_written_loop_in_every_step_and_weight(threads, name, tmp_path):
    epochs = {"epochs": SHORTENED[name]} if name in SHORTENED else {}
    assert_equals_hand_written_loop(name, tmp_path / "run", **epochs)


@pytest.mark.exhaustive
@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("name", SHORTENED)
def test_a_long_training_equals_its_hand_written_loop_in_all_epochs(name, tmp_path):
    assert_equals_hand_written_loop(name, tmp_path / "run")


def test_every_shipped_spec_has_a_hand_written_loop():
    # `diabetes_export` has the metrics of `diabetes`. Kinds of columns, streams and limits have own tests.
    others = ["diabetes_export", "limited", "penguins", "streamed"]
    assert sorted(path.stem for path in SPECS.glob("*.toml")) == sorted([*SHIPPED, *others])


def test_the_compared_spec_stops_early(tmp_path):
    trial = hookline.train(hookline.load(SPECS / "breast_cancer.toml"), out=tmp_path / "run")
    assert trial.stopped is not None
    assert trial.epochs < trial.spec.run.epochs


def lbfgs_spec(epochs=3, **optimizer):
    return hookline.load(
        {
            "run": {"epochs": epochs, "seed": 7},
            "data": {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species", "batch_size": 64},
            "model": {
                "type": "Sequential",
                "layers": [
                    {"type": "Linear", "out_features": 8},
                    {"type": "BatchNorm1d"},
                    {"type": "Tanh"},
                    {"type": "Dropout", "p": 0.3},
                    {"type": "Linear", "out_features": 3},
                ],
            },
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "LBFGS", **optimizer},
        }
    )


@pytest.mark.usefixtures("threads")
@pytest.mark.filterwarnings("ignore:optimizer. LBFGS evaluates the loss several times in a step, and Dropout")
@pytest.mark.parametrize("options", [{"max_iter": 5}, {"max_iter": 5, "line_search_fn": "strong_wolfe"}])
def test_lbfgs_with_dropout_equals_the_hand_written_loop(options, tmp_path):
    losses, model = trained(lbfgs_spec(**options), tmp_path / "run")

    inputs, species = table("iris.csv")
    x, y = torch.from_numpy(inputs), torch.from_numpy(numpy.unique(species, return_inverse=True)[1])
    torch.manual_seed(7)
    expected_model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 3))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.LBFGS(expected_model.parameters(), **options)
    expected_losses = []
    for epoch in range(1, 4):
        for batch in shuffled(len(x), epoch=epoch, batch_size=64, seed=7):

            def closure(batch=batch):
                optimizer.zero_grad()
                loss = criterion(expected_model(x[batch]), y[batch])
                loss.backward()
                return loss

            expected_losses.append(optimizer.step(closure).item())

    assert losses == expected_losses
    assert_same_weights(model, expected_model)


@with_threads((1, "digits"), (1, "diabetes"), (2, "breast_cancer"), (2, "embedding"))
def test_a_spec_trained_twice_gives_the_same_bytes(threads, name, tmp_path):
    spec = hookline.load(SPECS / f"{name}.toml", ["run.epochs=4"])
    first = hookline.train(spec, out=tmp_path / "first")
    second = hookline.train(spec, out=tmp_path / "second")
    for file in ("metrics.jsonl", "model.safetensors"):
        assert (first.directory / file).read_bytes() == (second.directory / file).read_bytes()
    assert_same_weights(first.model, second.model)
    assert first.metrics == second.metrics


@pytest.mark.parametrize("name", sampled(SHIPPED, ["digits", "embedding", "iris"]))
def test_the_saved_spec_of_a_run_trains_to_the_same_bytes(name, tmp_path):
    first = hookline.train(hookline.load(SPECS / f"{name}.toml", ["run.epochs=4"]), out=tmp_path / "first")
    second = hookline.train(hookline.load(first.directory / "spec.toml"), out=tmp_path / "elsewhere" / "second")
    for file in ("metrics.jsonl", "model.safetensors"):
        assert (first.directory / file).read_bytes() == (second.directory / file).read_bytes()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_saved_spec_of_a_run_equals_the_trained_one(name, tmp_path):
    trial = hookline.train(hookline.load(SPECS / f"{name}.toml", ["run.epochs=1"]), out=tmp_path / "run")
    assert hookline.load(trial.directory / "spec.toml") == trial.spec


def test_another_seed_gives_other_weights_and_another_order(tmp_path):
    losses, model = trained(hookline.load(SPECS / "iris.toml", ["run.epochs=2"]), tmp_path / "first")
    other_losses, other = trained(hookline.load(SPECS / "iris.toml", ["run.epochs=2", "run.seed=1"]), tmp_path / "2")
    assert all(mine != theirs for mine, theirs in zip(losses, other_losses, strict=True))
    assert not torch.equal(model[0].weight, other[0].weight)


def test_training_neither_uses_nor_changes_the_global_random_state(tmp_path):
    spec = hookline.load(SPECS / "breast_cancer.toml", ["run.epochs=3"])
    runs = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        numpy_before = numpy.random.get_state()[1].tolist()
        runs.append(hookline.train(spec, out=tmp_path / str(seed)))
        assert torch.equal(torch.get_rng_state(), before)
        assert numpy.random.get_state()[1].tolist() == numpy_before
    assert_same_weights(runs[0].model, runs[1].model)


def test_a_failing_training_does_not_change_the_global_random_state(tmp_path):
    spec = hookline.load(
        SPECS / "diabetes.toml", ['optimizer={type="SGD", lr=1e30}', 'loss={type="MSELoss"}', "data.batch_size=32"]
    )
    torch.manual_seed(5)
    before = torch.get_rng_state()
    with pytest.raises(hookline.errors.TrainingError, match="infinite in epoch 1, step 2"):
        hookline.train(spec, out=tmp_path / "run")
    assert torch.equal(torch.get_rng_state(), before)


def test_the_metrics_of_each_epoch_equal_hand_computed_ones(tmp_path):
    spec = hookline.load(SPECS / "digits.toml", ["run.epochs=2"])
    trial = hookline.train(spec, out=tmp_path / "run")
    record = json.loads((trial.directory / "metrics.jsonl").read_text().splitlines()[-1])

    pixels, digit = table("digits.csv")
    _, validation, _ = split(len(pixels), digit, validation=0.15, test=0.15)
    x = torch.from_numpy(pixels[validation]).reshape(-1, 1, 8, 8)
    y = torch.from_numpy(digit.astype(numpy.int64)[validation])
    model = trial.model.eval()
    with torch.no_grad():
        right = sum(int((model(x[i : i + 64]).argmax(dim=1) == y[i : i + 64]).sum()) for i in range(0, len(x), 64))
    assert record["validation/Accuracy"] == numpy.float32(right / len(x))

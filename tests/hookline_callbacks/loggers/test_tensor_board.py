from math import inf, isnan, nan

import numpy
import pytest
import torch
from small_training import SPECS, Adding, Ending, small
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import hookline


def read(directory):
    events = EventAccumulator(str(directory / "tensorboard"), size_guidance={"scalars": 0, "histograms": 0})
    events.Reload()
    return events


def scalars(events):
    """Return the numbers by name and step."""
    return {name: {event.step: event.value for event in events.Scalars(name)} for name in events.Tags()["scalars"]}


def logged(history):
    """Return the numbers of the records, rounded to TensorBoard's single precision."""
    return {
        name: {record["step"]: float(numpy.float32(record[name])) for record in history}
        for name in history[0]
        if name != "step"
    }


def text(events):
    (event,) = events.Tensors("spec/text_summary")
    (content,) = event.tensor_proto.string_val
    return content.decode()


def test_the_example_spec_writes_curves_histograms_and_the_spec(tmp_path):
    trial = hookline.train(hookline.load(SPECS / "callbacks/TensorBoard.toml"), out=tmp_path / "run")
    events = read(tmp_path / "run")
    assert scalars(events) == logged(trial.history)
    assert text(events) == f"```toml\n{(tmp_path / 'run/spec.toml').read_text(encoding='utf-8')}```"
    names = [name for name, _ in trial.model.named_parameters()]
    assert sorted(events.Tags()["histograms"]) == sorted(
        f"{kind}/{name}" for kind in ("parameters", "gradients") for name in names
    )
    steps = [record["step"] for record in trial.history]
    assert [event.step for event in events.Histograms("gradients/weight")] == steps
    last = events.Histograms("parameters/weight")[-1].histogram_value
    weight = trial.model.weight.detach().double()
    assert (last.num, last.min, last.max) == (weight.numel(), weight.min().item(), weight.max().item())
    assert last.sum == pytest.approx(weight.sum().item())


def test_without_histograms_there_are_none(tmp_path):
    hookline.train(small({"type": "TensorBoard"}), out=tmp_path / "run")
    assert read(tmp_path / "run").Tags()["histograms"] == []


def test_values_other_than_numbers_are_skipped_but_not_non_finite_numbers(tmp_path):
    odd = {"nan": nan, "inf": -inf, "none": None, "text": "a"}
    trial = hookline.train(small({"type": "TensorBoard"}, epochs=1), plugins=[Adding(odd)], out=tmp_path / "run")
    found = scalars(read(tmp_path / "run"))
    assert isnan(found["nan"].pop(1 * trial.steps))
    assert found["inf"] == {trial.steps: -inf}
    assert sorted({"none", "text", *found}) == sorted({*trial.history[0]} - {"step"})


def test_with_limits_it_writes_only_some_epochs(tmp_path):
    trial = hookline.train(small({"type": "TensorBoard", "every": 2}, epochs=5), out=tmp_path / "run")
    assert scalars(read(tmp_path / "run")) == logged(trial.history[1::2])


def test_a_second_one_in_the_same_directory_is_an_error():
    with pytest.raises(hookline.errors.SpecError) as raised:
        small({"type": "TensorBoard"}, {"type": "TensorBoard", "histograms": True})
    assert str(raised.value) == (
        "spec: callbacks[1]: Another TensorBoard writes to the same directory: remove one of them."
    )


class Spoiling:
    """Sets a parameter to values for which a histogram has no bin."""

    @hookline.hookimpl(wrapper=True)
    def fit(self, model):
        with torch.no_grad():
            model.bias.copy_(torch.tensor([nan, inf, -3e38]))
            model.weight.fill_(nan)
        return (yield)

    @hookline.hookimpl
    def step(self):
        return True

    @hookline.hookimpl
    def evaluate(self):
        return {"loss": 0.0}

    @hookline.hookimpl
    def loss(self, run, outputs):
        return torch.zeros((), requires_grad=True) if run.step or run.directory else outputs.sum()


def test_histograms_skip_nan_and_count_infinities_in_the_outermost_bins(tmp_path):
    made = small({"type": "TensorBoard", "histograms": True}, epochs=1)
    with pytest.raises(hookline.errors.TrainingError, match=r"^The weights are infinite or NaN"):
        hookline.train(made, plugins=[Spoiling()], out=tmp_path / "run")
    events = read(tmp_path / "run")
    assert events.Tags()["histograms"] == ["parameters/bias"]
    (event,) = events.Histograms("parameters/bias")
    assert (event.histogram_value.num, event.histogram_value.min, event.histogram_value.max) == (2, -1e19, 1e19)


def test_the_sparse_gradient_of_an_embedding_has_a_histogram_too(tmp_path):
    made = hookline.load(
        SPECS / "optimizers/SparseAdam.toml",
        ["run.epochs=1", 'callbacks=[{type="TensorBoard", histograms=true}]'],
    )
    trial = hookline.train(made, out=tmp_path / "run")
    sparse = [name for name, parameter in trial.model.named_parameters() if parameter.grad.is_sparse]
    assert sparse
    assert {f"gradients/{name}" for name in sparse} <= set(read(tmp_path / "run").Tags()["histograms"])


def test_it_does_not_affect_the_training(tmp_path):
    plain = hookline.train(small(), out=tmp_path / "plain")
    watched = hookline.train(small({"type": "TensorBoard", "histograms": True}), out=tmp_path / "watched")
    assert watched.history == plain.history
    assert torch.equal(watched.model.weight, plain.model.weight)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("No more.")], ids=repr)
def test_an_interruption_or_an_error_closes_the_file_with_the_data_so_far(error, tmp_path, monkeypatch):
    from torch.utils.tensorboard import SummaryWriter

    closed = []
    close = SummaryWriter.close
    monkeypatch.setattr(SummaryWriter, "close", lambda writer: (close(writer), closed.append(writer)))
    with pytest.raises((hookline.Interrupted, hookline.errors.StageError)):
        hookline.train(small({"type": "TensorBoard"}), plugins=[Ending(error, 3)], out=tmp_path / "run")
    assert len(closed) == 1
    assert sorted(scalars(read(tmp_path / "run"))["epoch"].values()) == [1, 2]

import numpy
import pytest
import torch

from hookline.data import Data, Sampling, Target, TensorBatches, WeightedSampler
from hookline.errors import DataError
from hookline.runs.fingerprint import of_data

ROWS = 50
WEIGHTS = numpy.arange(ROWS) % 7.0
INPUTS = torch.arange(ROWS, dtype=torch.float32).reshape(ROWS, 1)


def batches(**options):
    return TensorBatches({"input": INPUTS}, **{"batch_size": 8, "seed": 3, **options})


def rows_of(some):
    return [batch.input.flatten().int().tolist() for batch in some]


@pytest.mark.parametrize(("seed", "epoch", "samples"), [(0, 1, 50), (3, 7, 20), (2**40, 2, 1000)])
def test_rows_are_drawn_as_by_numpys_choice_for_seed_and_epoch(seed, epoch, samples):
    order = WeightedSampler(WEIGHTS, samples).order(seed, epoch)
    generator = numpy.random.default_rng((seed, epoch))
    assert order.tolist() == generator.choice(ROWS, samples, p=WEIGHTS / WEIGHTS.sum()).tolist()


@pytest.mark.parametrize(
    ("samples", "drop_last", "sizes"), [(20, False, [8, 8, 4]), (20, True, [8, 8]), (80, True, [8] * 10)]
)
def test_an_epoch_has_the_number_of_samples_in_batches(samples, drop_last, sizes):
    sampler = WeightedSampler(WEIGHTS, samples)
    sampled = batches(sampler=sampler, drop_last=drop_last)
    epoch = rows_of(sampled.epoch(2))
    assert list(map(len, epoch)) == sizes
    assert len(sampled) == len(sizes)
    assert [row for batch in epoch for row in batch] == sampler.order(3, 2).tolist()[: sum(sizes)]
    assert rows_of(sampled.epoch(2, start=1)) == epoch[1:]
    assert rows_of(sampled.epoch(1)) != epoch
    assert rows_of(sampled.in_order().epoch(2)) == rows_of(batches(seed=None).epoch(1))


def test_rows_of_weight_0_are_never_drawn():
    order = WeightedSampler(WEIGHTS, 10_000).order(0, 1)
    assert set(order.tolist()) == set(numpy.flatnonzero(WEIGHTS).tolist())


def test_balanced_classes_have_equal_chances():
    classes = torch.repeat_interleave(torch.arange(3), torch.tensor([90, 9, 1]))
    known = {"target": Target(columns=("y",), classes=("a", "b", "c"), counts=(90, 9, 1), rows=100)}
    sampler = Sampling(num_samples=30_000).sampler({"target": classes}, known)
    assert sampler.weights.tolist() == [1 / 90] * 90 + [1 / 9] * 9 + [1.0]
    drawn = classes[sampler.order(0, 1)].bincount()
    assert ((drawn - 10_000).abs() < 300).all()


@pytest.mark.parametrize("signs", [False, True])
def test_two_classes_encoded_as_labels_have_equal_chances(signs):
    labels = torch.tensor([0.0, 0.0, 0.0, 1.0]).double().unsqueeze(1)
    known = {"target": Target(columns=("y",), classes=(0, 1), counts=(3, 1), rows=4)}
    sampler = Sampling().sampler({"target": 2 * labels - 1 if signs else labels}, known)
    assert sampler.weights.tolist() == [1 / 3, 1 / 3, 1 / 3, 1.0]
    assert sampler.num_samples == 4


@pytest.mark.parametrize("known", [{}, {"target": Target(columns=("y",))}])
def test_numbers_cannot_be_balanced(known):
    with pytest.raises(DataError, match='sampler = "balanced" needs a target with one class per row'):
        Sampling().sampler({"target": torch.zeros(4, 1)}, known)


def test_the_fingerprint_of_the_data_depends_on_the_weights_and_the_number_of_samples():
    def fingerprint(sampler):
        training = batches(sampler=sampler)
        return of_data(Data(training=training, example=training.all, targets={}))

    samplers = [None, WeightedSampler(WEIGHTS, 20), WeightedSampler(WEIGHTS, 21), WeightedSampler(WEIGHTS + 1, 20)]
    assert len(set(map(fingerprint, samplers))) == 4
    assert fingerprint(WeightedSampler(WEIGHTS, 20)) == fingerprint(samplers[1])

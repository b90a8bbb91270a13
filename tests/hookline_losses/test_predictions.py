"""The predictions and true values of losses."""

import pytest
import torch
from torch import nn

from hookline.data import Batch, Data, Target
from hookline_losses.embeddings.distances import CosineDistance, PairwiseDistance, SquaredDistance
from hookline_losses.embeddings.pairs import CosineEmbeddingLoss, HingeEmbeddingLoss, MarginRankingLoss
from hookline_losses.embeddings.triplets import TripletMarginLoss, TripletMarginWithDistanceLoss
from hookline_losses.gaussian import GaussianNLLLoss
from hookline_losses.linear_cross_entropy import LinearCrossEntropyLoss
from hookline_losses.margin import MultiLabelMarginLoss
from hookline_losses.probabilistic import KLDivLoss
from hookline_losses.projecting import AdaptiveLogSoftmaxWithLoss
from hookline_losses.sequence import CTCLoss

A, B, C = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
PAIR, TRIPLET = {"input1": A, "input2": B}, {"anchor": A, "positive": B, "negative": C}
CLASSES = Data(training=None, example=None, targets={"target": Target(columns=("y",), classes=(0, 1, 2))})


def test_pairs_are_predicted_by_their_cosine_and_by_their_difference():
    cosine = nn.functional.cosine_similarity(A, B)
    assert torch.equal(CosineEmbeddingLoss().predictions(None, PAIR, None), (1 + cosine) / 2)
    assert torch.equal(MarginRankingLoss().predictions(None, PAIR, None), (A - B).sigmoid())


@pytest.mark.parametrize(
    ("loss", "distance"),
    [
        (TripletMarginLoss(p=1.0), lambda x, y: nn.functional.pairwise_distance(x, y, 1.0)),
        (TripletMarginWithDistanceLoss(), nn.PairwiseDistance()),
        (TripletMarginWithDistanceLoss(distance_function=PairwiseDistance(p=3)), nn.PairwiseDistance(3)),
        (
            TripletMarginWithDistanceLoss(distance_function=CosineDistance()),
            lambda x, y: 1 - nn.CosineSimilarity()(x, y),
        ),
        (TripletMarginWithDistanceLoss(distance_function=SquaredDistance()), lambda x, y: ((x - y) ** 2).sum(dim=1)),
    ],
    ids=["p-norm", "left out", "PairwiseDistance", "CosineDistance", "SquaredDistance"],
)
def test_triplets_are_predicted_by_the_distances_of_the_loss(loss, distance):
    criterion = loss.build(None)
    nearer = (distance(A, C) - distance(A, B)).sigmoid().unsqueeze(1)
    assert torch.equal(loss.predictions(criterion, TRIPLET, None), nearer)
    assert loss.truth(Batch(TRIPLET)).tolist() == [[1]] * 4
    expected = nn.TripletMarginWithDistanceLoss(distance_function=distance)(A, B, C)
    assert torch.equal(loss.compute(criterion, TRIPLET, Batch(TRIPLET)), expected)


def test_a_distance_is_predicted_relative_to_half_of_the_margin():
    predictions = HingeEmbeddingLoss(margin=4.0).predictions(None, torch.tensor([0.0, 1.0, 2.0, 4.0]), None)
    assert predictions.tolist() == torch.tensor([1.0, 0.5**0.5, 0.5, 0.25]).tolist()


def test_a_path_is_decoded_without_repeats_blanks_and_padding():
    path = torch.tensor([[0, 1, 1, 0, 1, 2], [2, 2, 2, 1, 0, 0], [0, 0, 0, 0, 0, 0]])
    outputs = nn.functional.one_hot(path, 3).float()
    batch = Batch(
        {"input": torch.zeros(3, 12, 1)}, {"target": torch.zeros(3, 1).long()}, {"input": torch.tensor([12, 5, 1])}
    )
    read = CTCLoss().predictions(None, outputs, batch)
    assert [[step for step in row if step >= 0] for row in read.tolist()] == [[1, 1, 2], [2], []]
    unpadded = Batch(batch.inputs, batch.targets)
    read = CTCLoss(blank=1).predictions(None, outputs, unpadded)
    assert [[step for step in row if step >= 0] for row in read.tolist()] == [[0, 0, 2], [2, 0], [0]]


def test_lengths_shrink_with_the_sequence_and_are_rounded_up():
    outputs = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(1)).log_softmax(dim=2)
    target = torch.tensor([[1, -1], [2, 3], [1, 2]])
    batch = Batch({"input": torch.zeros(3, 10, 2)}, {"target": target}, {"input": torch.tensor([3, 10, 7])})
    steps, lengths = torch.tensor([2, 5, 4]), torch.tensor([1, 2, 2])
    expected = nn.CTCLoss()(outputs.transpose(0, 1), target, steps, lengths)
    assert torch.equal(CTCLoss().compute(nn.CTCLoss(), outputs, batch), expected)


@pytest.mark.parametrize(
    "loss",
    [
        AdaptiveLogSoftmaxWithLoss(in_features=5, cutoffs=(1,), div_value=2.0),
        LinearCrossEntropyLoss(in_features=5, bias=True),
    ],
    ids=lambda loss: type(loss).__name__,
)
def test_losses_that_contain_a_layer_predict_probabilities_with_it(loss):
    criterion = loss.build(CLASSES)
    predictions = loss.predictions(criterion, A, None)
    assert predictions.shape == (4, 3)
    assert torch.allclose(predictions.sum(dim=1), torch.ones(4))
    target = torch.tensor([0, 1, 2, 1])
    value = loss.compute(criterion, A, Batch({"input": A}, {"target": target}))
    assert torch.allclose(value, -predictions.gather(1, target.unsqueeze(1)).log().mean())


def test_the_truth_is_a_class_if_the_target_is_a_list_or_a_distribution():
    lists = torch.tensor([[0, 2, -1], [-1, -1, -1], [1, -1, -1]])
    assert MultiLabelMarginLoss().truth(Batch({"input": lists}, {"target": lists})).tolist() == [
        [1, 0, 1],
        [0, 0, 0],
        [0, 1, 0],
    ]
    shares = torch.tensor([[0.2, 0.8], [0.6, 0.4]])
    assert KLDivLoss().truth(Batch({"input": shares}, {"target": shares})).tolist() == [1, 0]


def test_the_variance_comes_from_the_model_or_a_target():
    loss, target, var = GaussianNLLLoss(), A, B.exp()
    expected = nn.GaussianNLLLoss()(C, target, var)
    from_model = Batch({"input": A}, {"target": target})
    from_data = Batch({"input": A}, {"var": var, "y": target})
    assert torch.equal(loss.compute(nn.GaussianNLLLoss(), {"input": C, "var": var}, from_model), expected)
    assert torch.equal(loss.compute(nn.GaussianNLLLoss(), C, from_data), expected)
    assert torch.equal(loss.predictions(None, {"input": C, "var": var}, None), C)

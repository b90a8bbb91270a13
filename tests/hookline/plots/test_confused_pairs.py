import pytest
import torch
from PIL import Image

from hookline.plots import Pair, draw_pairs, pairs_of


def test_errors_come_first_and_then_the_most_frequent_pairs():
    matrix = torch.tensor([[9, 1, 0], [2, 3, 1], [0, 0, 0]])
    places = matrix.flatten().nonzero().flatten()
    assert pairs_of(places, matrix.flatten()[places], 3) == [
        Pair(1, 0, 2),
        Pair(0, 1, 1),
        Pair(1, 2, 1),
        Pair(0, 0, 9),
        Pair(1, 1, 3),
    ]


@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
@pytest.mark.parametrize("pairs", [[], [Pair(0, 0, 4)], [Pair(0, 1, 2), Pair(0, 0, 4)]])
def test_a_picture_is_drawn_for_any_pairs(pairs, normalize, tmp_path):
    draw_pairs(tmp_path / "pairs.png", pairs, ["a", "$b$"], "a run", normalize)
    with Image.open(tmp_path / "pairs.png") as picture:
        picture.load()

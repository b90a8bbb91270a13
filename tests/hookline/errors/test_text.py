"""The name that was probably meant, and the sentences that messages share."""

import random
import string

import pytest

from hookline.errors.suggestions import did_you_mean, nearest
from hookline.errors.text import dotted


@pytest.mark.parametrize(
    ("typed", "known", "meant"),
    [
        ("rl", ["lr", "momentum"], "lr"),  # swapped letters
        ("momentm", ["momentum", "moment"], "moment"),  # an extra letter counts as much as a missing one
        ("Adma", ["Adam", "AdamW", "Adamax"], "Adam"),
        ("ADAM", ["Adam", "AdamW"], "Adam"),
        ("relu", ["ReLU", "ReLU6", "RReLU"], "ReLU"),
        ("Huber", ["HuberLoss", "MSELoss"], "HuberLoss"),  # a prefix
        ("Conv", ["Conv2d", "ConvTranspose2d", "Conv10d"], "Conv2d"),
        ("CrossEntropy", ["CrossEntropyLoss", "Entropy"], "CrossEntropyLoss"),
        ("x", ["lr", "eps"], None),
        ("x", ["y"], None),  # the only letter is wrong
        ("", ["y", "lr"], None),
        ("focal", ["huber", "mse"], None),
        ("epoch", ["epochs", "seed"], "epochs"),
        ("learning_rate", ["lr", "momentum"], "lr"),  # the initials
        ("wd", ["weight_decay", "lr"], "weight_decay"),
        ("MSE", ["R2Score", "MeanSquaredError"], "MeanSquaredError"),
        ("deployment", ["data", "deploy"], "deploy"),  # longer than the name
        ("EarlyStoppingCallback", ["EarlyStopping", "CSVLog"], "EarlyStopping"),
        ("data_path", ["data", "model"], None),
        ("b", ["betas", "bias"], None),  # too short for a prefix
    ],
)
def test_the_nearest_name(typed, known, meant):
    assert nearest(typed, known) == meant
    assert nearest(typed, list(reversed(known))) == meant


def distance(first, second):
    """The restricted Damerau-Levenshtein distance, by its definition and slowly."""
    best = {}
    for i in range(len(first) + 1):
        for j in range(len(second) + 1):
            ways = [max(i, j)] if not (i and j) else []
            if i and j:
                ways += [best[i - 1, j] + 1, best[i, j - 1] + 1, best[i - 1, j - 1] + (first[i - 1] != second[j - 1])]
            if i > 1 and j > 1 and first[i - 1] == second[j - 2] and first[i - 2] == second[j - 1]:
                ways.append(best[i - 2, j - 2] + 1)
            best[i, j] = min(ways)
    return best[len(first), len(second)]


def test_the_nearest_name_has_the_fewest_typos_and_at_most_a_third():
    generator = random.Random(0)  # noqa: S311
    found = 0
    for _ in range(3000):
        known = ["".join(generator.choices("abcd", k=generator.randint(1, 9))) for _ in range(5)]
        typed = "".join(generator.choices("abcd", k=generator.randint(1, 9)))
        slips = {name: distance(typed, name) for name in known}
        near = {name for name in known if slips[name] <= min(max(1, (n := max(len(name), len(typed))) // 3), n - 1)}
        meant = nearest(typed, known)
        if near:
            assert meant in near
            assert slips[meant] == min(slips[name] for name in near)
            found += 1
        else:
            assert meant is None or (len(typed) > 2 and meant.startswith(typed)) or typed.startswith(meant)
    assert found > 400


def test_the_nearest_name_is_found_quickly_for_any_length():
    known = [letter * 90 for letter in string.ascii_letters]
    assert nearest("x" * 1_000_000, known) is not None
    assert nearest("xy" * 1_000_000, known) is None


def test_many_names_are_not_all_listed():
    known = [f"name{index:03}" for index in range(100)]
    reported = did_you_mean("?", known)
    assert reported.startswith(' Available: "name000", "name001", ')
    assert reported.endswith(' "name022" and 77 others.')


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("model", "layers", 2, "out_features"), "model.layers[2].out_features"),
        (("data", "inputs", "a b", 0), 'data.inputs."a b"[0]'),
        (("a-b",), "a-b"),
        ((), ""),
    ],
)
def test_a_path_is_formatted_as_a_user_would_write_it(path, text):
    assert dotted(path) == text

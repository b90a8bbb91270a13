import re
import types

import pytest
import torch

from hookline.data import Data, Target, TensorBatches
from hookline.training.preflight import leaks as module
from hookline.training.preflight.leaks import leaks

GENERATOR = torch.Generator().manual_seed(0)


def found(training, validation=None, targets=None, known=None, **more):
    """The leaks of splits with these inputs and targets."""
    splits = {
        split: TensorBatches({"input": inputs}, {"target": target}, batch_size=4)
        for split, inputs, target in (
            ("training", *training),
            *([] if validation is None else [("validation", *validation)]),
        )
    }
    known = Target(columns=("y",)) if known is None else known
    data = Data(**splits, example=splits["training"].all, targets={"target": known}, **more)
    source = types.SimpleNamespace(validation=0.2, inputs="*")
    return list(leaks(types.SimpleNamespace(spec=types.SimpleNamespace(data=source)), data))


def random(rows, columns=4):
    return torch.randn(rows, columns, generator=GENERATOR)


@pytest.mark.parametrize("columns", [1, 4, 5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_equal_rows_in_two_splits_are_counted_and_the_first_pair_is_named(columns, dtype):
    inputs, target = (100 * random(60, columns)).to(dtype), random(60, 1)
    inputs[50], target[50] = inputs[7], target[7]
    inputs[55], target[55] = inputs[3], target[3]
    inputs[58] = inputs[4]  # Its target differs.
    [warning] = found((inputs[:40], target[:40]), (inputs[40:], target[40:]))
    assert warning.diagnostic.id == "leaked-rows"
    assert warning.diagnostic.path == ("data", "validation")
    assert warning.diagnostic.message.startswith(
        "2 of the 20 rows of the validation split are in the training split, too"
    )
    assert "(row 11 of the validation split and row 8 of the training split are equal)" in warning.diagnostic.message


def test_rows_are_named_by_their_numbers_in_the_source_if_these_are_known():
    inputs, target = random(7), random(7, 1)
    inputs[5:], target[5:] = inputs[2], target[2]
    numbers = {"training": [10, 11, 12, 13], "validation": [1000, 2000, 3000]}
    [warning] = found((inputs[:4], target[:4]), (inputs[4:], target[4:]), row_numbers=numbers)
    assert "row 2,001 of the data for validation equals row 13 of the data for training" in warning.diagnostic.message


def test_zeros_with_different_signs_are_equal():
    inputs, target = torch.zeros(2, 2), torch.zeros(2, 1)
    assert len(found((inputs, target), (-inputs, target))) == 1


def test_a_single_equal_row_may_be_a_coincidence():
    inputs, target = random(4), random(4, 1)
    assert found((inputs, target), (inputs[:1], target[:1])) == []


def test_large_data_is_not_looked_at(monkeypatch):
    inputs, target = random(4), random(4, 1)
    assert len(found((inputs, target), (inputs, target))) == 1
    monkeypatch.setattr(module, "MOST_NUMBERS", 10)
    assert found((inputs, target), (inputs, target)) == []


@pytest.mark.parametrize(("factor", "shift"), [(1, 0), (-2.5, 40), (1e-3, 1e3)])
def test_a_column_that_equals_a_number_up_to_scale_and_shift_is_named(factor, shift):
    inputs = random(300).double()
    target = factor * inputs[:, 2:3] + shift
    [warning] = found((inputs, target), preparation={"input": {"columns": ["a", "b", "c", "d"]}})
    assert warning.diagnostic.id == "leaked-target"
    assert warning.diagnostic.path == ("data", "inputs")
    assert 'The column "c" of the inputs equals the target "y" up to scale and shift' in warning.diagnostic.message
    target[299] += 1
    assert found((inputs, target)) == []


CLASSES = torch.arange(300) % 3
KNOWN = Target(columns=("y",), classes=("u", "v", "w"), counts=(100, 100, 100), rows=300)


def test_a_column_with_another_value_for_each_class_is_named():
    inputs = random(300)
    inputs[:, 1] = torch.tensor([7.0, -1.0, 2.5])[CLASSES]
    [warning] = found((inputs, CLASSES), known=KNOWN, preparation={"input": {"columns": ["a", "b", "c", "d"]}})
    assert (
        'The column "b" of the inputs determines the class in "y" in every training row' in warning.diagnostic.message
    )
    inputs[299, 1] = 0.5
    assert found((inputs, CLASSES), known=KNOWN) == []


def test_columns_that_determine_the_class_together_are_named():
    inputs = random(300)
    inputs[:, 1:] = torch.nn.functional.one_hot(CLASSES).float()
    inputs[:, 3] = 1.0  # A constant says nothing; the other two suffice.
    [warning] = found((inputs, CLASSES), known=KNOWN)
    assert re.search('The columns "number 2" and "number 3" of the inputs determine the class', str(warning))
    inputs[:, 2] = 1.0
    assert found((inputs, CLASSES), known=KNOWN) == []


def test_few_rows_may_determine_a_class_by_chance():
    classes = torch.tensor([0, 1, 0, 1])
    known = Target(columns=("y",), classes=("u", "v"), counts=(2, 2), rows=4)
    assert found((classes.float().unsqueeze(1), classes), known=known) == []

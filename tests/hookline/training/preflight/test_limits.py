import warnings

import pytest
from small_training import small

import hookline

ROWS = 120


def warned_of(batch_size, **sections):
    """The paths and texts of the warnings about a plan."""
    source = {"type": "CSV", "path": str(small().data.path), "targets": "species", "validation": 0.2}
    size = {} if batch_size is None else {"batch_size": batch_size}
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", hookline.HooklineWarning)
        hookline.plan(small(data={**source, **size}, **sections))
    return [(one.message.diagnostic.path, one.message.diagnostic.text) for one in found]


def test_a_batch_size_above_the_number_of_training_rows_is_a_warning():
    text = "This is more than the 120 training rows, so each epoch is a single step."
    assert warned_of(ROWS + 1) == [(("data", "batch_size"), text)]
    assert warned_of(ROWS) == warned_of(None) == []


@pytest.mark.parametrize("optimizer", ["LBFGS", "Rprop"])
def test_optimizers_for_full_batches_may_have_any_batch_size(optimizer):
    assert warned_of(1000, optimizer={"type": optimizer}) == []


def test_more_parts_than_rows_in_a_batch_are_a_warning():
    text = "This is more than the 16 rows of a batch: each row is a part."
    assert warned_of(16, run={"epochs": 1, "accumulate": 17}) == [(("run", "accumulate"), text)]
    assert warned_of(16, run={"epochs": 1, "accumulate": 16}) == []

"""A fixed sample of `make verify PROOFS=drawn`: random specs leave the same with tracing and without."""

import pytest
from exactness import drawn_specs

pytestmark = pytest.mark.filterwarnings("ignore")


def test_random_specs_leave_the_same_with_and_without_tracing():
    result = drawn_specs.prove(8, seed=5)
    assert result.failures == []
    assert result.cases >= 15
    assert result.counts["traced steps"] > 150
    assert result.counts["traced evaluations"] > 50

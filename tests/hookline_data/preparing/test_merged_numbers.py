"""Messages about numbers that become equal."""

import numpy
import pytest

from hookline_data.preparing import merged_numbers


@pytest.mark.parametrize(("last", "advice"), [(2**60, "subtract a constant"), (2**30, 'set `dtype = "float64"`')])
def test_the_advice_is_about_the_numbers_of_all_blocks(last, advice):
    blocks = [numpy.array([[2**24], [2**24 + 1]]), numpy.array([[last]])]
    found = merged_numbers.messages(iter(blocks), "float32", lambda _: "a", None, can_be_standardized=False)
    [message] = [one(0) for one in found]
    assert message.startswith('"a" has 3 different values')
    assert advice in message

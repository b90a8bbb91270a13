"""Several items at once, in their order."""

import threading

import pyarrow
import pytest

from hookline_data.arrow_columns.threads import in_threads


@pytest.fixture(autouse=True, params=[1, 2])
def threads(request):
    known = pyarrow.cpu_count()
    pyarrow.set_cpu_count(request.param)
    yield request.param
    pyarrow.set_cpu_count(known)


def test_results_have_the_order_of_the_items(threads):
    used = set()

    def square(number):
        used.add(threading.get_ident())
        return number * number

    assert list(in_threads(square, range(100))) == [number * number for number in range(100)]
    assert (len(used) == 1 and threading.get_ident() in used) == (threads == 1)


def test_few_items_are_taken_in_advance():
    taken = []

    def items():
        for item in range(100):
            taken.append(item)
            yield item

    results = in_threads(str, items())
    next(results)
    assert len(taken) < 5


def test_the_error_is_that_of_the_first_item():
    results = in_threads(lambda number: 1 / number, [1, 2, 0, 0, 4])
    assert [next(results), next(results)] == [1, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(results)

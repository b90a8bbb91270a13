"""Cases that only `make test-all` runs. `make test` runs a fixed sample of them, with each kind in it."""

import pytest

EXHAUSTIVE = pytest.mark.exhaustive


def sampled(cases, chosen, name=str):
    """The cases for `parametrize`: all whose names are not among the chosen ones are exhaustive."""
    cases = list(cases)
    assert set(chosen) <= set(map(name, cases)), "A chosen case does not exist."
    return [case if name(case) in chosen else _exhaustive(case) for case in cases]


def _exhaustive(case):
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=EXHAUSTIVE)

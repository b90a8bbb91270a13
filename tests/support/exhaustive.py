"""Cases that only `make test-all` runs. `make test` runs a fixed sample with each type of case."""

import pytest

EXHAUSTIVE = pytest.mark.exhaustive


def sampled(cases, chosen, name=str):
    """The cases for `parametrize`; those that are not chosen are exhaustive."""
    cases = list(cases)
    assert set(chosen) <= set(map(name, cases)), "A chosen case does not exist."
    return [case if name(case) in chosen else _exhaustive(case) for case in cases]


def _exhaustive(case):
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=EXHAUSTIVE)

"""The ids of diagnostics, with the explanations that `hookline explain ID` and the documentation show."""

from collections.abc import Mapping

from hookline.errors.kinds.kind import Kind
from hookline.errors.kinds.of_runs import OF_RUNS
from hookline.errors.kinds.of_specs import OF_SPECS
from hookline.errors.kinds.of_warnings import OF_WARNINGS

IDS: Mapping[str, Kind] = {**OF_SPECS, **OF_RUNS, **OF_WARNINGS}
"""Every id with its explanation."""

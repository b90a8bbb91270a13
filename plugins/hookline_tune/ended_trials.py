"""Trials of Optuna that have ended. Importing this module imports Optuna."""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

NOW = datetime.now(tz=UTC)
"""The time of all trials: no sampler and no pruner uses it."""


class EndedTrial(FrozenTrial):
    """A trial that does not change any more.

    The storage of Optuna makes a deep copy of each trial that is added to a study, which takes longer than everything
    else when a study is made again for each suggestion. These trials share everything but their number.
    """

    def __deepcopy__(self, _: object) -> "EndedTrial":
        return copy.copy(self)


def ended_trial(
    state: TrialState,
    *,
    values: list[float] | None = None,
    params: Mapping[str, Any] | None = None,
    distributions: Mapping[str, BaseDistribution] | None = None,
    system_attrs: Mapping[str, Any] | None = None,
    intermediate_values: Mapping[int, float] | None = None,
) -> EndedTrial:
    """Return a trial that has ended, which gets its number when it is added to a study."""
    return EndedTrial(
        number=-1,
        trial_id=-1,
        state=state,
        value=None,
        values=values,
        datetime_start=NOW,
        datetime_complete=NOW,
        params=dict(params or {}),
        distributions=dict(distributions or {}),
        user_attrs={},
        system_attrs=dict(system_attrs or {}),
        intermediate_values=dict(intermediate_values or {}),
    )

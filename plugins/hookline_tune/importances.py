"""The importance of each parameter for the results of a study, as Optuna computes it."""

import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from hookline.spec import Space, TrialRecord

FEWEST = 20
"""The number of trials with a result from which importances are computed: they are about the best tenth of them."""


def importances(space: Space, trials: Sequence[TrialRecord], maximized: Sequence[bool]) -> Mapping[str, float]:
    """Return the importance of each parameter by name, as parts of 1, by Optuna's PED-ANOVA; empty without Optuna.

    PED-ANOVA compares the values of the best tenth of the trials with those of all. Of several monitored numbers, the
    best trials are those that no other beats. Trials that were pruned or have failed are not used, nor one
    with values outside of the space.

    Source: https://arxiv.org/abs/2304.10255
    """
    compared = [
        record
        for record in trials
        if record.state in ("finished", "stopped") and record.results is not None and record.values
    ]
    if len(compared) < FEWEST or find_spec("optuna") is None:
        return {}
    import optuna

    from hookline_tune.optuna_search import quietly
    from hookline_tune.optuna_trials import as_frozen

    with quietly(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(directions=["maximize" if is_higher else "minimize" for is_higher in maximized])
        study.add_trials(as_frozen(record, space, directions=len(maximized)) for record in compared)
        found = optuna.importance.get_param_importances(study)
    return found if len(found) > 1 and len(set(found.values())) > 1 else {}

"""Random trainings that are interrupted two to ten times, each time continued from files by new objects."""

import random

from exactness.matrix import CONFIGURATIONS, EPOCHS, STEPS, Spoiling, spec
from exactness.result import Result
from hookline.plugins.manager import Plugins
from hookline.training.exactness.verify_spec import verify_spec

LAST = EPOCHS * STEPS
"""The number of steps. An interruption after the last one is followed by the final evaluation."""


def prove(count=1000, seed=0):
    """Try this many random configurations and cuts. A cut may repeat: then the resumed part makes no step."""
    result = Result("chains")
    draw = random.Random(seed)  # noqa: S311 - Not for cryptography.
    for number in range(count):
        configuration = draw.choice(CONFIGURATIONS)
        # Early stopping may end the training before some cuts, but not before the first one.
        cuts = sorted([draw.randint(1, STEPS), *draw.choices(range(1, LAST + 1), k=draw.randint(1, 9))])
        plugins = Plugins((), [Spoiling()] if configuration[-1] == "guard" else [])
        verified = verify_spec(spec(*configuration), plugins, cuts=cuts)
        case = f"{number}: {', '.join(map(str, configuration))}, interrupted after steps {cuts}"
        result.add(case, None if verified.is_exact else verified.summary, interruptions=len(verified.cuts))
    return result

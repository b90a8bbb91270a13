from . import (
    data as data,
    errors as errors,
    files as files,
    plots as plots,
    script as script,
    spec as spec,
    testing as testing,
    training as training,
)
from .check.load import load as load
from .ejection.eject import eject as eject
from .errors.exceptions import (
    HooklineError as HooklineError,
    HooklineWarning as HooklineWarning,
)
from .plugins.components import Components as Components
from .plugins.shorthand import (
    after as after,
    before as before,
)
from .plugins.stages import (
    Run as Run,
    hookimpl as hookimpl,
)
from .plugins.trial import Trial as Trial
from .plugins.weights import Weights as Weights
from .runs.plan.plan import Plan as Plan
from .spec.dump import dumps as dumps
from .spec.training import TrainingSpec as TrainingSpec
from .trained.finished_run import FinishedRun as FinishedRun
from .trained.open_run import open_run as open_run
from .trained.resume import resume as resume
from .trained.verify import verify as verify
from .training.exactness.verification import Verification as Verification
from .training.interrupted import Interrupted as Interrupted
from .training.pipeline import train as train
from .training.planning.planning import plan as plan
from .tuning.study import Study as Study
from .tuning.tune import tune as tune

from . import (
    data as data,
    errors as errors,
    files as files,
    plots as plots,
    spec as spec,
    testing as testing,
    training as training,
)
from .check.load import load as load
from .errors.exceptions import (
    HooklineError as HooklineError,
    HooklineWarning as HooklineWarning,
)
from .plugins.catalog import Components as Components
from .plugins.run import Run as Run
from .plugins.shorthand import (
    after as after,
    before as before,
)
from .plugins.stages import hookimpl as hookimpl
from .plugins.trial import Trial as Trial
from .plugins.weights import Weights as Weights
from .spec.dump import dumps as dumps
from .spec.training import TrainingSpec as TrainingSpec
from .training.pipeline import (
    Interrupted as Interrupted,
    train as train,
)

from . import data as data
from . import errors as errors
from . import files as files
from . import plots as plots
from . import spec as spec
from . import testing as testing
from . import training as training
from .check.load import load as load
from .errors.exceptions import (
    HooklineError as HooklineError,
)
from .errors.exceptions import (
    HooklineWarning as HooklineWarning,
)
from .plugins.catalog import Components as Components
from .plugins.run import Run as Run
from .plugins.shorthand import (
    after as after,
)
from .plugins.shorthand import (
    before as before,
)
from .plugins.stages import hookimpl as hookimpl
from .plugins.trial import Trial as Trial
from .plugins.weights import Weights as Weights
from .spec.dump import dumps as dumps
from .spec.training import TrainingSpec as TrainingSpec
from .training.pipeline import (
    Interrupted as Interrupted,
)
from .training.pipeline import (
    train as train,
)

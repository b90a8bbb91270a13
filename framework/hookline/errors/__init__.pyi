from .diagnostic import Diagnostic as Diagnostic
from .exceptions import (
    DataError as DataError,
    DeploymentError as DeploymentError,
    HooklineError as HooklineError,
    HooklineWarning as HooklineWarning,
    LockError as LockError,
    MismatchError as MismatchError,
    PluginError as PluginError,
    RunError as RunError,
    SpecError as SpecError,
    StageError as StageError,
    StorageError as StorageError,
    TrainingError as TrainingError,
    UnreadableRowsError as UnreadableRowsError,
)
from .near_files import (
    near_file as near_file,
    no_such_file as no_such_file,
    not_expanded as not_expanded,
)
from .option_errors import OptionError as OptionError
from .printing import (
    echo as echo,
    printable as printable,
    printable_lines as printable_lines,
)
from .suggestions import (
    did_you_mean as did_you_mean,
    nearest as nearest,
)
from .text import (
    counted as counted,
    enumerate_names as enumerate_names,
    quoted_cell as quoted_cell,
    shortened as shortened,
)
from .unfit import UnfitTargetsError as UnfitTargetsError

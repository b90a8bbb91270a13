from .exceptions import (
    DataError as DataError,
)
from .exceptions import (
    HooklineError as HooklineError,
)
from .exceptions import (
    HooklineWarning as HooklineWarning,
)
from .exceptions import (
    LockError as LockError,
)
from .exceptions import (
    MisfitError as MisfitError,
)
from .exceptions import (
    OptionError as OptionError,
)
from .exceptions import (
    PluginError as PluginError,
)
from .exceptions import (
    Problem as Problem,
)
from .exceptions import (
    SpecError as SpecError,
)
from .exceptions import (
    StageError as StageError,
)
from .exceptions import (
    TrainingError as TrainingError,
)
from .printing import (
    printable as printable,
)
from .printing import (
    printable_lines as printable_lines,
)
from .printing import (
    tell as tell,
)
from .text import (
    counted as counted,
)
from .text import (
    did_you_mean as did_you_mean,
)
from .text import (
    enumerate_names as enumerate_names,
)
from .text import (
    nearest as nearest,
)
from .text import (
    quoted_cell as quoted_cell,
)
from .text import (
    shortened as shortened,
)

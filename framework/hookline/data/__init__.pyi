from .batches import (
    Batch as Batch,
)
from .batches import (
    Batches as Batches,
)
from .batches import (
    Data as Data,
)
from .batches import (
    Outputs as Outputs,
)
from .batches import (
    TensorBatches as TensorBatches,
)
from .batches import (
    gathered as gathered,
)
from .batches import (
    permutation as permutation,
)
from .csv_format import (
    MOST_CELL_LINES as MOST_CELL_LINES,
)
from .csv_format import (
    WRITTEN_FALSE as WRITTEN_FALSE,
)
from .csv_format import (
    WRITTEN_NOT_FINITE as WRITTEN_NOT_FINITE,
)
from .csv_format import (
    WRITTEN_NUMBER as WRITTEN_NUMBER,
)
from .csv_format import (
    WRITTEN_TRUE as WRITTEN_TRUE,
)
from .memory import (
    in_memory as in_memory,
)
from .memory import (
    target_encodings as target_encodings,
)
from .numerics import (
    in_float64 as in_float64,
)
from .numerics import (
    log_odds as log_odds,
)
from .precision import merged_columns as merged_columns
from .targets.classes import (
    Classes as Classes,
)
from .targets.classes import (
    ClassesOrDistribution as ClassesOrDistribution,
)
from .targets.classes import (
    Distribution as Distribution,
)
from .targets.encoding import (
    MISSING_MARKS as MISSING_MARKS,
)
from .targets.encoding import (
    Columns as Columns,
)
from .targets.encoding import (
    Encoding as Encoding,
)
from .targets.encoding import (
    Target as Target,
)
from .targets.labels import (
    Labels as Labels,
)
from .targets.labels import (
    Probabilities as Probabilities,
)
from .targets.labels import (
    Signs as Signs,
)
from .targets.numbers import Numbers as Numbers
from .targets.sequences import Sequences as Sequences

from .array_blocks import blocks_of_arrays as blocks_of_arrays
from .batches import (
    Batch as Batch,
    Batches as Batches,
    Outputs as Outputs,
    in_order as in_order,
    length_of as length_of,
)
from .data import Data as Data
from .description import (
    DataDescription as DataDescription,
    InputDescription as InputDescription,
)
from .examples import (
    example_places as example_places,
    example_split as example_split,
    prepared_batch as prepared_batch,
    prepared_examples as prepared_examples,
)
from .fingerprint import fingerprint_of as fingerprint_of
from .input_group import (
    InputGroup as InputGroup,
    input_groups as input_groups,
)
from .json_rows.arrays import arrays_of_rows as arrays_of_rows, field_of_array as field_of_array
from .json_rows.row_field import RowField as RowField
from .memory import encode as encode, in_memory as in_memory, warn_of_merged as warn_of_merged
from .new_rows import RowBlock as RowBlock
from .numerics import (
    in_float64 as in_float64,
    log_odds as log_odds,
)
from .precision import (
    merged_columns as merged_columns,
    merged_in_blocks as merged_in_blocks,
)
from .prepared_column import PreparedColumn as PreparedColumn
from .rows.sampling import (
    Sampling as Sampling,
    WeightedSampler as WeightedSampler,
)
from .rows.uniform_sample import UniformSample as UniformSample
from .summary import Summary as Summary
from .targets.classes import Classes as Classes
from .targets.counts import counts_of as counts_of
from .targets.distributions import (
    ClassesOrDistribution as ClassesOrDistribution,
    Distribution as Distribution,
)
from .targets.encoding import (
    NEW_ROWS as NEW_ROWS,
    Columns as Columns,
    Encoding as Encoding,
    Target as Target,
)
from .targets.labels import (
    Labels as Labels,
    Probabilities as Probabilities,
    Signs as Signs,
)
from .targets.numbers import Numbers as Numbers
from .targets.sequences import Sequences as Sequences
from .targets.text_cells import TextCells as TextCells
from .tensor_batches import (
    TensorBatches as TensorBatches,
    gathered as gathered,
    permutation as permutation,
)

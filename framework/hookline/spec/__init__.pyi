from .draft import SpecDraft as SpecDraft
from .dump import (
    as_toml as as_toml,
    plain as plain,
    to_json as to_json,
)
from .families.callback import CallbackSpec as CallbackSpec, WrapperSpec as WrapperSpec
from .families.column import (
    MISSING_TIME as MISSING_TIME,
    SAMPLED_ROWS as SAMPLED_ROWS,
    ColumnSpec as ColumnSpec,
    UnfitCells as UnfitCells,
)
from .families.data import DataSpec as DataSpec
from .families.deploy import DeployedModel as DeployedModel, DeploySpec as DeploySpec
from .families.distance import DistanceSpec as DistanceSpec
from .families.graph import Body as Body, Graph as Graph, Value as Value
from .families.initialization import InitializationSpec as InitializationSpec
from .families.loss.averages import DividedBy as DividedBy, rows_or_weights as rows_or_weights
from .families.loss.loss import LossSpec as LossSpec
from .families.loss.predictions import Activation as Activation, Offers as Offers
from .families.metric import MetricSpec as MetricSpec
from .families.model import LayerSpec as LayerSpec, ModelSpec as ModelSpec
from .families.optimizer import OptimizerSpec as OptimizerSpec
from .families.partial_fit import (
    NothingToFit as NothingToFit,
    PartialFit as PartialFit,
    SampledFit as SampledFit,
)
from .families.raw_inputs import GraphInputs as GraphInputs, RawInput as RawInput, RawInputs as RawInputs
from .families.transform import TransformSpec as TransformSpec
from .families.tuner import Search as Search, TunerSpec as TunerSpec
from .objective.objective import Objective as Objective
from .objective.predicted import (
    THRESHOLD as THRESHOLD,
    Predicted as Predicted,
    join_predicted as join_predicted,
    predicted as predicted,
)
from .objective.prediction import Prediction as Prediction
from .objective.prediction_columns import (
    PredictionColumn as PredictionColumn,
    column_name as column_name,
    prediction_columns as prediction_columns,
)
from .objective.prediction_lines import classes_of as classes_of
from .objective.prediction_values import Part as Part
from .options import (
    Spec as Spec,
    option as option,
    spec as spec,
)
from .parameters import (
    NamedParameter as NamedParameter,
    ParameterSelection as ParameterSelection,
    divided as divided,
    named_parameters as named_parameters,
)
from .sections.run_section import RunSpec as RunSpec
from .space.domains import Choices as Choices, Domain as Domain, Range as Range
from .space.record import TrainingRecord as TrainingRecord, TrialRecord as TrialRecord
from .space.space import (
    Parameter as Parameter,
    Space as Space,
    domains_in as domains_in,
    inner_name as inner_name,
)
from .space.storage import (
    Claim as Claim,
    Storage as Storage,
    TrialStore as TrialStore,
)
from .stacked_update import StackedOptions as StackedOptions, StackedUpdate as StackedUpdate

from .draft import SpecDraft as SpecDraft
from .dump import (
    as_toml as as_toml,
    dumps as dumps,
    plain as plain,
    to_json as to_json,
)
from .families.callback import CallbackSpec as CallbackSpec, WrapperSpec as WrapperSpec
from .families.data import DataSpec as DataSpec
from .families.deploy import DeploySpec as DeploySpec
from .families.distance import DistanceSpec as DistanceSpec
from .families.initialization import InitializationSpec as InitializationSpec
from .families.loss import (
    OFFERING as OFFERING,
    Activation as Activation,
    DividedBy as DividedBy,
    LossSpec as LossSpec,
    Offers as Offers,
    Predicts as Predicts,
)
from .families.metric import MetricSpec as MetricSpec
from .families.model import LayerSpec as LayerSpec, ModelSpec as ModelSpec
from .families.optimizer import OptimizerSpec as OptimizerSpec
from .objective.named_loss import NamedLoss as NamedLoss
from .objective.objective import Objective as Objective
from .objective.predicted import (
    THRESHOLD as THRESHOLD,
    Predicted as Predicted,
    join_predicted as join_predicted,
    predicted as predicted,
)
from .objective.prediction import Prediction as Prediction
from .objective.prediction_columns import (
    MOST_CLASSES as MOST_CLASSES,
    PARTS as PARTS,
    Part as Part,
    PredictionColumn as PredictionColumn,
    column_name as column_name,
    default_parts as default_parts,
    offered_parts as offered_parts,
    prediction_columns as prediction_columns,
    refuse_parts as refuse_parts,
)
from .options import (
    Bounds as Bounds,
    Spec as Spec,
    option as option,
    spec as spec,
)
from .parameters import (
    NamedParameter as NamedParameter,
    ParameterGroup as ParameterGroup,
    ParameterSelection as ParameterSelection,
    divided as divided,
    named_parameters as named_parameters,
    plainly_named as plainly_named,
)
from .run_section import RunSpec as RunSpec
from .training import TrainingSpec as TrainingSpec

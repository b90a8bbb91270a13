from .dump import (
    dumps as dumps,
)
from .dump import (
    plain as plain,
)
from .dump import (
    to_json as to_json,
)
from .families.components import (
    CallbackSpec as CallbackSpec,
)
from .families.components import (
    DataSpec as DataSpec,
)
from .families.components import (
    DeploySpec as DeploySpec,
)
from .families.components import (
    DistanceSpec as DistanceSpec,
)
from .families.components import (
    InitializationSpec as InitializationSpec,
)
from .families.components import (
    LayerSpec as LayerSpec,
)
from .families.components import (
    ModelSpec as ModelSpec,
)
from .families.components import (
    WrapperSpec as WrapperSpec,
)
from .families.loss import (
    Activation as Activation,
)
from .families.loss import (
    DividedBy as DividedBy,
)
from .families.loss import (
    LossSpec as LossSpec,
)
from .families.loss import (
    Predicts as Predicts,
)
from .families.metric import MetricSpec as MetricSpec
from .families.optimizer import OptimizerSpec as OptimizerSpec
from .options import (
    Bounds as Bounds,
)
from .options import (
    Spec as Spec,
)
from .options import (
    option as option,
)
from .options import (
    spec as spec,
)
from .parameters import (
    NamedParameter as NamedParameter,
)
from .parameters import (
    ParameterGroup as ParameterGroup,
)
from .parameters import (
    ParameterSelection as ParameterSelection,
)
from .parameters import (
    divided as divided,
)
from .parameters import (
    named_parameters as named_parameters,
)
from .parameters import (
    plainly_named as plainly_named,
)
from .training import (
    RunSpec as RunSpec,
)
from .training import (
    TrainingSpec as TrainingSpec,
)

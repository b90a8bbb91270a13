from .build.apply_model import (
    applied as applied,
    is_applied_to_each as is_applied_to_each,
)
from .build.build import (
    apply_module as apply_module,
    build_and_apply as build_and_apply,
)
from .build.final_layer import last_layer as last_layer
from .callbacks.logged_numbers import Logging as Logging, selected_numbers as selected_numbers
from .callbacks.monitor import (
    check_logged as check_logged,
    check_monitor as check_monitor,
    check_monitored as check_monitored,
    ejected_number as ejected_number,
    monitored as monitored,
)
from .callbacks.scheduler import (
    Schedule as Schedule,
    SchedulerSpec as SchedulerSpec,
)
from .checkpoints.writer import CheckpointWriter as CheckpointWriter
from .deployment.comparison import (
    Comparison as Comparison,
    compared as compared,
    compared_tensors as compared_tensors,
)
from .deployment.deploy import (
    Deployed as Deployed,
    deploy as deploy,
)
from .deployment.deployment import Deployment as Deployment
from .deployment.exact import exact_predictions as exact_predictions
from .deployment.exporting import exporting as exporting, exporting_to as exporting_to
from .deployment.signature import Signature as Signature, arguments_of as arguments_of
from .deployment.traced import (
    quiet as quiet,
    said as said,
    traced as traced,
)
from .gradients import gradients_of as gradients_of
from .loop.train_epochs import train_epochs as train_epochs
from .means.mean_losses import MeanLosses as MeanLosses
from .metrics import (
    built_metric as built_metric,
    metric_errors as metric_errors,
)
from .split_metrics import SplitMetrics as SplitMetrics
from .tracing.passes.evaluated_batches import evaluated_batches as evaluated_batches

from .apply import (
    applied as applied,
)
from .apply import (
    is_applied_to_each as is_applied_to_each,
)
from .build import (
    apply_module as apply_module,
)
from .build import (
    build_and_apply as build_and_apply,
)
from .build import (
    unchanged_embeddings as unchanged_embeddings,
)
from .callbacks.monitor import (
    check_logged as check_logged,
)
from .callbacks.monitor import (
    check_monitor as check_monitor,
)
from .callbacks.monitor import (
    check_monitored as check_monitored,
)
from .callbacks.monitor import (
    monitored as monitored,
)
from .callbacks.monitor import (
    selected_numbers as selected_numbers,
)
from .callbacks.scheduler import (
    Schedule as Schedule,
)
from .callbacks.scheduler import (
    SchedulerSpec as SchedulerSpec,
)
from .gradients import gradients_of as gradients_of
from .loop import train_epochs as train_epochs
from .means import (
    MeanLoss as MeanLoss,
)
from .means import (
    PartLosses as PartLosses,
)
from .pipeline import (
    Interrupted as Interrupted,
)
from .pipeline import (
    train as train,
)

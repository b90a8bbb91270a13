"""Find out before training whether the model can be deployed as its spec says."""

from typing import TYPE_CHECKING

from hookline.errors.exceptions import MismatchError
from hookline.errors.failures import attributed_to
from hookline.plugins.stages import Run
from hookline.training.deployment.deployment import Deployment

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.data import Data


def check_deployments(run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module") -> None:
    """Raise a `MismatchError` for the first deployment target that cannot work.

    Args:
        run: the run.
        data: its data.
        model: the model, not trained yet.
        criterion: the loss.

    """
    if not run.spec.deploy:
        return
    deployment = Deployment.of_data(run, data, model, criterion)
    try:
        for index, target in enumerate(run.spec.deploy):
            path = ("deploy", index)
            with attributed_to(type(target), path):
                for error in target.check(deployment):
                    raise MismatchError(str(error), (*path, *error.path), id=error.diagnostic.id)
    finally:
        model.train(), criterion.train()

"""The predictions of a model that is computed in float64, to measure how much the model in memory rounds."""

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING

from hookline.data.batches import Batch
from hookline.errors.failures import FAILURES
from hookline.runs import devices
from hookline.training.deployment.deployment import PREDICTED, Deployment
from hookline.training.predictions import columns_of, predicted_batch

if TYPE_CHECKING:
    import pyarrow


def exact_predictions(deployment: Deployment) -> "Mapping[str, pyarrow.Array] | None":
    """Return the predictions of the model of an opened deployment for the example rows, computed in float64.

    Returns:
        Columns as `Deployment.expected` has them, or `None` if the model cannot be computed in float64.

    """
    import torch

    def predict(batch: Batch) -> "Mapping[str, pyarrow.Array]":
        double = batch.changed(lambda tensor: tensor.double() if tensor.is_floating_point() else tensor)
        found = predicted_batch(deployment.run, model, criterion, deployment.data, double, batch_size=batch.rows)
        return {column.name: column.values for column in columns_of(found, PREDICTED)}

    try:
        model, criterion = deepcopy(deployment.model).double(), deepcopy(deployment.criterion).double()
        with devices.default_dtype(torch.float64):
            return deployment.predictions_by(predict)
    except FAILURES:  # A layer may need float32.
        return None

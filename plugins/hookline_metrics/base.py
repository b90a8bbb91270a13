"""What all metrics of torchmetrics have in common: it is their class of the same name, with the same options."""

from typing import TYPE_CHECKING, Any

from attrs import asdict

from hookline import LossSpec, MetricSpec, spec

if TYPE_CHECKING:
    from torch import Tensor


@spec
class TorchMetric(MetricSpec):
    """A metric of torchmetrics. A class below it declares its options and is complete."""

    def build(self, loss: LossSpec, predictions: "Tensor") -> Any:
        """`torchmetrics.<the name of this class>` with these options."""
        import torchmetrics

        return getattr(torchmetrics, type(self).__name__)(**self.arguments(loss, predictions))

    def arguments(self, loss: LossSpec, predictions: "Tensor") -> dict[str, Any]:
        """The options of torchmetrics, with what follows from the loss and the predictions filled in."""
        options = asdict(self, recurse=False)
        del options["name"], options["target"]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}

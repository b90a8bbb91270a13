"""The targets of a loss, and the outputs of the model that it compares with them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hookline.data.targets.encoding import Encoding
from hookline.data.targets.numbers import Numbers
from hookline.errors.text import enumerate_names
from hookline.spec.options import Spec

if TYPE_CHECKING:
    from collections.abc import Collection

    from hookline.data.batches import Outputs


class LossTargets(Spec):
    """What `LossSpec` says about the target and the outputs that a loss compares."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The outputs of the model that the criterion takes, by torch's argument names.

        If there are several, such as `anchor`, `positive` and `negative`, either the groups of inputs have these names
        and the model is applied to each group, or the model itself returns outputs with these names.
        """
        return ("input",)

    @property
    def encoding(self) -> Encoding | None:
        """The encoding of the target; `None` if the loss takes no target."""
        return Numbers()

    def encodings(self, targets: "Collection[str]") -> "Mapping[str, Encoding]":
        """Return the encoding of each of the targets with these names.

        Raises:
            ValueError: If the loss takes other targets; an `OptionError` names the wrong target.

        """
        if self.encoding is None:
            if targets:
                # "target" is the internal name of a target without a name.
                given = "one" if set(targets) == {"target"} else enumerate_names(targets)
                raise ValueError(f"{type(self).__name__} takes no target, but {given} is given.")
            return {}
        if len(targets) != 1:
            given = f"{len(targets)} are" if targets else "none is"
            raise ValueError(f"{type(self).__name__} takes one target, but {given} given.")
        if not isinstance(self.encoding, Encoding):
            raise TypeError(f"`encoding` of {type(self).__name__} must be an encoding, not {self.encoding!r}.")
        return dict.fromkeys(targets, self.encoding)

    def name_for(self, target: str | None) -> str:
        """Return the type of the loss that takes a target, for messages: see `Objective.name_for`."""
        return type(self).__name__

    def check_transformed(self, targets: "Collection[str]") -> None:
        """Raise a `ValueError` if the targets of these names cannot be transformed, such as standardized.

        The loss compares outputs with the transformed numbers, and predictions are transformed back. By default this
        suits losses of any numbers: not those of counts, classes or labels.
        """
        encoding = self.encoding
        if not isinstance(encoding, Numbers):
            raise ValueError(f"{type(self).__name__} does not compare numbers, so its target cannot be transformed.")
        if encoding.minimum is not None:
            raise ValueError(
                f"{type(self).__name__} needs numbers of at least {encoding.minimum:g}, such as counts, whose "
                f"distribution a transformation would change."
            )

    def unlike_inputs(self, outputs: "Outputs") -> str | None:
        """Return a message if the outputs of the model are not those that `inputs` names, otherwise `None`."""
        name, inputs = type(self).__name__, self.inputs
        if len(inputs) > 1 and not isinstance(outputs, Mapping):
            return (
                f"{name} compares several outputs: name the inputs of the data {enumerate_names(inputs)}, or return "
                f"outputs with these names from the model."
            )
        several = outputs
        if len(inputs) > 1 and isinstance(outputs, Mapping):
            if missing := [argument for argument in inputs if argument not in outputs]:
                there_are = f"the model returns {enumerate_names(outputs)}"
                no = enumerate_names(missing, "or")
                return f"{name} takes {enumerate_names(inputs)}, but there is no {no}: {there_are}."
            several = next((outputs[one] for one in inputs if isinstance(outputs[one], Mapping)), outputs[inputs[0]])
        if isinstance(several, Mapping):
            return (
                f"{name} takes one output of the model, which returns {enumerate_names(several)}: select one with "
                f"`output`, or use [losses] with a loss for each."
            )
        return None

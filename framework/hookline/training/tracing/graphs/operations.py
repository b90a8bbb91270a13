"""What the schema of an operation says, read once for each operation: torch builds new objects for each look."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch._ops import OpOverload

OF_BATCH_NORM = frozenset({"running_mean", "running_var"})
"""Arguments that operations write to although their schemas do not say so."""


class Argument(NamedTuple):
    """An argument of an operation."""

    name: str
    type: str
    """Its type as TorchScript writes it, such as "Optional[Tensor]"."""
    kind: str
    """Its type if it is not `None`, such as "Tensor"."""
    is_written: bool
    """Whether the operation changes it in place."""
    default: Any = None
    """Its value where none is given."""


class Schema(NamedTuple):
    """The schema of an operation."""

    namespace: str
    name: str
    """Its name without namespace and overload."""
    overload: str
    arguments: tuple[Argument, ...]
    results: int
    """The number of results; 1 for a list."""
    writes: bool
    """Whether it changes an argument in place."""
    is_view: bool
    """Whether its only result is another view of an argument, without a change of it."""
    reshapes: bool
    """Whether it changes the shape of a tensor in place."""
    is_of_values: bool
    """Whether the shape of its result, or what follows, depends on the values of tensors."""
    is_random: bool
    """Whether its result depends on a random number generator."""
    text: str
    """The whole schema."""

    def written(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> list[Any]:
        """Those of its arguments that it changes in place."""
        if not self.writes:
            return []
        return [
            arguments[index] if index < len(arguments) else keywords.get(declared.name)
            for index, declared in enumerate(self.arguments)
            if declared.is_written
        ]

    @property
    def full_name(self) -> str:
        """The name of the operation with its overload, as a part of a variable."""
        return f"{self.namespace}_{self.name}_{self.overload or 'default'}"


@cache
def schema_of(operation: "OpOverload") -> Schema:
    """Return what the schema of an operation says."""
    import torch

    schema, tags = operation._schema, operation.tags
    namespace, _, name = schema.name.partition("::")
    aliases = [one.alias_info for one in schema.arguments]
    arguments = tuple(
        Argument(
            name=one.name,
            type=(text := str(one.type)),
            kind=text.removeprefix("Optional[").removesuffix("]") if text.startswith("Optional[") else text,
            is_written=(alias is not None and alias.is_write) or one.name in OF_BATCH_NORM,
            default=one.default_value,
        )
        for one, alias in zip(schema.arguments, aliases, strict=True)
    )
    writes = any(one.is_written for one in arguments)
    returned = schema.returns
    is_tensor = len(returned) == 1 and str(returned[0].type) == "Tensor"
    return Schema(
        namespace=namespace,
        name=name,
        overload=schema.overload_name,
        arguments=arguments,
        results=len(returned),
        writes=writes,
        is_view=is_tensor and returned[0].alias_info is not None and not writes,
        reshapes=torch.Tag.inplace_view in tags,
        is_random=torch.Tag.nondeterministic_seeded in tags,
        is_of_values=torch.Tag.data_dependent_output in tags or torch.Tag.dynamic_output_shape in tags,
        text=str(schema),
    )

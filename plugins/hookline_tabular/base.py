"""The base of the models: which inputs are numbers and which are categories, and what is known of them."""

from collections.abc import Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.data import InputGroup
from hookline.errors import MismatchError, enumerate_names
from hookline.script import call, literal
from hookline.spec import LayerSpec, option, spec
from hookline.training import build_and_apply

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.script import Script


EMBEDDED = "num_embeddings"
"""Stands for the module of the embeddings among the arguments of a module."""


def constructed(kind: type[Any], *arguments: Any, **options: Any) -> Any:
    """Return a module that remembers its arguments, with which `hookline eject` writes it."""
    from torch import nn

    module = kind(*arguments, **options)
    module.built_with = [EMBEDDED if isinstance(one, nn.Module) else one for one in arguments], options
    return module


class Constructed(LayerSpec):
    """The base of layers whose `build` returns a `constructed` module."""

    __slots__ = ()

    def eject(self, script: "Script", module: Any) -> str:
        """Copy the class of the module to the script, and return a call of it."""
        arguments, options = module.built_with
        name = script.define_copy(type(module))
        parts = [self._embedded(script, module, arguments[0]) if one is EMBEDDED else literal(one) for one in arguments]
        named = {option: literal(value) for option, value in options.items()}
        names = list(signature(type(module)).parameters.values())[: len(parts)]
        if all(one.kind is one.POSITIONAL_OR_KEYWORD for one in names):
            return call(name, **dict(zip((one.name for one in names), parts, strict=True)), **named)
        return call(name, *parts, **named)

    def _embedded(self, script: "Script", module: Any, places: Sequence[int]) -> str:
        """Return the embeddings of the groups of inputs in these places."""
        groups = list(script.batch.inputs)
        with script.within([groups[place] for place in places]):
            return script.layer(getattr(self, EMBEDDED), module.num_module, EMBEDDED)


@frozen
class Table:
    """The inputs of a model for tables."""

    numbers: tuple[int, ...]
    """The positions of the inputs with numbers."""
    categories: tuple[int, ...]
    """The positions of the inputs with indices of categories."""
    x_num: "Tensor | None"
    """The numbers of an example, `(N, columns)`."""
    x_cat: "Tensor | None"
    """The categories of an example, `(N, columns)`."""
    cardinalities: tuple[int, ...]
    """The number of categories of each column of categories."""
    groups: tuple[InputGroup, ...]
    """What is known of the inputs; empty if they are the outputs of other layers."""

    @property
    def n_num_features(self) -> int:
        """The number of columns of numbers."""
        return 0 if self.x_num is None else self.x_num.shape[1]

    def training_categories(self) -> "Tensor | None":
        """The categories of the training rows; `None` if they are unknown."""
        return (
            _joined_rows([self.groups[place] for place in self.categories]) if self.groups and self.categories else None
        )


@spec
class TableModel(Constructed):
    """A model for tables: `(N, columns)` of numbers, of indices of categories, or of both.

    The groups of inputs with numbers are joined, and so are those with indices. The size of the output follows from the
    loss: one for each class, or for each target column.
    """

    size_option = "d_out"
    needs_size = False

    d_out: int | None = option(default=None, minimum=1)
    """The number of outputs. Default: what the loss takes; if the loss takes any number, or in front of other layers,
    the model has no output layer and returns its last hidden features."""
    cat_cardinalities: tuple[int, ...] | None = option(default=None, minimum=1)
    """The number of categories of each column of indices. Default: what the data source says."""

    def table(self, inputs: "Sequence[Tensor]", groups: Sequence[InputGroup]) -> Table:
        """Tell numbers from categories, and check both.

        Raises:
            ValueError: If the inputs are not rows of a table, or if the number of categories is unknown.

        """
        import torch

        for tensor in inputs:
            if tensor.dim() != 2:
                raise ValueError(f"It takes rows of a table, of one dimension, not of shape {tuple(tensor.shape[1:])}.")
        if padded := [group.name for group in groups if group.is_padded]:
            raise ValueError(
                f"It takes rows of a table, but {enumerate_names(padded)} are sequences: use Branches for them."
            )
        numbers = tuple(place for place, tensor in enumerate(inputs) if tensor.is_floating_point())
        categories = tuple(place for place in range(len(inputs)) if place not in numbers)
        x_num = torch.cat([inputs[place] for place in numbers], dim=1) if numbers else None
        x_cat = torch.cat([inputs[place] for place in categories], dim=1).long() if categories else None
        cardinalities = self._cardinalities(x_cat, [groups[place] for place in categories] if groups else [])
        table = Table(numbers, categories, x_num, x_cat, cardinalities, tuple(groups))
        self._refuse_unknown_categories(table)
        return table

    def _cardinalities(self, x_cat: "Tensor | None", groups: Sequence[InputGroup]) -> tuple[int, ...]:
        columns = 0 if x_cat is None else x_cat.shape[1]
        given = self.cat_cardinalities
        if given is not None and len(given) != columns:
            raise ValueError(
                f"`cat_cardinalities` has {len(given)} numbers, but the inputs have {columns} columns of indices."
            )
        if given is not None or not columns:
            return given or ()
        known = [group.cardinalities for group in groups]
        if not known or None in known:
            unknown = enumerate_names(group.name for group in groups if group.cardinalities is None)
            of_group = f" of {unknown}" if unknown else ""
            raise ValueError(
                f"The data does not say how many categories the columns{of_group} have: set `cat_cardinalities`, or "
                'prepare them in [data.columns] with a type such as "OrdinalEncoder".'
            )
        return tuple(number for numbers in known for number in numbers or ())

    def _refuse_unknown_categories(self, table: Table) -> None:
        if self.cat_cardinalities is None or (rows := table.training_categories()) is None or not len(rows):
            return
        for column, (highest, lowest, count) in enumerate(
            zip(rows.amax(dim=0).tolist(), rows.amin(dim=0).tolist(), table.cardinalities, strict=True)
        ):
            if highest >= count or lowest < 0:
                wrong = highest if highest >= count else lowest
                raise ValueError(
                    f"`cat_cardinalities` says that column {column + 1} of the indices has {count} categories, 0 to "
                    f"{count - 1}, but the training rows contain {wrong}."
                )


@spec
class FlatTableModel(TableModel):
    """A model that takes each row as one vector: numbers, or their embeddings, and one-hot encoded categories."""

    num_embeddings: LayerSpec | None = None
    """Embeddings of the numbers, such as PiecewiseLinearEmbeddings or PeriodicEmbeddings. Default: the numbers are used
    as they are."""

    def features(self, table: Table) -> "tuple[tuple[Any, ...], list[int]]":
        """Return the arguments of FlatFeatures, and the number of elements that each column has in its vector."""
        if self.num_embeddings is None or table.x_num is None:
            if self.num_embeddings is not None:
                raise MismatchError("The inputs contain no numbers to embed.", ("num_embeddings",), id="unfit-shape")
            sizes = [1] * table.n_num_features
            embeddings = None
        else:
            of_numbers = [table.groups[place] for place in table.numbers] if table.groups else []
            try:
                embeddings, embedded = build_and_apply(self.num_embeddings, table.x_num, groups=of_numbers)
            except MismatchError as error:
                raise error.within("num_embeddings") from error.__cause__
            if embedded.dim() != 3 or embedded.shape[1] != table.n_num_features:
                message = (
                    f"{type(self.num_embeddings).__name__} returns the shape {tuple(embedded.shape[1:])}, not a vector "
                    f"for each of the {table.n_num_features} numbers."
                )
                raise MismatchError(message, ("num_embeddings",), id="unfit-shape")
            sizes = [embedded.shape[2]] * table.n_num_features
        arguments = (table.numbers, table.categories, embeddings, table.cardinalities)
        return arguments, [*sizes, *table.cardinalities]


def _joined_rows(groups: Sequence[InputGroup]) -> "Tensor":
    import torch

    parts: list[Any] = [group.training_rows() for group in groups]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)

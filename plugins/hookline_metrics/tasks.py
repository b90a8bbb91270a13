"""Of what kind classes are, and which options go with it."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from attrs import fields

from hookline.data import Labels, Signs
from hookline.errors import OptionError, enumerate_names
from hookline.spec import LossSpec, MetricSpec, Offers, option, spec

if TYPE_CHECKING:
    from torch import Tensor

Task = Literal["binary", "multiclass", "multilabel"]
LABELS: tuple[Task, ...] = ("binary", "multilabel")


def tasks_of(loss: LossSpec) -> tuple[Task, ...]:
    """The tasks that the targets of a loss can be; which of them it is may follow from the number of outputs."""
    encoding = loss.encoding
    if loss.offers == "classes":
        return ("multiclass",)
    if isinstance(encoding, Labels):
        return ("multilabel",)
    return ("binary",) if isinstance(encoding, Signs) and encoding.flat else LABELS


@spec
class ClassificationMetric(MetricSpec):
    """The options that metrics of classes have in common.

    torchmetrics can also give a number for each class or row (`average="none"`, `multidim_average="samplewise"`); a
    metric of a spec is one number.
    """

    takes: ClassVar[Sequence[Offers]] = ("classes", "labels", "numbers", "triplets")
    only_for: ClassVar[Mapping[str, tuple[Task, ...]]] = {"num_classes": ("multiclass",), "num_labels": ("multilabel",)}
    """The options that go with some tasks only."""

    task: Task | None = None
    """Of what kind the classes are; left out, it follows from the loss and the number of outputs."""
    num_classes: int | None = option(default=None, minimum=2)
    """How many classes there are, for the task "multiclass"; left out, as many as the model has outputs."""
    num_labels: int | None = option(default=None, minimum=2)
    """How many labels there are, for the task "multilabel"; left out, as many as the model has outputs."""
    ignore_index: int | None = option(default=None, minimum=0)
    """Rows whose target is the class with this index do not count, and the class is in no average. Classes are sorted
    and counted from 0; of a label, 0 is that it does not hold. Left out, it is the class that the loss ignores, if it
    ignores one."""

    def check(self, loss: LossSpec) -> None:
        """The task must be one of the loss, and each option one of the task."""
        name, kind = type(self).__name__, type(loss).__name__
        tasks = tasks_of(loss)
        if self.task is None and loss.offers == "numbers":
            raise ValueError(f"{kind} is a loss of numbers: {name} must be told its `task`.")
        if self.task is not None and self.task not in tasks:
            is_for = enumerate_names(tasks, "or")
            raise OptionError("task", f"The task of {kind} is {is_for}, and not {enumerate_names([self.task])}.")
        self.check_task(tasks if self.task is None else (self.task,))

    def check_task(self, tasks: Collection[Task]) -> None:
        """Raise an `OptionError` if an option goes with none of these tasks, one of which it will be."""
        name, is_one_of = type(self).__name__, enumerate_names(tasks, "or")
        against = [] if self.task is None else [("task",)]
        for attribute in fields(type(self)):
            wanted = self.only_for.get(attribute.name, tuple(tasks))
            if getattr(self, attribute.name) != attribute.default and not set(wanted) & set(tasks):
                message = f"`{attribute.name}` is for the task {enumerate_names(wanted, 'or')}, and this is {is_one_of}"
                raise OptionError(attribute.name, f"{message}: leave it out.", against=against)
        classes = 2 if set(tasks) <= set(LABELS) else self.num_classes
        if self.ignore_index is not None and classes is not None and self.ignore_index >= classes:
            message = f"{name} counts {classes} classes from 0 on, and `ignore_index` is {self.ignore_index}."
            raise OptionError("ignore_index", message, against=against)

    def resolve(self, loss: LossSpec, predictions: "Tensor") -> tuple[Task, int]:
        """The task, and how many classes or labels there are, now that the predictions of a batch are known.

        Raises:
            OptionError: if an option does not go with them.

        """
        tasks = tasks_of(loss)
        columns = predictions.shape[1] if predictions.dim() > 1 else 1
        by_columns: Task = "binary" if columns == 1 else "multilabel"
        task = self.task or (by_columns if by_columns in tasks else tasks[0])
        if task in LABELS and task != by_columns:
            message = f'The number of outputs is {columns}, for which the task is "{by_columns}": leave `task` out.'
            raise OptionError("task" if self.task else "type", message)
        self.check_task((task,))
        number = {"multiclass": "num_classes", "multilabel": "num_labels"}.get(task)
        given = None if number is None else getattr(self, number)
        if number is not None and predictions.is_floating_point() and given not in (None, columns):
            raise OptionError(number, f"There are {columns} outputs, and `{number}` is {given}: leave it out.")
        if task == "multiclass" and not predictions.is_floating_point():
            # The loss predicts classes, without numbers from which to tell how many there are.
            if given is None:
                raise OptionError("type", f"{type(self).__name__} must be told `num_classes`.")
            columns = given
        if task == "multiclass" and self.ignore_index is not None and self.ignore_index >= columns:
            message = f"There are {columns} classes, counted from 0 on, and `ignore_index` is {self.ignore_index}."
            raise OptionError("ignore_index", message)
        return task, columns

    def ignored(self, loss: LossSpec, task: Task) -> int | None:
        """The class whose rows do not count."""
        if self.ignore_index is None and task == "multiclass":
            return loss.ignored_class
        return self.ignore_index


def indices_of_classes(targets: "Tensor") -> "Tensor":
    """The class of each row, int64 `(N,)`, also of targets that are probabilities of classes, `(N, C)`."""
    return (targets.argmax(dim=1) if targets.is_floating_point() and targets.dim() > 1 else targets).reshape(-1).long()


def rows_of(predictions: "Tensor", columns: int) -> "Tensor":
    """Predictions `(N,)`, `(N, columns)` or `(N, columns, ...)` as `(rows, columns)`: each place is a row."""
    if predictions.dim() > 2:
        predictions = predictions.movedim(1, -1)
    return predictions.reshape(-1, columns)

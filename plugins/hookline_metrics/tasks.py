"""The tasks of classification metrics, and the options of each."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from attrs import fields

from hookline.data import Labels, Signs
from hookline.errors import OptionError, counted, enumerate_names
from hookline.spec import LossSpec, MetricSpec, Offers, option, spec

if TYPE_CHECKING:
    from torch import Tensor

Task = Literal["binary", "multiclass", "multilabel"]
LABELS: tuple[Task, ...] = ("binary", "multilabel")

MOST_RESOLVED = 8
"""The largest number of losses and shapes of predictions for which a metric keeps its task."""


def tasks_of(loss: LossSpec) -> tuple[Task, ...]:
    """Return the possible tasks of a loss; the number of outputs may decide between them."""
    encoding = loss.encoding
    if loss.offers == "classes":
        return ("multiclass",)
    if isinstance(encoding, Labels):
        return ("multilabel",)
    return ("binary",) if isinstance(encoding, Signs) and encoding.flat else LABELS


@spec
class TaskMetric(MetricSpec):
    """The base of metrics of classes or labels: finds the task, and the number of classes or labels.

    A metric may have the options `task`, `num_classes`, `num_labels` and `ignore_index`, or some of them. Where
    torchmetrics has one class for all tasks, it has all four: see `ClassificationMetric`. torchmetrics can also return
    a number for each class or row (`average="none"`, `multidim_average="samplewise"`); a metric of a spec is a single
    number.
    """

    takes: ClassVar[Sequence[Offers]] = ("classes", "labels")
    tasks: ClassVar[tuple[Task, ...]] = ("binary", "multiclass", "multilabel")
    """The tasks for which the metric is defined."""
    only_for: ClassVar[Mapping[str, tuple[Task, ...]]] = {"num_classes": ("multiclass",), "num_labels": ("multilabel",)}
    """The options that only some tasks have."""

    @cached_property
    def _resolved(self) -> "dict[tuple[Any, ...], tuple[LossSpec, tuple[Task, int]]]":
        """What `resolve` has returned before: a metric is built in each evaluation."""
        return {}

    def _given(self, name: str) -> Any:
        """Return the value of an option, or `None` if the metric does not have it."""
        return getattr(self, name, None)

    def check(self, loss: LossSpec) -> None:
        """Require a task that fits the loss, and options that fit the task."""
        name, kind, task = type(self).__name__, type(loss).__name__, self._given("task")
        tasks = tasks_of(loss)
        if task is None and loss.offers == "numbers":
            raise ValueError(
                f"{kind} predicts numbers, but {name} evaluates classes or labels. If all targets are 0 or 1, set the "
                f"`task` of {name} to {enumerate_names(tasks, 'or')}."
            )
        if task is not None and task not in tasks:
            is_for = enumerate_names(tasks, "or")
            raise OptionError("task", f"The task of {kind} is {is_for}, not {enumerate_names([task])}.")
        if not set(tasks) & set(self.tasks):
            raise ValueError(f"{self._is_for_other_tasks()} the task of {kind} is {enumerate_names(tasks, 'or')}.")
        self.check_task([one for one in tasks if one in self.tasks] if task is None else (task,))

    def _is_for_other_tasks(self) -> str:
        return f"{type(self).__name__} is for the task {enumerate_names(self.tasks, 'or')}, but"

    def check_task(self, tasks: Collection[Task]) -> None:
        """Raise an `OptionError` if an option fits none of these possible tasks."""
        kind: Any = type(self)
        name = kind.__name__
        against = [] if self._given("task") is None else [("task",)]
        for option_name, default in defaults_of(kind).items():
            if getattr(self, option_name) == default:
                continue
            wanted = [task for task in self.only_for.get(option_name, tasks) if task in self.tasks]
            if not set(wanted) & set(tasks):
                own, others = enumerate_names(wanted, "or"), enumerate_names(tasks, "or")
                message = f"`{option_name}` is for the task {own}, not {others}"
                raise OptionError(option_name, f"{message}: remove it.", against=against)
        classes, ignored = 2 if set(tasks) <= set(LABELS) else self._given("num_classes"), self._given("ignore_index")
        if ignored is not None and classes is not None and ignored >= classes:
            message = f"{name} has {classes} classes, counted from 0, so there is no class {ignored}."
            raise OptionError("ignore_index", message, against=against)

    def resolve(self, loss: LossSpec, predictions: "Tensor") -> tuple[Task, int]:
        """Return the task and the number of classes or labels for the predictions of a batch.

        Raises:
            OptionError: If an option does not fit them.

        """
        key = id(loss), predictions.shape[1:2], predictions.is_floating_point()
        if key not in self._resolved:
            if len(self._resolved) >= MOST_RESOLVED:
                self._resolved.clear()
            # The loss is kept, so that no other one gets the same id.
            self._resolved[key] = loss, self._newly_resolved(loss, predictions)
        return self._resolved[key][1]

    def _newly_resolved(self, loss: LossSpec, predictions: "Tensor") -> tuple[Task, int]:
        tasks, own = tasks_of(loss), self._given("task")
        columns = predictions.shape[1] if predictions.dim() > 1 else 1
        by_columns: Task = "binary" if columns == 1 else "multilabel"
        task = own or (by_columns if by_columns in tasks else tasks[0])
        if task in LABELS and task != by_columns:
            message = f'With {counted(columns, "output")}, the task is "{by_columns}": remove `task`.'
            raise OptionError("task" if own else "type", message)
        if task not in self.tasks:
            message = f'{self._is_for_other_tasks()} with {counted(columns, "output")}, the task is "{task}".'
            raise OptionError("type", message)
        self.check_task((task,))
        number = {"multiclass": "num_classes", "multilabel": "num_labels"}.get(task)
        given = None if number is None else self._given(number)
        if number is not None and predictions.is_floating_point() and given not in (None, columns):
            raise OptionError(number, f"There are {columns} outputs, but `{number}` is {given}: remove it.")
        if task == "multiclass" and not predictions.is_floating_point():
            # The loss predicts class indices, which do not determine the number of classes.
            if given is None:
                raise OptionError("type", f"{type(self).__name__} needs `num_classes`.")
            columns = given
        ignored = self._given("ignore_index")
        if task == "multiclass" and ignored is not None and ignored >= columns:
            message = f"There are {columns} classes, counted from 0, so there is no class {ignored}."
            raise OptionError("ignore_index", message)
        return task, columns

    def ignored(self, loss: LossSpec, task: Task) -> int | None:
        """Return the class whose rows to ignore."""
        own = self._given("ignore_index")
        return loss.ignored_class if own is None and task == "multiclass" else own


@spec
class ClassificationMetric(TaskMetric):
    """The common options of metrics for all tasks."""

    takes: ClassVar[Sequence[Offers]] = ("classes", "labels", "numbers", "triplets")

    task: Task | None = None
    """The task. Default: it follows from the loss and the number of outputs."""
    num_classes: int | None = option(default=None, minimum=2)
    """The number of classes, for the task "multiclass". Default: the number of outputs of the model."""
    num_labels: int | None = option(default=None, minimum=2)
    """The number of labels, for the task "multilabel". Default: the number of outputs of the model."""
    ignore_index: int | None = option(default=None, minimum=0)
    """The index of a class to ignore: its rows do not count, and averages exclude it. Classes are sorted and counted
    from 0; for a label, 0 means false. Default: the class that the loss ignores, if any."""


@spec
class OneClassMetric(TaskMetric):
    """The common options of metrics that need one class for each row, and have no task "multilabel"."""

    takes: ClassVar[Sequence[Offers]] = ("classes", "labels", "numbers")
    tasks: ClassVar[tuple[Task, ...]] = ("binary", "multiclass")

    task: Literal["binary", "multiclass"] | None = None
    """The task. Default: it follows from the loss."""
    num_classes: int | None = option(default=None, minimum=2)
    """The number of classes, for the task "multiclass". Default: the number of outputs of the model."""
    ignore_index: int | None = option(default=None, minimum=0)
    """The index of a class whose rows to ignore. Classes are sorted and counted from 0. Default: the class that the
    loss ignores, if any."""


@cache
def defaults_of(kind: Any) -> Mapping[str, Any]:
    """Return the defaults of the options of a class."""
    return {attribute.name: attribute.default for attribute in fields(kind)}


def indices_of_classes(targets: "Tensor") -> "Tensor":
    """Return the class of each row, int64 `(N,)`, also for targets that are class probabilities, `(N, C)`."""
    dimensions = targets.dim()
    if dimensions != 1:
        targets = (targets.argmax(dim=1) if dimensions > 1 and targets.is_floating_point() else targets).reshape(-1)
    return targets.long()


def rows_of(predictions: "Tensor", columns: int) -> "Tensor":
    """Reshape `(N,)`, `(N, columns)` or `(N, columns, ...)` to `(rows, columns)`, where each position is a row."""
    dimensions = predictions.dim()
    if dimensions == 2 and predictions.shape[1] == columns:
        return predictions
    if dimensions > 2:
        predictions = predictions.movedim(1, -1)
    return predictions.reshape(-1, columns)

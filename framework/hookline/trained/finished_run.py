"""A finished run, and what can be done with it: predict, evaluate, deploy."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors.argument_error import refuse_unless_positive
from hookline.errors.exceptions import HooklineWarning
from hookline.plugins.stages import Run
from hookline.runs.directory import add_deployed
from hookline.trained.chosen_target import ChosenTarget, chosen_target
from hookline.trained.evaluation.added_metrics import AddedMetric, with_metrics
from hookline.trained.evaluation.evaluate import evaluated, located, new_rows, split_of
from hookline.trained.evaluation.evaluation import Evaluation
from hookline.trained.evaluation.gathering import Gathering
from hookline.trained.loaded_run import LoadedRun
from hookline.trained.prediction_stream import PredictionStream
from hookline.trained.run_files import kept_examples
from hookline.training.deployment.deploy import Deployed, deploy
from hookline.training.deployment.deployment import Deployment
from hookline.training.deployment.existing import refuse_existing

if TYPE_CHECKING:
    import pyarrow


class FinishedRun(LoadedRun):
    """A finished run. Open one with `hookline.open_run`."""

    def predict(
        self,
        rows: Any,
        *,
        columns: Sequence[str] = (),
        keep: Sequence[str] = (),
        batch_size: int | None = None,
        skip_bad_rows: bool = False,
    ) -> "pyarrow.Table":
        """Predict new rows, and return a table with a row for each.

        The columns are `prediction`, and for classes `probability[setosa]` and so on. With several targets they have
        the name of the target: `prediction[species]`.

        Args:
            rows: the path of a CSV, Parquet, NPZ or JSON Lines file, a DataFrame of pandas or polars or another table
                with the Arrow PyCapsule interface, a mapping of columns, or a list of dictionaries. Columns are matched
                by name; others are ignored, and the target may be absent.
            columns: the parts of the predictions: "prediction"; "probability" of the predicted class; "probabilities"
                of all classes; "output", the outputs of the model; "truth", the target of the rows. Default: the
                prediction, and the probability of each class if there are at most 20, otherwise that of the predicted
                class.
            keep: the names of columns of the input to copy.
            batch_size: the number of rows to which to apply the model at once. Default: up to 4,096, fewer for large
                rows, but at least the batch size of the training.
            skip_bad_rows: leave the predictions of rows that cannot be read empty, with a warning.

        Raises:
            DataError: If the rows cannot be read; an `UnreadableRowsError` lists single ones.
            HooklineError: If an argument is wrong.

        >>> import hookline
        >>> trained = hookline.train(hookline.load("specs/iris.toml"), out=getfixture("tmp_path") / "iris")
        >>> run = hookline.open_run(trained.directory)
        >>> flower = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
        >>> run.predict([flower], columns=["prediction"]).to_pylist()
        [{'prediction': 'setosa'}]

        """
        import pyarrow

        stream = self.predictions(rows, columns=columns, keep=keep, batch_size=batch_size, skip_bad_rows=skip_bad_rows)
        table = pyarrow.Table.from_batches(list(stream), schema=stream.schema)
        if stream.unreadable:
            message = f"{stream.error()} Their predictions are empty."
            warnings.warn(HooklineWarning(message, id="unreadable-rows"), stacklevel=2)
        return table

    def predictions(
        self,
        rows: Any,
        *,
        columns: Sequence[str] = (),
        keep: Sequence[str] = (),
        batch_size: int | None = None,
        skip_bad_rows: bool = False,
    ) -> PredictionStream:
        """Predict new rows block by block, for sources that are larger than the memory.

        Iterate over the answer to get a `pyarrow.RecordBatch` for each block of rows. Its attribute `schema` has the
        columns, and `unreadable` counts the rows that could not be read. The arguments are those of `predict`.
        """
        return PredictionStream(
            self, rows, columns=columns, keep=keep, batch_size=batch_size, skip_bad_rows=skip_bad_rows
        )

    def deploy(self, target: ChosenTarget, *, out: str | Path | None = None, force: bool = False) -> Deployed:
        """Deploy the trained model, as `[[deploy]]` in its spec does at the end of the training.

        The files are compared with the model on the example rows that the run has kept, and get their names only if
        they predict the same. Without example rows, the original data is read again.

        Args:
            target: the format: its type, a table with its type and options, or a spec.
            out: the directory of the files. Default: a directory in that of the run.
            force: replace the directory of a deployed model. It stays until the new one is complete.

        Returns:
            The directory, its files and the comparison.

        Raises:
            DeploymentError: If the model cannot be written in this format, or if what was written predicts something
                else. Nothing of it is kept.
            SpecError: If the target is unknown, or has wrong options.
            HooklineError: If the directory exists, has files that no deployment has written, or cannot be written.

        >>> import hookline
        >>> trained = hookline.train(hookline.load("specs/iris.toml"), out=getfixture("tmp_path") / "iris")
        >>> deployed = hookline.open_run(trained.directory).deploy("Safetensors", out=getfixture("tmp_path") / "model")
        >>> [file.name for file in deployed.files], deployed.comparison.largest_difference
        (['model.safetensors', 'model.json'], 0.0)

        """
        spec = chosen_target(self._document, self._loader, target)
        place = spec.place_in(self.directory) if out is None else Path(out)
        if place.name in ("", ".."):
            place = place.resolve()
        refuse_existing(place, force=force)
        with located(self._document), self.opened() as run:
            made = deploy(spec, self._deployment(run), place, force=force)
        if out is None:
            add_deployed(self.directory, made.files)
        return made

    def _deployment(self, run: Run) -> Deployment:
        """Return what a deployment needs of an opened run."""
        known: dict[str, Any] = {"metrics": self.metrics, "weights": self.weights, "directory": self.directory}
        examples = kept_examples(self.files)
        if examples is None:
            data = self.prepared_data(run)
            return Deployment.of_data(run, data, self.model, self.criterion, **known)
        return Deployment.of(run, self.data, self.model, self.criterion, examples=examples, **known)

    def evaluate(
        self,
        split: str = "test",
        *,
        data: Any = None,
        metrics: Iterable[AddedMetric] = (),
        batch_size: int | None = None,
    ) -> Mapping[str, float]:
        """Compute the loss and the metrics of a split of the original data, or of new rows with their targets.

        With the batch size of the training, on the same machine, they equal those that the training reported for the
        same rows and weights. With another one, torch may compute the last bits of the outputs differently, which the
        loss and metrics of numbers show; the metrics themselves do not depend on how rows are divided into batches.

        Args:
            split: "training", "validation" or "test".
            data: new rows instead of a split: a file or an object, as for `predict`, that also has the targets. A file
                is read block by block.
            metrics: metrics to compute in addition to those of the run, such as "AUROC", "F1Score average=macro" or
                {"type": "F1Score", "average": "macro"}. One with the name of another replaces it.
            batch_size: the number of rows in a batch. Default: that of the training.

        Raises:
            RunError: If the original data is needed but missing, or differs from that in training.
            DataError: If new rows cannot be read.
            SpecError: If a metric is unknown or does not fit the loss.

        >>> import hookline
        >>> trained = hookline.train(hookline.load("specs/iris.toml"), out=getfixture("tmp_path") / "iris")
        >>> run = hookline.open_run(trained.directory)
        >>> run.evaluate()["Accuracy"] == trained.metrics["test/Accuracy"]
        True
        >>> sorted(run.evaluate("validation", metrics=["Precision average=macro"]))
        ['Accuracy', 'F1Score', 'Precision', 'loss']

        """
        return self._evaluated(split, data, metrics, batch_size).metrics

    def evaluation(
        self,
        split: str = "test",
        *,
        data: Any = None,
        metrics: Iterable[AddedMetric] = (),
        batch_size: int | None = None,
        with_scores: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> Evaluation:
        """Evaluate as `evaluate` does, and also return the predictions and true values of each target as arrays.

        With `with_scores`, these include the score of each class, for curves. `progress` is called after each batch
        with the number of rows so far. The other arguments are those of `evaluate`.
        """
        return self._evaluated(
            split, data, metrics, batch_size, with_details=True, with_scores=with_scores, progress=progress
        )

    def _evaluated(
        self,
        split: str,
        source: Any,
        added: Iterable[AddedMetric],
        batch_size: int | None,
        *,
        with_details: bool = False,
        with_scores: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> Evaluation:
        refuse_unless_positive("batch_size", batch_size)
        document, spec = with_metrics(self._document, self._loader, added)
        gathering = None
        if with_details:
            gathering = Gathering(
                spec.objective, self.data.targets, with_scores=with_scores, metrics=spec.metrics, progress=progress
            )
        outer = () if gathering is None else (gathering,)
        with located(document), self.opened(metrics=spec.metrics, outer=outer) as run:
            # Training evaluates after the last epoch, on which the rows of a plugin's data source may depend.
            run.state.epoch, run.state.step = self.result["epochs"], self.result["steps"]
            if source is None:
                batches = split_of(self.prepared_data(run), split, batch_size)
            else:
                batches = new_rows(run, self.data, source, batch_size)
            metrics = evaluated(run, self.model, self.criterion, batches, split)
        if gathering is None:
            return Evaluation(split=split, rows=batches.rows, metrics=metrics, targets={})
        return Evaluation(
            split=split,
            rows=batches.rows,
            metrics=metrics,
            targets=gathering.details(),
            sequences=gathering.sequences(),
            distances=gathering.distances(),
        )

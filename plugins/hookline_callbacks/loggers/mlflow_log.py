"""Logging to MLflow."""

import re
import time
import warnings
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hookline import HooklineWarning, Run, hookimpl
from hookline.data import Data
from hookline.spec import CallbackSpec, plain, spec
from hookline_callbacks.loggers.records import as_text, numbers, require
from hookline_callbacks.time_budget import Paced

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric
    from torch import nn

AT_ONCE = 100
"""The largest number of parameters that MLflow takes at once."""
METRICS_AT_ONCE = 500
"""The number of metrics to send at once: MLflow takes up to 1,000."""


@spec
class MLflow(CallbackSpec):
    """Log an MLflow run: the spec's options are its parameters, and the log of every epoch its metrics.

    At the end, the files in the run directory, except its example rows, become artifacts of the MLflow run. Needs
    `pip install "hookline[mlflow]"`; show it with `mlflow ui --backend-store-uri sqlite:///…/mlflow.db` of the package
    `mlflow`. List MLflow first: a callback sees only what callbacks and schedulers listed after it add to the record.
    Source: https://mlflow.org/docs/latest/ml/tracking/
    """

    only_observes = True
    is_part_of_model = False
    logs = ()
    keeps_log = True

    experiment: str | None = None
    """The experiment of the run. Default: the spec's `run.name`."""
    name: str | None = None
    """The name of the run. Default: the name of the run directory."""
    tracking_uri: str | None = None
    """Where MLflow stores the run, such as `http://localhost:5000` or `sqlite:///mlflow.db`. Default: `mlflow.db` in
    the run directory, which MLflow takes some seconds to create."""

    @property
    def writes_to(self) -> tuple[str, ...]:  # type: ignore[override]
        """The database and its artifacts, unless the run is stored elsewhere."""
        if self.tracking_uri is None:
            return "mlflow.db", "mlflow/"
        if self._is_local:
            return (
                self.tracking_uri,
                "the artifact location of its experiment (if new, mlruns/ in the current directory)",
            )
        return ()

    @property
    def connects_to(self) -> tuple[str, ...]:  # type: ignore[override]
        """The server that stores the run, if it is not a local file or directory."""
        if self.tracking_uri is None or self._is_local:
            return ()
        return self.tracking_uri, "the artifact location of its experiment"

    @property
    def _is_local(self) -> bool:
        scheme, colon, _ = (self.tracking_uri or "").partition(":")
        return not colon or scheme.partition("+")[0] in ("file", "sqlite")

    def build(self) -> object:
        """Return the callback, which owns the client."""
        return _MLflow(self)

    @property
    def packages(self) -> tuple[str, ...]:
        """The required packages: MLflow, and for a database the packages that `mlflow-skinny` lacks."""
        is_served = self.tracking_uri is not None and self.tracking_uri.startswith(("http:", "https:"))
        return ("mlflow",) if is_served else ("mlflow", "sqlalchemy", "alembic")


class _MLflow:
    def __init__(self, spec: MLflow):
        self._spec = spec
        self._client: MlflowClient | None = None
        self._id = ""
        self._metrics: list[Metric] = []
        self._paced = Paced(spec)

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse to start without the packages."""
        require(self._spec, self._spec.packages, "mlflow", run)
        return (yield)

    @hookimpl(wrapper=True)
    def fit(self, run: Run) -> "Generator[None, nn.Module, nn.Module]":
        """Log the options, and make sure that MLflow learns how the run ends."""
        from mlflow import MlflowClient
        from mlflow.entities import Param

        assert run.directory is not None, "The run directory is created before training."
        here = run.directory.resolve()
        # A separate client does not affect other uses of MLflow in this process.
        self._client = client = MlflowClient(self._spec.tracking_uri or f"sqlite:///{here.as_posix()}/mlflow.db")
        artifacts = None if self._spec.tracking_uri else (here / "mlflow").as_uri()
        experiment = _experiment(client, self._spec.experiment or run.spec.run.name, artifacts)
        self._id = client.create_run(experiment, run_name=self._spec.name or here.name).info.run_id

        def end(kind: type[BaseException] | None, *_: object) -> None:
            self._end(run, kind)

        run.resources.push(end)
        options = _flat(plain(run.spec, run.directory, run.catalog.name))
        parameters = [Param(_allowed(name), value) for name, value in options]
        for start in range(0, len(parameters), AT_ONCE):
            client.log_batch(self._id, params=parameters[start : start + AT_ONCE])
        return (yield)

    @hookimpl(wrapper=True)
    def log(self) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Add the numbers of the epoch. They are sent at the end, and as often as 5 % of the time allows."""
        from mlflow.entities import Metric

        record = yield
        now = int(time.time() * 1000)
        step = record["step"]
        self._metrics += [Metric(_allowed(name), value, now, step) for name, value in numbers(record).items()]
        self._paced.do(self._send)
        return record

    def _send(self) -> None:
        """Send the numbers that have not been sent yet."""
        assert self._client is not None
        while self._metrics:
            self._client.log_batch(self._id, metrics=self._metrics[:METRICS_AT_ONCE])
            del self._metrics[:METRICS_AT_ONCE]

    def _end(self, run: Run, kind: type[BaseException] | None) -> None:
        """Upload the files, and set the final status. An error of MLflow does not lose the trained model."""
        from mlflow.exceptions import MlflowException

        assert self._client is not None
        assert run.directory is not None
        status = "FINISHED" if kind is None else "KILLED" if issubclass(kind, KeyboardInterrupt) else "FAILED"
        try:
            self._send()
            for path in sorted(run.directory.iterdir()):
                # Rows of the data stay here: the server may belong to somebody else.
                if path.is_file() and not path.name.startswith(("mlflow.db", "examples.")):
                    self._client.log_artifact(self._id, str(path))
            self._client.set_terminated(self._id, status)
        except (MlflowException, OSError) as error:
            message = f"Could not set the status of the MLflow run to {status}: {error}"
            warnings.warn(HooklineWarning(message, id="unwritten-file"), stacklevel=2)


def _experiment(client: "MlflowClient", name: str, artifacts: str | None) -> str:
    """Return the ID of the experiment of this name, and create it if necessary."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client.create_experiment(name, artifact_location=artifacts)
        except MlflowException:
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
            # Another run created it first.
    return found.experiment_id


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the options of nested tables with names such as `model.layers.0.out_features`.

    >>> dict(_flat({"loss": {"type": "MSELoss"}, "metrics": [{"type": "R2Score"}], "sizes": [1, 2]}))
    {'loss.type': 'MSELoss', 'metrics.0.type': 'R2Score', 'sizes': '[1, 2]'}
    """
    if isinstance(value, list) and any(isinstance(element, dict) for element in value):
        value = {str(index): element for index, element in enumerate(value)}
    if isinstance(value, dict):
        for key, element in value.items():
            yield from _flat(element, f"{name}.{key}" if name else key)
    else:
        yield name, as_text(value)


def _allowed(name: str) -> str:
    """Return the name with "_" instead of characters that MLflow does not allow.

    >>> _allowed("lr[0]"), _allowed("validation/loss")
    ('lr_0_', 'validation/loss')
    """
    return re.sub(r"[^/\w.\- ]", "_", name)

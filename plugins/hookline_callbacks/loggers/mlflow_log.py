"""What is trained and logged, for MLflow."""

import re
import time
import warnings
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hookline import HooklineWarning, Run, hookimpl
from hookline.data import Data
from hookline.spec import CallbackSpec, plain, spec
from hookline_callbacks.loggers.records import as_text, numbers, require
from hookline_callbacks.paced import Paced

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric
    from torch import nn

AT_ONCE = 100
"""How many parameters MLflow takes at once."""
METRICS_AT_ONCE = 500
"""How many numbers are sent at once: MLflow takes up to 1,000."""


@spec
class MLflow(CallbackSpec):
    """Makes a run of MLflow of it: the spec's options are its parameters, what is logged of every epoch its metrics.

    When it ends, the files in the run directory become the MLflow run's artifacts. Needs `pip install
    "hookline[mlflow]"`; `mlflow ui --backend-store-uri sqlite:///…/mlflow.db`, of the package `mlflow`, shows it. List
    it first: what callbacks and schedulers add to the record is seen by those that are listed before them.

    Source: https://mlflow.org/docs/latest/ml/tracking/
    """

    logs = ()
    keeps_log = True

    experiment: str | None = None
    """The experiment to which the run belongs; left out, it is called as the spec's `run.name`."""
    name: str | None = None
    """What the run is called; left out, as the run directory."""
    tracking_uri: str | None = None
    """Where MLflow keeps it, such as `http://localhost:5000` or `sqlite:///mlflow.db`; left out, in `mlflow.db` in the
    run directory, which takes MLflow some seconds to make."""

    @property
    def writes_to(self) -> tuple[str, ...]:  # type: ignore[override]
        """The database with the files beside it, unless something else keeps them."""
        if self.tracking_uri is None:
            return "mlflow.db", "mlflow/"
        if self._is_local:
            return (
                self.tracking_uri,
                "the artifact location of its experiment (if new, mlruns/ where you are)",
            )
        return ()

    @property
    def connects_to(self) -> tuple[str, ...]:  # type: ignore[override]
        """What keeps the run, if it is neither a file nor a directory."""
        if self.tracking_uri is None or self._is_local:
            return ()
        return self.tracking_uri, "the artifact location of its experiment"

    @property
    def _is_local(self) -> bool:
        scheme, colon, _ = (self.tracking_uri or "").partition(":")
        return not colon or scheme.partition("+")[0] in ("file", "sqlite")

    def build(self) -> object:
        """The callback, which has the client."""
        return _MLflow(self)

    @property
    def packages(self) -> tuple[str, ...]:
        """What must be installed: MLflow itself, and, to keep it in a database, what `mlflow-skinny` does without."""
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
        """Refuse to begin without the package."""
        require(self._spec, self._spec.packages, "mlflow", run)
        return (yield)

    @hookimpl(wrapper=True)
    def fit(self, run: Run) -> "Generator[None, nn.Module, nn.Module]":
        """Begin with the options, and see to it that MLflow is told how it ends."""
        from mlflow import MlflowClient
        from mlflow.entities import Param

        assert run.directory is not None, "It is made before training begins."
        here = run.directory.resolve()
        # A client of its own changes nothing in what else there may be of MLflow in this process.
        self._client = client = MlflowClient(self._spec.tracking_uri or f"sqlite:///{here.as_posix()}/mlflow.db")
        artifacts = None if self._spec.tracking_uri else (here / "mlflow").as_uri()
        experiment = _experiment(client, self._spec.experiment or run.spec.run.name, artifacts)
        self._id = client.create_run(experiment, run_name=self._spec.name or here.name).info.run_id

        def end(kind: type[BaseException] | None, *_: object) -> None:
            self._end(run, kind)

        run.resources.push(end)
        options = _flat(plain(run.spec, run.directory, run.plugins.catalog.name))
        parameters = [Param(_allowed(name), value) for name, value in options]
        for start in range(0, len(parameters), AT_ONCE):
            client.log_batch(self._id, params=parameters[start : start + AT_ONCE])
        return (yield)

    @hookimpl(wrapper=True)
    def log(self) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Add the epoch's numbers, which are sent as often as that takes up to 5 % of the time, and at the end."""
        from mlflow.entities import Metric

        record = yield
        now = int(time.time() * 1000)
        step = record["step"]
        self._metrics += [Metric(_allowed(name), value, now, step) for name, value in numbers(record).items()]
        self._paced.do(self._send)
        return record

    def _send(self) -> None:
        """Send the numbers that have not been sent."""
        assert self._client is not None
        while self._metrics:
            self._client.log_batch(self._id, metrics=self._metrics[:METRICS_AT_ONCE])
            del self._metrics[:METRICS_AT_ONCE]

    def _end(self, run: Run, kind: type[BaseException] | None) -> None:
        """Hand over the files, and say how it ended. What is trained is not lost if MLflow cannot take it."""
        from mlflow.exceptions import MlflowException

        assert self._client is not None
        assert run.directory is not None
        status = "FINISHED" if kind is None else "KILLED" if issubclass(kind, KeyboardInterrupt) else "FAILED"
        try:
            self._send()
            for path in sorted(run.directory.iterdir()):
                if path.is_file() and not path.name.startswith("mlflow.db"):
                    self._client.log_artifact(self._id, str(path))
            self._client.set_terminated(self._id, status)
        except (MlflowException, OSError) as error:
            message = f"MLflow could not be told how the run ended, which is {status}: {error}"
            warnings.warn(HooklineWarning(message, id="unwritten-file"), stacklevel=2)


def _experiment(client: "MlflowClient", name: str, artifacts: str | None) -> str:
    """The experiment of this name, which is made unless there is one."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client.create_experiment(name, artifact_location=artifacts)
        except MlflowException:
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
            # Another run was faster.
    return found.experiment_id


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The options in tables within tables, by names such as `model.layers.0.out_features`.

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
    """The name with "_" for what MLflow allows in none.

    >>> _allowed("lr[0]"), _allowed("validation/loss")
    ('lr_0_', 'validation/loss')
    """
    return re.sub(r"[^/\w.\- ]", "_", name)

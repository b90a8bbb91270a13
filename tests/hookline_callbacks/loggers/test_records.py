import subprocess
import sys

import pytest
from small_training import SPECS, small

import hookline
from hookline_callbacks.loggers.records import require

PACKAGES = [
    ("TensorBoard", "tensorboard", "tensorboard"),
    ("MLflow", "mlflow", "mlflow"),
    ("MLflow", "sqlalchemy", "mlflow"),
    ("WeightsAndBiases", "wandb", "wandb"),
]


@pytest.mark.parametrize(("callback", "package", "extra"), PACKAGES)
def test_a_missing_package_is_reported_before_training_with_the_command_to_install_it(
    callback, package, extra, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, package, None)
    made = small({"type": "CSVLog"}, {"type": callback})
    with pytest.raises(hookline.errors.MismatchError) as raised:
        hookline.train(made, out=tmp_path / "run")
    assert str(raised.value) == f'callbacks[1]: {callback} needs {package}: pip install "hookline[{extra}]".'
    assert not (tmp_path / "run").exists()


def test_an_mlflow_server_needs_no_database(monkeypatch):
    for package in ("sqlalchemy", "alembic"):
        monkeypatch.setitem(sys.modules, package, None)
    (callback,) = small({"type": "MLflow", "tracking_uri": "http://localhost:1"}).callbacks
    assert callback.packages == ("mlflow",)


def test_a_folder_with_the_name_of_a_package_is_not_that_package(tmp_path, monkeypatch):
    class Run:
        spec = small({"type": "CSVLog"})

    (tmp_path / "some_tracker").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(hookline.errors.MismatchError, match="CSVLog needs some_tracker: pip install"):
        require(Run.spec.callbacks[0], ["some_tracker"], "tracker", Run)


def test_checking_a_spec_does_not_import_the_packages_of_loggers():
    specs = [str(SPECS / f"callbacks/{name}.toml") for name in ("TensorBoard", "MLflow", "WeightsAndBiases")]
    code = (
        "import sys; from hookline.cli.main import main\n"
        f"status = [main(['check', path]) for path in {specs}]\n"
        "assert status == [0, 0, 0], status\n"
        "assert not {'tensorboard', 'mlflow', 'sqlalchemy', 'wandb', 'torch'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

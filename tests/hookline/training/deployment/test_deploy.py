"""A deployed model that cannot be written, or that differs, leaves nothing behind; the training and others are kept."""

import hashlib
import json
import re
import resource

import pytest
from attrs import evolve
from killed_process import files, killed_at, run_in_child
from small_training import small

import hookline
from hookline.errors import DeploymentError, OptionError
from hookline.spec import DeploySpec, spec
from hookline.training import Comparison
from hookline_deploy.safetensors import Safetensors


@spec
class Faulty(DeploySpec):
    """A format that fails."""

    writes_to = ("faulty/",)
    connects_to = ()

    how: str = "not"
    """How it fails."""
    size: int = 5000
    """The size of its file."""

    def check(self, deployment):
        """Refuse before training."""
        if self.how == "check":
            yield OptionError("how", "This model has no such form.")

    def write(self, deployment, directory):
        """Write a file."""
        (directory / "weights").write_bytes(b"x" * self.size)
        if self.how == "write":
            raise ValueError("no such operator")
        return {"format": "faulty.1", "rows": len(deployment.rows)}

    def compare(self, deployment, directory):
        """Read it."""
        if self.how == "differ":
            raise DeploymentError('"prediction" differs.')
        size = (directory / "weights").stat().st_size
        return Comparison(reader="stat", rows=size, largest_difference=0.0)


class Plugin:
    """A plugin with the format."""

    @hookline.hookimpl
    def register_specs(self):
        return [Faulty]


def train(place, *deploy):
    return hookline.train(evolve(small(epochs=1), deploy=deploy), plugins=[Plugin()], out=place)


def result_in(place):
    return json.loads((place / "result.json").read_text())


def test_what_was_written_and_compared_is_noted_and_described(tmp_path):
    trial = train(tmp_path / "run", Faulty())
    home = tmp_path / "run" / "faulty"
    assert trial.deployed == (home / "weights", home / "model.json")
    compared = {"reader": "stat", "rows": 5000, "refused": 0, "largest_difference": 0.0, "rounding": 0.0}
    files = {"weights": {"size": 5000, "sha256": hashlib.sha256(b"x" * 5000).hexdigest()}}
    known = {"format": "faulty.1", "rows": 68, "files": files, "compared": compared}
    assert json.loads((home / "model.json").read_text()) == known
    sentence = "faulty: The largest difference from the model in memory is 0 on 5,000 rows (stat)."
    assert trial.notes == (sentence,)
    assert result_in(tmp_path / "run")["deployed"] == ["faulty/weights", "faulty/model.json"]


@pytest.mark.parametrize(
    ("how", "reason"),
    [("write", r".*test_deploy\.py, line \d+: ValueError: no such operator"), ("differ", r'"prediction" differs\.')],
)
def test_a_failed_target_leaves_nothing_and_others_are_written(how, reason, tmp_path):
    with pytest.raises(DeploymentError) as error:
        train(tmp_path / "run", Faulty(how=how), Safetensors())
    home = tmp_path / "run"
    assert re.fullmatch(rf"Faulty was not written to {re.escape(str(home))}/faulty\. {reason}", str(error.value))
    assert [path.name for path in home.iterdir() if "faulty" in path.name] == []
    assert error.value.deployed == (home / "safetensors/model.safetensors", home / "safetensors/model.json")
    assert result_in(home)["deployed"] == ["safetensors/model.safetensors", "safetensors/model.json"]
    assert result_in(home)["state"] == "finished"
    assert hookline.open_run(home, plugins=[Plugin()]).evaluate("validation")["loss"] > 0


def test_a_target_is_refused_before_training(tmp_path):
    with pytest.raises(hookline.HooklineError, match=r"^deploy\[1\]\.how: This model has no such form\.$"):
        train(tmp_path / "run", Safetensors(), Faulty(how="check"))
    assert not (tmp_path / "run").exists()


def test_two_targets_in_one_directory_are_refused_before_training(tmp_path):
    with pytest.raises(OptionError, match=r"^This writes to the same directory as deploy\[0\]") as error:
        train(tmp_path / "run", Faulty(), Faulty(how="really not"))
    assert (error.value.path, error.value.against) == (("deploy", 1), (("deploy", 0),))
    assert not (tmp_path / "run").exists()


def test_a_full_disk_during_a_deployment_is_reported_and_the_training_is_kept(tmp_path):
    def train_with_little_space():
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        plot = hookline.runs.directory  # The picture of the loss is larger.
        plot.draw_curves = lambda *_, **__: None
        try:
            train(tmp_path / "run", Faulty(size=7000))
        except DeploymentError as error:
            (tmp_path / "message").write_text(str(error))

    run_in_child(train_with_little_space)
    place = tmp_path / "run" / "faulty"
    assert (tmp_path / "message").read_text() == f"{place}: The directory cannot be written: File too large."
    assert not [path for path in (tmp_path / "run").iterdir() if "faulty" in path.name]
    assert hookline.open_run(tmp_path / "run", plugins=[Plugin()]).state == "finished"


def test_a_process_killed_at_any_operation_keeps_the_old_model_or_has_the_new_one(tmp_path):
    trial = train(tmp_path / "run")
    run = hookline.open_run(trial.directory)
    place, complete = tmp_path / "model", {"model.safetensors", "model.json"}
    run.deploy("Safetensors", out=place)
    old = files(place)
    number, is_killed = 0, True
    while is_killed:
        is_killed = killed_at(number, lambda: run.deploy("Safetensors", out=place, force=True))
        left = files(place)
        assert left.keys() == complete
        assert left == old
        number += 7  # Importing opens files, too.
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith("run")] == ["model"]

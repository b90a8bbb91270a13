"""Whatever operation of a deployment fails, nothing looks finished, and what was there before stays."""

import resource

import pytest
from exhaustive import sampled
from killed_process import failing_at, files, run_in_child
from small_training import SPECS

import hookline
from hookline.errors import HooklineError

TARGETS = ["Safetensors", "TorchExport", "HuggingFace", "ONNX"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    spec = hookline.load(SPECS / "iris.toml", ["run.epochs=1", "deploy=[]"])
    return hookline.open_run(hookline.train(spec, out=tmp_path_factory.mktemp("trained") / "run").directory)


def others(place):
    """The files and directories beside a place."""
    return [path.name for path in place.parent.iterdir() if path != place]


@pytest.mark.parametrize("target", sampled(["Safetensors", "HuggingFace"], ["Safetensors"]))
@pytest.mark.parametrize("is_replaced", [False, True])
def test_any_operation_on_files_may_fail(target, is_replaced, run, tmp_path):
    number, error, errors = 0, "", set()
    while error is not None:
        place = tmp_path / str(number) / "model"
        place.parent.mkdir()
        if is_replaced:
            run.deploy(target, out=place)
        before = files(place)
        error = failing_at(number, lambda place=place: run.deploy(target, out=place, force=True), place.parent)
        left = files(place)
        assert left == before or left.keys() == complete(target)
        assert [name for name in others(place) if not name.startswith(".")] == []
        run.deploy(target, out=place, force=True)
        assert others(place) == []
        errors.add(error)
        number += 5 if is_replaced else 3
    assert {"FileError", None} <= errors


def complete(target):
    """The names of the files of a target."""
    if target == "Safetensors":
        return {"model.safetensors", "model.json"}
    written = ("README.md", "config.json", "data.json", "manifest.json", "metrics.jsonl", "model.safetensors")
    return {*written, "result.json", "run.lock.toml", "spec.toml"}


@pytest.mark.parametrize("target", sampled(TARGETS, ["Safetensors", "TorchExport", "HuggingFace"]))
def test_a_full_disk_is_reported_and_leaves_nothing(target, run, tmp_path):
    (tmp_path / "models").mkdir()

    def deploy_with_little_space():
        for most in (0, 1000, 3000) if target in ("Safetensors", "HuggingFace") else (1000,):
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
            try:
                run.deploy(target, out=tmp_path / "models" / "model")
            except HooklineError as error:
                reported.append(str(error))

    reported = []
    run_in_child(lambda: (deploy_with_little_space(), check(reported, tmp_path / "models" / "model")))
    assert list((tmp_path / "models").iterdir()) == []


def check(reported, place):
    """Refuse other messages, in the process with little space."""
    assert reported
    assert all(line.startswith(f"{place}/") and "cannot be written: File too large." in line for line in reported)

import json
import os
import sys
import warnings
from collections import Counter

import pytest
import torch
from small_training import SPECS, Ending, small

import hookline

STAGES = ("forward", "loss", "backward", "step", "evaluate")


def events(path):
    """Return the names of stages and operations in a trace, with their counts."""
    with path.open(encoding="utf-8") as file:
        found = json.load(file)["traceEvents"]
    of_kind = {"user_annotation": Counter(), "cpu_op": Counter()}
    for event in found:
        if event.get("cat") in of_kind:
            of_kind[event["cat"]][event["name"]] += 1
    return of_kind["user_annotation"], of_kind["cpu_op"]


def stages(path):
    annotations, _ = events(path)
    return {name: annotations[name] for name in STAGES if annotations[name]}


def steps(path):
    annotations, _ = events(path)
    return {name for name in annotations if name.startswith("ProfilerStep")}


def calls(path):
    """Return the number of calls of each row of a table."""
    lines = path.read_text(encoding="utf-8").splitlines()
    column = next(line for line in lines if "# of Calls" in line)
    end = column.index("# of Calls") + len("# of Calls")
    names = column.index("Name") + len("Name")
    rows = [line for line in lines[5:] if line.strip() and not line.startswith(("-", "Self CPU time"))]
    return {line[:names].strip(): int(line[:end].split()[-1]) for line in rows}


def without_validation(*callbacks, **sections):
    data = {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species", "batch_size": 30}
    return small(*callbacks, **{"data": data, "metrics": [], "epochs": 2, **sections})


def profiled(tmp_path, plugins=(), made=None, **options):
    """Train for ten steps."""
    made = made or without_validation({"type": "Profile", **options})
    trial = hookline.train(made, plugins=plugins, out=tmp_path / "run")
    return trial, tmp_path / "run/profile"


def test_the_example_spec_shows_three_steps_and_the_evaluation_between_two_epochs(tmp_path):
    trial, found = profiled(tmp_path, made=hookline.load(SPECS / "callbacks/Profile.toml"))
    batches = len(trial.data.validation)
    both = 3 + batches
    assert sorted(path.name for path in found.iterdir()) == ["table.txt", "trace.json"]
    counts = {"forward": both, "loss": both, "backward": 3, "step": 3, "evaluate": 1}
    assert stages(found / "trace.json") == counts
    assert steps(found / "trace.json") == {"ProfilerStep#44", "ProfilerStep#45", "ProfilerStep#46"}
    text = (found / "table.txt").read_text(encoding="utf-8")
    assert text.startswith("Profile: steps 45 to 47 on cpu, sorted by self_cpu_time_total\n\n---")
    assert "Input Shapes" in text
    assert "[64, 1, 8, 8]" in text
    assert trial.notes == (
        f"Profile recorded steps 45 to 47: open {found / 'trace.json'} in https://ui.perfetto.dev, or "
        f"read {found / 'table.txt'}.",
    )
    assert trial.metrics["validation/Accuracy"] > 0.9


def test_the_trace_and_the_table_have_the_stages_and_operations_of_the_active_steps(tmp_path):
    _, found = profiled(tmp_path, wait=2, active=4)
    annotations, operations = events(found / "trace.json")
    assert {name: annotations[name] for name in STAGES} == {**dict.fromkeys(STAGES, 4), "evaluate": 0}
    assert {name for name in annotations if name.startswith("ProfilerStep")} == {
        f"ProfilerStep#{number}" for number in (3, 4, 5, 6)
    }
    expected = {"aten::addmm": 4, "aten::cross_entropy_loss": 4, "aten::_fused_adam_": 4, "AddmmBackward0": 4}
    assert {name: operations[name] for name in expected} == expected
    assert {name: calls(found / "table.txt")[name] for name in expected} == expected
    assert {name: calls(found / "table.txt")[name] for name in STAGES[:4]} == dict.fromkeys(STAGES[:4], 4)


def test_the_profiler_prints_nothing(tmp_path, python):
    code = "import hookline; from small_training import small; hookline.train(small({'type': 'Profile'}), out='run')"
    environment = {name: value for name, value in os.environ.items() if name != "KINETO_LOG_LEVEL"}
    paths = os.pathsep.join([*map(str, sys.path), str(SPECS.parent)])
    done = python.run("-c", code, cwd=tmp_path, env={**environment, "PYTHONPATH": paths})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "run/profile/trace.json").is_file()


def test_operations_are_nested_in_their_stages(tmp_path):
    _, found = profiled(tmp_path)
    with (found / "trace.json").open(encoding="utf-8") as file:
        complete = [event for event in json.load(file)["traceEvents"] if event.get("ph") == "X"]

    def spans(name):
        return [(event["ts"], event["ts"] + event["dur"]) for event in complete if event["name"] == name]

    for stage, operation in (
        ("forward", "aten::addmm"),
        ("loss", "aten::cross_entropy_loss"),
        ("step", "aten::_fused_adam_"),
    ):
        outer, inner = sorted(spans(stage)), sorted(spans(operation))
        assert len(outer) == len(inner) == 3
        assert all(a <= c <= d <= b for (a, b), (c, d) in zip(outer, inner, strict=True))


def test_with_repeat_it_writes_several_traces(tmp_path):
    with warnings.catch_warnings(action="error"):
        _, found = profiled(tmp_path, wait=0, warmup=1, active=2, repeat=2, skip_first=1)
    assert sorted(path.name for path in found.iterdir()) == [
        "table-1.txt",
        "table-2.txt",
        "trace-1.json",
        "trace-2.json",
    ]
    assert [steps(found / f"trace-{number}.json") for number in (1, 2)] == [
        {"ProfilerStep#2", "ProfilerStep#3"},
        {"ProfilerStep#5", "ProfilerStep#6"},
    ]
    assert [(found / f"table-{number}.txt").read_text().partition(" on ")[0] for number in (1, 2)] == [
        "small: steps 3 to 4",
        "small: steps 6 to 7",
    ]
    assert [stages(found / f"trace-{number}.json") for number in (1, 2)] == [dict.fromkeys(STAGES[:4], 2)] * 2


def test_without_a_limit_it_profiles_until_the_training_ends(tmp_path):
    _, found = profiled(tmp_path, wait=1, warmup=0, active=3, repeat=0)
    assert len(list(found.glob("trace-*.json"))) == 3
    assert stages(found / "trace-3.json") == dict.fromkeys(STAGES[:4], 1)
    assert (found / "table-3.txt").read_text().startswith("small: step 10 on cpu")


def test_options_are_passed_to_torch(tmp_path):
    _, found = profiled(tmp_path, profile_memory=True, with_flops=True, sort_by="self_cpu_memory_usage", row_limit=5)
    text = (found / "table.txt").read_text(encoding="utf-8")
    assert "CPU Mem" in text
    assert "FLOPs" in text
    assert len(calls(found / "table.txt")) == 5


def test_with_stacks_the_trace_has_python_functions(tmp_path):
    _, found = profiled(tmp_path, with_stack=True, active=1)
    with (found / "trace.json").open(encoding="utf-8") as file:
        functions = [event["name"] for event in json.load(file)["traceEvents"] if event.get("cat") == "python_function"]
    assert any("inner_loop.py" in name and "forward" in name for name in functions)


def test_evaluations_of_lbfgs_are_nested_in_its_step(tmp_path):
    made = without_validation({"type": "Profile"}, optimizer={"type": "LBFGS", "max_iter": 3})
    _, found = profiled(tmp_path, made=made)
    seen = stages(found / "trace.json")
    assert seen["step"] == 3
    assert seen["forward"] == seen["loss"] == seen["backward"] > 3


def test_parts_of_a_batch_have_separate_ranges(tmp_path):
    made = without_validation({"type": "Profile"}, run={"epochs": 2, "name": "small", "accumulate": 3})
    _, found = profiled(tmp_path, made=made)
    assert stages(found / "trace.json") == {"forward": 9, "loss": 9, "backward": 9, "step": 3}


def test_it_does_not_affect_the_training(tmp_path):
    plain = hookline.train(small(epochs=6), out=tmp_path / "plain")
    options = {"record_shapes": True, "profile_memory": True, "with_stack": True, "active": 9}
    watched = hookline.train(small({"type": "Profile", **options}, epochs=6), out=tmp_path / "watched")
    assert watched.history == plain.history
    assert torch.equal(watched.model.weight, plain.model.weight)


def test_after_the_last_trace_it_has_no_overhead(tmp_path, monkeypatch):
    looking, gone_on = [], []
    step = torch.profiler.profile.step
    monkeypatch.setattr(torch.profiler.profile, "step", lambda profiler: (gone_on.append(None), step(profiler)))

    class Asking:
        @hookline.hookimpl
        def forward(self, run):
            if run.directory is not None:
                looking.append(torch.autograd._profiler_enabled())

    profiled(tmp_path, plugins=[Asking()])
    assert looking[:10] == [False, False, True, True, True, False, False, False, False, False]
    assert looking[10:] == [False] * 5  # The evaluation of the training split at the end.
    assert len(gone_on) == 5


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("No more.")], ids=repr)
def test_an_interruption_or_an_error_closes_it_with_the_data_so_far(error, tmp_path):
    made = small({"type": "Profile", "wait": 2, "active": 9}, epochs=6)
    with pytest.raises((hookline.Interrupted, hookline.errors.StageError)):
        profiled(tmp_path, made=made, plugins=[Ending(error, 3)])
    assert not torch.autograd._profiler_enabled()
    found = tmp_path / "run/profile"
    assert (found / "table.txt").read_text().startswith("small: steps 4 to 6 on cpu")
    seen = stages(found / "trace.json")
    assert (seen["step"], seen["backward"]) == (3, 3)
    profiled(tmp_path / "again")  # torch can profile again.


def test_an_error_in_the_first_profiled_step_is_reported_with_the_data_so_far(tmp_path):
    class Failing:
        @hookline.hookimpl
        def backward(self, run):
            if run.step == 2:
                raise RuntimeError("No more.")

    with pytest.raises(hookline.errors.StageError):
        profiled(tmp_path, plugins=[Failing()])
    found = tmp_path / "run/profile"
    assert (found / "table.txt").read_text().startswith("small: step 3, which did not end, on cpu")
    assert stages(found / "trace.json") == {"forward": 1, "loss": 1, "backward": 1}


def test_a_training_that_ends_before_profiling_starts_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(hookline.errors.MismatchError) as raised:
        profiled(tmp_path, skip_first=8)
    assert str(raised.value) == (
        "callbacks[0]: Profile would start to record in step 11, but the training has only 10 steps. Reduce `skip_first`, `wait` or `warmup`."
    )
    assert not (tmp_path / "run").exists()


def test_a_training_that_is_stopped_before_profiling_starts_is_reported(tmp_path):
    class Stopping:
        @hookline.hookimpl
        def log(self, run):
            run.stop("Enough.")

    with pytest.warns(hookline.HooklineWarning) as warned:
        profiled(tmp_path, skip_first=6, plugins=[Stopping()])
    assert [str(warning.message) for warning in warned] == [
        "Profile recorded nothing: the training ended after 5 steps, but it would have started in step 9."
    ]
    assert not (tmp_path / "run/profile").exists()


class InTheWay:
    """Creates a directory in place of a file, or a file in place of a directory."""

    def __init__(self, path, is_file):
        self._path, self._is_file = path, is_file

    @hookline.hookimpl(wrapper=True)
    def fit(self, run):
        if self._is_file:
            (run.directory / self._path).touch()
        else:
            (run.directory / self._path).mkdir(parents=True)
        return (yield)


@pytest.mark.parametrize(
    ("path", "is_file", "message"),
    [
        ("profile", True, r"The profile cannot be written to .*profile: File exists\.$"),
        ("profile/table.txt", False, r".*profile/table\.txt: The file cannot be written: Is a directory\.$"),
    ],
)
def test_a_file_that_cannot_be_written_is_a_warning_and_training_continues(path, is_file, message, tmp_path):
    with pytest.warns(hookline.HooklineWarning, match=rf"(?m)^{message}"):
        profiled(tmp_path, plugins=[InTheWay(path, is_file)])
    assert not torch.autograd._profiler_enabled()


def test_a_trace_that_torch_does_not_write_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.profiler.profile, "export_chrome_trace", lambda profiler, path: None)
    with pytest.warns(hookline.HooklineWarning, match=r"(?m)^The profile cannot be written to .*trace\.json\.$"):
        profiled(tmp_path)
    assert not torch.autograd._profiler_enabled()


def test_sorting_by_an_unavailable_device_is_an_error(tmp_path):
    with pytest.raises(hookline.errors.MismatchError) as raised:
        profiled(tmp_path, sort_by="self_cuda_time_total")
    assert str(raised.value) == "callbacks[0].sort_by: The run is on a CPU, so there is no CUDA column to sort by."


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        ([{"every": 2}], "callbacks[0].every: Use `skip_first`, `wait`, `active`"),
        ([{"first": 2}], "callbacks[0].first: Use `skip_first`, `wait`, `active`"),
        ([{"last": 2}], "callbacks[0].last: Use `skip_first`, `wait`, `active`"),
        ([{}, {"wait": 5}], "callbacks[1]: torch supports one profiler at a time: remove the other Profile."),
        ([{"sort_by": "cpu_memory_usage"}], "callbacks[0].sort_by: To sort by memory, set"),
        ([{"sort_by": "cpu_tim"}], "callbacks[0].sort_by:"),
        ([{"active": 0}], "callbacks[0].active:"),
    ],
)
def test_contradictory_options_are_an_error(callbacks, message):
    with pytest.raises(hookline.errors.SpecError) as raised:
        small(*({"type": "Profile", **options} for options in callbacks))
    assert f"spec: {message}" in str(raised.value)


def test_the_schedule_is_torchs_with_its_defaults_except_for_repeat():
    from inspect import signature

    from attrs import fields

    from hookline.plugins.manager import Plugins

    options = {
        field.name: field.default for field in fields(next(k for k in Plugins().catalog if k.__name__ == "Profile"))
    }
    schedule, profile = (signature(f).parameters for f in (torch.profiler.schedule, torch.profiler.profile))
    assert set(schedule) - set(options) == {"skip_first_wait"}
    assert options["skip_first"] == schedule["skip_first"].default
    looking = ("record_shapes", "profile_memory", "with_stack", "with_flops")
    assert {name: options[name] for name in looking} == {name: profile[name].default for name in looking}

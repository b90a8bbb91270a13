"""Real signals: sent to this process, or to a child process if they end it."""

import json
import os
import signal
import threading

import pytest
from small_training import small

import hookline
from hookline.cli.main import main
from hookline.plugins.signals import Interruption, ending_at_once

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
REASONS = ["It was interrupted from the keyboard.", "It was ended by SIGTERM.", "It was ended by SIGHUP."]


@pytest.fixture(autouse=True)
def _usual_handlers():
    """Background processes and their children ignore Ctrl-C."""
    before = [signal.signal(number, handler) for number, handler in zip(SIGNALS, USUAL, strict=True)]
    yield
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


USUAL = [signal.default_int_handler, signal.SIG_DFL, signal.SIG_DFL]


class Sending:
    """Sends signals to this process in a stage, after this number of steps."""

    def __init__(self, *numbers, step=3):
        self.numbers, self.at = numbers, step

    @hookline.hookimpl(wrapper=True)
    def forward(self, run):
        outputs = yield
        if run.step == self.at and run.is_stepping:
            for number in self.numbers:
                os.kill(os.getpid(), number)
        return outputs


PLUGIN = """
import os
import hookline

@hookline.hookimpl(wrapper=True)
def step():
    answer = yield
    for number in {numbers}:
        os.kill(os.getpid(), number)
    return answer
"""


def handlers():
    return [signal.getsignal(number) for number in SIGNALS]


def in_a_child(function, capfd):
    """The exit code of a child process that runs a function, or minus the signal that ended it, and its standard error."""
    capfd.readouterr()
    child = os.fork()
    if not child:
        signal.alarm(300)  # A thread of torch that the fork did not copy may hold a lock: the test then fails.
        code = 99
        try:
            code = function()
        finally:
            os._exit(99 if code is None else code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), capfd.readouterr().err


@pytest.mark.parametrize(("number", "reason"), list(zip(SIGNALS, REASONS, strict=True)))
def test_a_signal_ends_training_after_the_step_and_saves_the_results(number, reason, tmp_path):
    with pytest.raises(hookline.Interrupted) as raised:
        hookline.train(small(), plugins=[Sending(number)], out=tmp_path / "run")
    trial = raised.value.trial
    assert (raised.value.number, trial.state, trial.stopped) == (number, "interrupted", reason)
    assert (trial.steps, trial.epochs) == (4, 1)
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert (result["state"], result["stopped"], result["steps"]) == ("interrupted", reason, 4)
    assert (tmp_path / "run/model.safetensors").exists()
    assert handlers() == USUAL


def spec_in(directory):
    path = directory / "spec.toml"
    path.write_text(hookline.dumps(small(), directory))
    return str(path)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_exit_code_is_that_of_the_signal(number, tmp_path, capsys):
    plugin = tmp_path / "sending.py"
    plugin.write_text(PLUGIN.format(numbers=[int(number)]))
    code = main(["train", spec_in(tmp_path), "-q", "--out", str(tmp_path / "run"), "-p", str(plugin)])
    assert code == 128 + number
    reported = "Interrupted.\n" if number == signal.SIGINT else f"Ended by {number.name}.\n"
    assert capsys.readouterr().err == reported
    assert json.loads((tmp_path / "run/result.json").read_text())["steps"] == 1
    assert handlers() == USUAL


def test_the_second_signal_ends_the_process_immediately(tmp_path, capfd):
    plugin = tmp_path / "sending.py"
    plugin.write_text(PLUGIN.format(numbers=[2, 15]))
    arguments = ["train", spec_in(tmp_path), "-q", "--out", str(tmp_path / "run"), "-p", str(plugin)]
    assert in_a_child(lambda: main(arguments), capfd) == (143, "Ended by SIGTERM.\n")
    assert not (tmp_path / "run/result.json").exists()


@pytest.mark.parametrize("number", SIGNALS)
def test_before_training_a_signal_ends_the_process_even_during_an_import_that_catches_it(number, tmp_path, capfd):
    plugin = tmp_path / "swallowing.py"
    plugin.write_text(f"import os\ntry:\n    os.kill(os.getpid(), {int(number)})\nexcept BaseException:\n    pass\n")
    arguments = ["train", spec_in(tmp_path), "-q", "--out", str(tmp_path / "run"), "-p", str(plugin)]
    reported = "Interrupted.\n" if number == signal.SIGINT else f"Ended by {number.name}.\n"
    assert in_a_child(lambda: main(arguments), capfd) == (128 + number, reported)
    assert not (tmp_path / "run").exists()


def test_a_signal_during_exit_does_not_change_the_exit_code(capfd):
    def function():
        with ending_at_once() as exit_with:
            exit_with(2)
        os.kill(os.getpid(), signal.SIGINT)

    assert in_a_child(function, capfd) == (2, "")


def test_a_signal_to_a_forked_process_ends_it(tmp_path, capfd):
    statuses = []

    def fork():
        statuses.append(in_a_child(lambda: os.kill(os.getpid(), signal.SIGTERM), capfd))

    forking = hookline.before("log", lambda run: fork() if run.epoch == 1 else None)
    assert hookline.train(small(), plugins=[forking], out=tmp_path / "run").state == "finished"
    assert statuses == [(-signal.SIGTERM, "")]


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: None])
def test_ignored_signals_and_other_handlers_are_unchanged(handler, tmp_path):
    signal.signal(signal.SIGHUP, handler)
    with ending_at_once():
        assert signal.getsignal(signal.SIGHUP) == handler
        trial = hookline.train(small(), plugins=[Sending(signal.SIGHUP)], out=tmp_path / "run")
    assert (trial.state, trial.epochs) == ("finished", 3)
    assert signal.getsignal(signal.SIGHUP) == handler


def test_in_another_thread_no_handler_is_changed():
    seen = []

    def listen():
        with Interruption() as interruption:
            interruption.listen()
            seen.append(handlers())

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert seen == [USUAL]


@pytest.mark.parametrize("stage", ["step", "forward", "loss"])
def test_interrupting_a_run_ends_it_after_the_current_step(stage, tmp_path):
    interrupt = hookline.before(stage, lambda run: run.interrupt() if run.step == 3 and run.epoch == 2 else None)
    with pytest.raises(hookline.Interrupted) as raised:
        hookline.train(small(), plugins=[interrupt], out=tmp_path / "run")
    assert (raised.value.trial.steps, raised.value.trial.epochs) == (4, 1)


def test_a_signal_during_evaluation_ends_training_before_the_next_batch(tmp_path):
    calls = []

    class Evaluated:
        @hookline.hookimpl(wrapper=True)
        def forward(self, run, model):
            if run.epoch == 2 and not model.training and not run.is_trained:
                calls.append(run.step)
                os.kill(os.getpid(), signal.SIGTERM)
            return (yield)

    sections = {"data": {**hookline.spec.plain(small(), tmp_path)["data"], "batch_size": 10}}
    sections["data"]["path"] = str(small().data.path)
    with pytest.raises(hookline.Interrupted) as raised:
        hookline.train(small(**sections), plugins=[Evaluated()], out=tmp_path / "run")
    assert len(calls) == 1
    assert (raised.value.trial.epochs, raised.value.trial.weights.epoch) == (1, 2)


def test_a_signal_during_deployment_ends_the_command_before_the_next_target(tmp_path):
    class Deploying:
        @hookline.hookimpl(wrapper=True)
        def deploy(self):
            os.kill(os.getpid(), signal.SIGTERM)
            return (yield)

    with pytest.raises(hookline.Interrupted) as raised:
        hookline.train(small(deploy=[{"type": "Safetensors"}]), plugins=[Deploying()], out=tmp_path / "run")
    assert raised.value.number == signal.SIGTERM
    assert json.loads((tmp_path / "run/result.json").read_text())["state"] == "finished"
    assert not (tmp_path / "run/safetensors").exists()


def test_a_signal_while_resources_are_closed_is_reported_with_the_trial(tmp_path):
    plugin = hookline.before("fit", lambda run: run.resources.callback(os.kill, os.getpid(), signal.SIGTERM) and None)
    with pytest.raises(hookline.Interrupted) as raised:
        hookline.train(small(epochs=1), plugins=[plugin], out=tmp_path / "run")
    assert (raised.value.number, raised.value.trial.state) == (signal.SIGTERM, "finished")
    assert handlers() == USUAL

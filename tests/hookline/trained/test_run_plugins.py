from small_training import small

import hookline
from hookline.cli.main import main

PLUGIN = """
from hookline import hookimpl
from hookline.spec import CallbackSpec, spec


@spec
class Mine(CallbackSpec):
    \"\"\"Sees each record.\"\"\"

    @hookimpl(wrapper=True)
    def log(self):
        return (yield)


@hookimpl
def register_specs():
    return [Mine]
"""


def test_every_command_for_a_run_says_how_to_pass_the_plugin_file_that_the_run_used(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(PLUGIN)
    (tmp_path / "spec.toml").write_text(hookline.dumps(small({"type": "Checkpoint"}, epochs=1), tmp_path))
    (tmp_path / "more.toml").write_text('[callbacks.Mine]\ntype = "Mine"\n')
    assert main(["train", "spec.toml", "--with", "more.toml", "-p", "mine.py", "-q", "--out", "run"]) == 0
    for words in (["resume", "run"], ["plan", "--resume", "run"], ["verify", "run"], ["train", "--locked", "run"]):
        assert main(words) == 2
        error = capsys.readouterr().err
        assert error.startswith("run: The run used the plugin file mine.py. Code in a run directory is never run")
        assert "`-p run/plugins/mine.py`" in error
    assert main(["resume", "run", "-p", "run/plugins/mine.py", "--set", "run.epochs=2", "-q"]) == 0

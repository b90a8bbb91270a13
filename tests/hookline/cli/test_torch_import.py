import gc
import subprocess
import sys

SPEC = """
[run]
epochs = 1

[data]
type = "Random"
features = 2
targets = [0, 1]

[model]
type = "Linear"
out_features = 1

[loss]
type = "MSELoss"

[optimizer]
type = "SGD"
"""
PLUGIN = """
import gc
import sys

import torch
from hookline import hookimpl


@hookimpl(wrapper=True)
def step(run):
    names = [type(finder).__name__ for finder in sys.meta_path]
    print("step", gc.isenabled(), gc.get_freeze_count() > 100_000, "TorchFinder" in names)
    return (yield)
"""


def test_a_command_collects_no_garbage_among_the_objects_of_torch_even_if_a_plugin_imports_it(tmp_path):
    (tmp_path / "spec.toml").write_text(SPEC)
    (tmp_path / "plugin.py").write_text(PLUGIN)
    words = ["train", "spec.toml", "-p", "plugin.py", "--quiet", "--out", "run"]
    run = subprocess.run(
        [sys.executable, "-m", "hookline", *words], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert run.stdout == "step True True False\n"


def test_a_call_of_main_changes_neither_the_finders_nor_the_collection_of_its_process(tmp_path, monkeypatch):
    from hookline.cli.main import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(SPEC)
    before = list(sys.meta_path), gc.get_freeze_count()
    assert main(["check", "spec.toml"]) == 0
    assert (sys.meta_path, gc.get_freeze_count()) == before
    assert gc.isenabled()

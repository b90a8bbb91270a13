"""Inspecting a spec imports, runs, writes and contacts nothing that the spec names."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from exhaustive import EXHAUSTIVE

ROOT = Path(__file__).parents[2]


# 5 does not divide the number of hostile strings, so every fifth pair covers all of them.
@pytest.mark.parametrize(("every", "least"), [(5, 100), pytest.param(1, 300, marks=EXHAUSTIVE)])
def test_inspecting_hostile_specs_has_no_side_effects(tmp_path, every, least):
    spec, data = ROOT / "specs" / "breast_cancer.toml", ROOT / "specs" / "data" / "breast_cancer.csv"
    command = [sys.executable, str(ROOT / "tests" / "support" / "hostile_specs.py"), str(spec), str(data), str(every)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    reported = json.loads(done.stdout)
    assert reported["events"] == []
    assert reported["modules"] == []
    assert reported["files"] == ["below", "good.toml", "spec.toml"]
    assert reported["specs"] > least


def test_the_audit_hook_detects_side_effects(tmp_path):
    script = """
import subprocess, sys, pathlib, socket
from hostile_specs import Watch
watch = Watch()
watch.is_watching = True
pathlib.Path("x").write_text("x")
exec("1")
try:
    import hostile
except ImportError:
    pass
socket.socket().close()
subprocess.run([sys.executable, "-c", ""])
watch.is_watching = False
print({event for event, _ in watch.events} >= {"open", "exec", "import", "socket.__new__", "subprocess.Popen"})
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "tests" / "support"), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True\n"

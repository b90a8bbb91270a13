import os
import subprocess
import sys

import pytest

INTERRUPTING = """
import os, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # Background processes ignore it.
os.kill(os.getpid(), signal.SIGINT)
time.sleep(60)
"""


@pytest.mark.parametrize("imported", ["argparse", "threading"])
def test_ctrl_c_while_the_command_is_imported_ends_it_without_a_traceback(imported, tmp_path):
    (tmp_path / f"{imported}.py").write_text(INTERRUPTING)
    command = [sys.executable, "-m", "hookline", "--version"]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "Interrupted.\n")


def test_the_package_imports_nothing_until_a_name_is_used():
    code = "import sys; before = set(sys.modules); import hookline.cli.start; print(*sorted(set(sys.modules) - before))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["hookline", "hookline.cli", "hookline.cli.start"]

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import torch
from hookline.tuning.stacked.computing.memory import keep_freed_memory

def step():
    return [torch.ones(2**20) for _ in range(8)][0][0]

keep_freed_memory()
step(), step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="Other C libraries keep memory in their own ways.")
def test_steps_use_the_memory_of_earlier_ones():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 4 * 8 * 1024 / 4  # Each of the four steps has eight tensors of 1,024 pages.

"""What all tests share."""

import os

# Many tests run at once: each is to use one core, and threads that wait for each other are not to keep one busy.
# torch reads these when it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

pytest_plugins = ["pytester"]

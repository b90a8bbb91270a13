"""What all tests share."""

import os

from hypothesis import settings

# Many tests run at once: each is to use one core, and threads that wait for each other are not to keep one busy.
# torch reads these when it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

pytest_plugins = ["pytester"]

settings.register_profile("sampled", deadline=None, max_examples=100)
settings.register_profile("exhaustive", deadline=None, max_examples=600)
settings.load_profile("sampled")  # `make test-all` loads the other one.

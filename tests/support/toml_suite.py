"""The path of the TOML conformance files: beside the project, or in `HOOKLINE_TOML_TEST`."""

import os
from pathlib import Path

import pytest

PLACE = Path(os.environ.get("HOOKLINE_TOML_TEST", Path(__file__).parents[3] / "shared" / "toml-test"))
VALID, INVALID = (sorted(PLACE.glob(f"{kind}/**/*.toml")) for kind in ("valid", "invalid"))

needed = pytest.mark.skipif(not VALID, reason=f"The conformance files of TOML are not in {PLACE}.")

"""Where the conformance files of TOML are: beside the project, or where `HOOKLINE_TOML_TEST` says."""

import os
from pathlib import Path

import pytest

PLACE = Path(os.environ.get("HOOKLINE_TOML_TEST", Path(__file__).parents[3] / "shared" / "toml-test"))
VALID, INVALID = (sorted(PLACE.glob(f"{kind}/**/*.toml")) for kind in ("valid", "invalid"))

needed = pytest.mark.skipif(not VALID, reason=f"The conformance files of TOML are not in {PLACE}.")

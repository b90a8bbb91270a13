"""Read and check bytes from atheris as a spec. `test_fuzzing.py` runs this script.

Only Hookline's own errors may leave the reader. What else does ends the script, with the bytes in a file.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["hookline"]):
    from hookline.check.load import Loader
    from hookline.check.toml import document as documents
    from hookline.check.toml.files import source_of
    from hookline.errors.exceptions import HooklineError
    from hookline.errors.text import dotted

LOADER = Loader()
LOADER.check(documents.from_table({}))


def check(content):
    try:
        source = source_of(content, "spec.toml", Path("/nowhere"))
        problems = LOADER.check(documents.from_source(source))
    except HooklineError:
        return
    for problem in problems:
        place = problem.place
        assert place is not None
        assert 0 <= place.start <= place.end <= len(place.source.text), dotted(problem.path)


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()

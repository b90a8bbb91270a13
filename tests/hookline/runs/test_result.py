"""The content of `result.json`."""

import sys

from hookline.runs import result


def test_versions_cover_the_packages_that_results_depend_on():
    import numpy
    import torch

    versions = result.versions()
    assert list(versions) == ["python", "hookline", "torch", "numpy"]
    assert versions["numpy"] == numpy.__version__
    assert torch.__version__.startswith(versions["torch"])
    assert sys.version.startswith(versions["python"])

import pytest
from small_training import small

import hookline
from hookline.runs import directory, examples, lock, manifest
from hookline.spec.conflicts.output_conflicts import RESERVED


@pytest.mark.parametrize(
    ("callbacks", "deploy", "path", "message", "against"),
    [
        (
            [{"type": "LearningRateFinder"}, {"type": "CSVLog", "file": "Learning_rate.csv"}],
            [],
            ("callbacks", 1, "file"),
            'LearningRateFinder also writes to "Learning_rate.csv": set another `file`.',
            ("callbacks", 0),
        ),
        (  # The error is at the option that can be changed, wherever it is.
            [{"type": "CSVLog", "file": "timing.csv"}, {"type": "Timing"}],
            [],
            ("callbacks", 0, "file"),
            'Timing also writes to "timing.csv": set another `file`.',
            ("callbacks", 1),
        ),
        (
            [{"type": "Predictions", "directory": "safetensors"}],
            [{"type": "Safetensors"}],
            ("callbacks", 0, "directory"),
            'Safetensors also writes to "safetensors": set another `directory`.',
            ("deploy", 0),
        ),
        (
            [],
            [{"type": "ONNX", "tolerance": 1e-5}, {"type": "ONNX", "tolerance": 1e-6}],
            ("deploy", 1),
            "This writes to the same directory as deploy[0]: deploy one of them later, with `-o`.",
            ("deploy", 0),
        ),
        (  # It would be taken for a trial.
            [{"type": "Predictions", "directory": "trial-2"}],
            [],
            ("callbacks", 0, "directory"),
            '"trial-2" is reserved for Hookline: choose another name.',
            None,
        ),
    ],
)
def test_components_that_write_to_the_same_place_are_reported(callbacks, deploy, path, message, against):
    with pytest.raises(hookline.errors.SpecError) as raised:
        small(*callbacks, deploy=deploy)
    [problem] = raised.value.problems
    assert (problem.path, problem.text) == (path, message)
    assert problem.related == (() if against is None else (against,))


def test_the_files_of_a_run_are_reserved():
    names = [directory.SPEC, directory.LOCK, directory.LOG, directory.DATA, directory.PLOT, directory.RESULT]
    names += [directory.MODEL, directory.CRITERION, examples.TABLE, examples.ARRAYS, lock.NAME, manifest.NAME]
    assert {*names, *(one.partition("/")[0] for one in manifest.LISTED)} == RESERVED

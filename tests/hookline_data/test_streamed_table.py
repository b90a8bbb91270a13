"""The options `stream` and `pool`."""

import pytest

from hookline.check.load import Loader
from hookline.check.toml.document import from_table
from hookline.cli.main import main


def problems(tmp_path, **data):
    (tmp_path / "rows.csv").write_text("a,t,s,w,y\n" + "1,2,u,1,no\n2,3,v,1,yes\n" * 9)
    table = {
        "data": {"type": "CSV", "path": str(tmp_path / "rows.csv"), "inputs": "a", "targets": "y", **data},
        "model": {"type": "Linear", "out_features": 2},
        "loss": {"type": "CrossEntropyLoss"},
        "optimizer": {"type": "SGD", "lr": 0.1},
    }
    return [str(problem) for problem in Loader().check(from_table(table))]


STREAMED = "but `stream` reads some of them after the others."
SPLITS = "Use fractions, files of their own, or a column: see `split_column`."


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({}, None),
        ({"pool": 100, "validation": 0.2, "group_column": "s"}, None),
        (
            {"validation": 0.2, "stratify": True},
            f"data.stratify: Stratifying needs the classes of all rows at once, {STREAMED} {SPLITS}",
        ),
        ({"folds": 3}, f"data.folds: Folds need all rows at once, {STREAMED} {SPLITS}"),
        (
            {"validation": 0.2, "time_column": "t"},
            f"data.time_column: Sorting by time needs all rows at once, {STREAMED} Write the splits into files of "
            "their own, or name them in a column: see `split_column`.",
        ),
        (
            {"sampler": "balanced"},
            f"data.sampler: A sampler needs the weights of all rows at once, {STREAMED} Weight the loss instead, such "
            'as by `weight = "balanced"`.',
        ),
        (
            {"shape": [1, 1, 1], "transforms": [{"type": "RandomHorizontalFlip"}, {"type": "Normalize"}]},
            "data.transforms[1]: Normalize computes statistics of all training images, but `stream` does not hold them "
            "in memory: set its `mean` and `std`.",
        ),
        ({"stream": False, "pool": 8}, "data.pool: This has no effect without `stream`."),
    ],
)
def test_options_that_need_all_rows_are_reported(data, problem, tmp_path):
    found = problems(tmp_path, **{"stream": True, **data})
    assert found == ([] if problem is None else [problem])


def test_sources_that_draw_rows_cannot_be_streamed(tmp_path):
    source = {"type": "CSV", "path": str(tmp_path / "rows.csv"), "inputs": "a", "targets": "y", "stream": True}
    (tmp_path / "rows.csv").write_text("a,y\n1,2\n")
    table = {
        "data": {"type": "Pairs", "source": source},
        "model": {"type": "Linear", "out_features": 2},
        "loss": {"type": "CosineEmbeddingLoss"},
        "optimizer": {"type": "SGD", "lr": 0.1},
    }
    assert [str(problem) for problem in Loader().check(from_table(table))] == [
        "data.source.stream: Pairs draws from all rows, so its source cannot be streamed: remove it."
    ]


def test_a_check_does_not_import_what_reads_the_rows(tmp_path, monkeypatch, capsys):
    import sys

    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("a,y\n1,2\n")
    (tmp_path / "spec.toml").write_text(
        'data = { type = "CSV", path = "rows.csv", targets = "y", stream = true }\n'
        'model = { type = "Linear", out_features = 1 }\nloss = { type = "MSELoss" }\noptimizer = { type = "SGD", lr = 1 }\n'
    )
    monkeypatch.delitem(sys.modules, "hookline_data.streaming.make_batches", raising=False)
    assert main(["check", "spec.toml"]) == 0
    assert "hookline_data.streaming.make_batches" not in sys.modules

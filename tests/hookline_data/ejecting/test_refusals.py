"""What `hookline eject` cannot write about data is named, with its place."""

import lzma

import pytest

import hookline
from hookline.errors import SpecError

ROWS = "a,text,t\n" + "".join(f"{index},word{index % 3} ö,{index % 2}\n" for index in range(12))
LINEAR = {"type": "Sequential", "layers": [{"type": "Linear"}]}
BAG = {"type": "Sequential", "layers": [{"type": "EmbeddingBag", "embedding_dim": 2}, {"type": "Linear"}]}


def refused(data, model=LINEAR):
    """The problems of a spec that cannot be written."""
    spec = {
        "run": {"epochs": 1},
        "data": {"type": "CSV", "inputs": "a", "targets": "t", **data},
        "model": model,
        "loss": {"type": "CrossEntropyLoss"},
        "optimizer": {"type": "SGD"},
    }
    with pytest.raises(SpecError) as raised:
        hookline.eject(hookline.load(spec))
    assert {problem.id for problem in raised.value.problems} == {"not-ejectable"}
    return [str(problem) for problem in raised.value.problems]


def test_a_file_that_pyarrow_does_not_read(tmp_path):
    path = tmp_path / "rows.csv.xz"
    path.write_bytes(lzma.compress(ROWS.encode()))
    [problem] = refused({"path": str(path)})
    assert problem.startswith("data.path: pyarrow does not read the file rows.csv.xz (UnicodeDecodeError: ")


def test_cells_that_a_script_would_read_differently(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(
        ROWS.replace(",1\n", ",one\n").replace(",0\n", ",zero\n").replace("3,word0 ö,one", "3,word0 ö, one")
    )
    [problem] = refused({"path": str(path)})
    assert problem == "data: Its lines would give other numbers in batch 1 of the training split."


def test_a_pattern_that_python_reads_differently(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    kind = {"type": "Tokens", "token_pattern": r"\pL+"}
    assert refused({"path": str(path), "inputs": "text", "columns": {"text": kind}}, BAG) == [
        "data.columns.text.token_pattern: Python's regular expressions may have another meaning."
    ]

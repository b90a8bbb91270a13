import re

import pytest

import hookline

SPEC = """\
[data]
type = "CSV"
path = "rows.csv"
targets = "y"

[data.columns]
a = { type = "StandardScaler", missing = "mean" }
b = { type = "OneHotEncoder", missing = "category" }

[model]
type = "Sequential"
layers = [{ type = "Linear", out_features = 1 }]

[loss]
type = "MSELoss"

[optimizer]
type = "SGD"
lr = 0.1
"""


@pytest.mark.parametrize(
    ("a", "b", "names_marks"),
    [
        ("NA", "", False),
        ("?", "x", True),  # pyarrow's own marks lack it.
        ("1", "-nan", True),  # It is one of pyarrow's own marks, and a category here.
    ],
)
def test_a_script_names_the_marks_of_missing_cells_only_if_those_of_pyarrow_differ(
    tmp_path, monkeypatch, a, b, names_marks
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(f"a,b,y\n1,x,1\n{a},x,2\n3,{b},3\n2,z,4\n")
    (tmp_path / "spec.toml").write_text(SPEC)
    script = hookline.eject(hookline.load("spec.toml"))
    given = re.findall(r"convert_options = csv.ConvertOptions\((.*?)strings_can_be_null=True", script, re.DOTALL)
    assert ["null_values" in one for one in given] == [names_marks]

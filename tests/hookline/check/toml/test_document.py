import os
from functools import partial
from pathlib import Path

import pytest

import hookline
from hookline import HooklineError
from hookline.check.toml import document as documents
from hookline.check.toml.files import file_source
from hookline.errors import SpecError
from hookline.spec.training import SEVERAL

read, from_table = partial(documents.read, lists=SEVERAL), partial(documents.from_table, lists=SEVERAL)


def written(tmp_path, text, name="spec.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def sound(document):
    """The table of a document, unless something is wrong with how it was put together."""
    if document.problems:
        raise SpecError(document.problems, "spec")
    return document.table


def changed(table, *changes):
    return sound(from_table(table, overrides=changes))


def test_a_file_is_read_as_toml(tmp_path):
    path = written(tmp_path, 'x = 1\n[run]\nname = "mine"\nepochs = 3\n[model]\nlayers = [{ type = "ReLU" }]\n')
    document = read(path)
    assert document.table == {
        "x": 1,
        "run": {"name": "mine", "epochs": 3},
        "model": {"layers": [{"type": "ReLU"}]},
    }
    assert (document.source.name, document.directory) == (str(path), tmp_path)


def test_the_source_keeps_the_given_name_and_the_directory_is_absolute(tmp_path, monkeypatch):
    written(tmp_path, "")
    monkeypatch.chdir(tmp_path)
    document = read("spec.toml")
    assert (document.source.name, document.directory) == ("spec.toml", tmp_path)


def test_non_ascii_text_is_read_as_utf8(tmp_path):
    assert read(written(tmp_path, 'x = "größe"')).table["x"] == "größe"


def test_a_byte_order_mark_of_windows_editors_is_skipped(tmp_path):
    assert read(written(tmp_path, "\ufeffx = 1")).table["x"] == 1


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("iris.toml", "iris"),
        ("iris.v2.toml", "iris.v2"),
        ("my spec.toml", "my_spec"),
        ("größe.toml", "gr__e"),
        ("-x.toml", "x"),
        ("--.toml", "run"),
        (".toml", "toml"),
        ("no_suffix", "no_suffix"),
    ],
)
def test_a_run_without_a_name_is_named_after_the_file(tmp_path, file, name):
    assert read(written(tmp_path, "", file)).table == {"run": {"name": name}}


@pytest.mark.parametrize(("text", "run"), [("run = 3", 3), ("run = []", []), ("[[run]]", [{}])])
def test_a_run_that_is_not_a_table_is_left_to_the_reader(tmp_path, text, run):
    assert read(written(tmp_path, text)).table == {"run": run}


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(HooklineError) as error:
        read(tmp_path / "none.toml")
    assert str(error.value) == f"{tmp_path / 'none.toml'}: There is no such file."


def test_a_directory_is_not_a_file(tmp_path):
    with pytest.raises(HooklineError) as error:
        read(tmp_path)
    assert str(error.value) == f"{tmp_path}: This is a directory, not a spec."


def test_a_file_that_is_not_utf8_is_reported_with_the_byte(tmp_path):
    path = tmp_path / "latin.toml"
    path.write_bytes('x = "größe"'.encode("latin-1"))
    with pytest.raises(SpecError) as error:
        read(path)
    assert str(error.value) == f"{path}:1:8: The file is not text in UTF-8. Byte 7 is invalid."
    path.write_text("[run]", encoding="utf-16")
    with pytest.raises(SpecError) as error:
        read(path)
    assert str(error.value) == f"{path}:1:1: The file is text in UTF-16. Save it in UTF-8."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = 1\nepochs = = 2", "2:10: This is not TOML. One equals sign is enough."),
        ("[run\nx = 1", "1:5: This is not TOML. The header is not closed: ] is missing."),
        ('a = 1\nb = "x', '2:7: This is not TOML. The string is not closed on its line: " is missing.'),
        ("a = 1\na = 2\nb = 3", '2:1: The key "a" is defined a second time here.'),
    ],
)
def test_a_file_that_is_not_toml_is_reported_with_line_and_column(tmp_path, text, problem):
    path = written(tmp_path, text)
    with pytest.raises(SpecError) as error:
        read(path)
    assert str(error.value) == f"{path}:{problem}"


def test_a_table_that_could_be_several_is_shown_with_the_header_of_a_list(tmp_path):
    path = written(tmp_path, "[metrics]\n[run]\n[metrics]")
    with pytest.raises(SpecError) as error:
        read(path, lists=["metrics"])
    assert str(error.value) == (
        f'{path}:3:2: The section "metrics" is defined a second time here. For several, write [[metrics]].'
    )


def test_endless_arrays_are_reported_without_a_recursion_error(tmp_path):
    with pytest.raises(SpecError, match="nested"):
        read(written(tmp_path, f"a = {'[' * 5000}{']' * 5000}"))


def test_a_table_from_python_is_copied(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = {"optimizer": {"lr": 0.1}}
    document = from_table(table, overrides=["optimizer.lr=0.5"])
    assert table == {"optimizer": {"lr": 0.1}}
    assert (document.table, document.directory) == ({"optimizer": {"lr": 0.5}}, tmp_path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.01", 0.01),
        ("3", 3),
        ("1e-3", 0.001),
        ("true", True),
        ('"3"', "3"),
        ("'x'", "x"),
        ("[1, 2]", [1, 2]),
        ('[{ type = "ReLU" }]', [{"type": "ReLU"}]),
        ("HuberLoss", "HuberLoss"),
        (" HuberLoss ", "HuberLoss"),
        ("data/iris.csv", "data/iris.csv"),
        ("two words", "two words"),
        ("a=b", "a=b"),
        ("3 # three", 3),
        ("", ""),
    ],
)
def test_a_value_is_parsed_as_toml_or_else_a_string(text, value):
    found = changed({}, f"x={text}")["x"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("a=5", {"a": 5, "b": {"c": 2, "d": [{"e": 3}, 4]}}),
        ("b.c=5", {"a": 1, "b": {"c": 5, "d": [{"e": 3}, 4]}}),
        (" b . c = 5", {"a": 1, "b": {"c": 5, "d": [{"e": 3}, 4]}}),
        ("b.d.0.e=5", {"a": 1, "b": {"c": 2, "d": [{"e": 5}, 4]}}),
        ("b.d.0.f=5", {"a": 1, "b": {"c": 2, "d": [{"e": 3, "f": 5}, 4]}}),
        ("b.d.1=5", {"a": 1, "b": {"c": 2, "d": [{"e": 3}, 5]}}),
        ("b=5", {"a": 1, "b": 5}),
        ("f=5", {"a": 1, "b": {"c": 2, "d": [{"e": 3}, 4]}, "f": 5}),
        ("f.g.h=5", {"a": 1, "b": {"c": 2, "d": [{"e": 3}, 4]}, "f": {"g": {"h": 5}}}),
        ('"x=y".z=5', {"a": 1, "b": {"c": 2, "d": [{"e": 3}, 4]}, "x=y": {"z": 5}}),
    ],
)
def test_a_change_affects_only_its_path(change, table):
    assert changed({"a": 1, "b": {"c": 2, "d": [{"e": 3}, 4]}}, change) == table


def test_changes_are_applied_in_order():
    assert changed({}, "a.b=1", "a.c=2", "a.b=3") == {"a": {"b": 3, "c": 2}}


@pytest.mark.parametrize(
    "change", ["lr", "", "=3", "optimizer.lr", "optimizer..lr=1", ".lr=1", "a b=1", "x=1\ny=2", "# x=1"]
)
def test_text_that_is_not_a_path_and_a_value_is_refused(change):
    with pytest.raises(SpecError) as error:
        changed({}, change)
    assert str(error.value) == f"--set {change}: This is not a path and a value, such as optimizer.lr=0.01."


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (".1", "A number needs digits on both sides of its decimal point: 0.1."),
        ("-1.", "A number needs digits on both sides of its decimal point: -1.0."),
        ("1e", "An exponent needs digits, as in 1e3."),
        ("True", "Write `true`."),
    ],
)
def test_an_almost_valid_value_is_reported_with_a_correction_instead_of_becoming_a_string(value, problem):
    with pytest.raises(SpecError) as error:
        changed({}, f"x={value}")
    assert str(error.value) == f"--set x={value}: {problem}"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("layers.2=1", 'There is no element "2": the indices are 0 to 1.'),
        ("layers.-1=1", 'There is no element "-1": the indices are 0 to 1. Available: "ReLU".'),
        ("layers.Relu.y=1", 'There is no element "Relu": the indices are 0 to 1. Did you mean "ReLU"?'),
    ],
)
def test_a_change_of_a_missing_element_is_refused(change, problem):
    with pytest.raises(SpecError) as error:
        changed({"a": 1, "layers": [1, {"type": "ReLU"}]}, change)
    assert str(error.value).startswith(f"--set {change}: {problem}")


def test_a_change_of_a_type_keeps_the_other_options():
    assert changed({"o": {"type": "Adam", "lr": 0.1}}, "o.type=SGD") == {"o": {"type": "SGD", "lr": 0.1}}


def test_a_table_instead_of_a_value_is_left_to_the_reader():
    assert changed({"a": 1}, "a.b.c=2") == {"a": {"b": {"c": 2}}}


# Files that extend others, and files that are laid over them.

BASE = """\
[optimizer]
type = "Adam"
lr = 0.1
betas = [0.5, 0.9]

[[callbacks]]
type = "EarlyStopping"
patience = 8

[[callbacks]]
type = "GradientClipping"
name = "clip"
max_norm = 1.0
"""
CALLBACKS = [
    {"type": "EarlyStopping", "patience": 8},
    {"type": "GradientClipping", "name": "clip", "max_norm": 1.0},
]


def extending(tmp_path, text, base=BASE):
    written(tmp_path, base, "base.toml")
    table = sound(read(written(tmp_path, f'extends = "base.toml"\n{text}')))
    del table["run"]
    return table


def test_a_file_inherits_the_file_that_it_extends_and_changes_it_key_by_key(tmp_path):
    assert extending(tmp_path, "[optimizer]\nlr = 0.5\n[model]\nx = 1\n") == {
        "optimizer": {"type": "Adam", "lr": 0.5, "betas": [0.5, 0.9]},
        "callbacks": CALLBACKS,
        "model": {"x": 1},
    }


def test_another_type_replaces_the_whole_component(tmp_path):
    found = extending(tmp_path, '[optimizer]\ntype = "SGD"\nmomentum = 0.9\n')
    assert found["optimizer"] == {"type": "SGD", "momentum": 0.9}


def test_a_type_knows_all_places_that_set_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, 'optimizer = { type = "Adam", lr = 0.1 }\n', "base.toml")
    written(tmp_path, 'extends = "base.toml"\noptimizer.type = "SGD"\n')
    change = 'optimizer={type="AdamW"}'
    optimizer = read("spec.toml", (), [change]).root.value["optimizer"]
    assert list(optimizer.value) == ["type"]
    assert [str(setting.value) for setting in optimizer.value["type"].settings] == [
        "base.toml:1:22",
        "spec.toml:2:18",
        f"--set {change}",
    ]


def test_repeating_the_same_type_changes_nothing(tmp_path):
    found = extending(tmp_path, '[optimizer]\ntype = "Adam"\nlr = 0.5\n')
    assert found["optimizer"] == {"type": "Adam", "lr": 0.5, "betas": [0.5, 0.9]}


def test_an_array_replaces_the_one_below(tmp_path):
    found = extending(tmp_path, '[optimizer]\nbetas = [0.8]\n[[callbacks]]\ntype = "X"\n')
    assert (found["optimizer"]["betas"], found["callbacks"]) == ([0.8], [{"type": "X"}])


@pytest.mark.parametrize(
    ("text", "callbacks"),
    [
        ("[callbacks.EarlyStopping]\npatience = 3\n", [{"type": "EarlyStopping", "patience": 3}, CALLBACKS[1]]),
        ("[callbacks.clip]\nmax_norm = 2.0\n", [CALLBACKS[0], {**CALLBACKS[1], "max_norm": 2.0}]),
        ("[callbacks.1]\nmax_norm = 2.0\n", [CALLBACKS[0], {**CALLBACKS[1], "max_norm": 2.0}]),
        ("[callbacks]\nEarlyStopping = false\n", [CALLBACKS[1]]),
        ("[callbacks]\n0 = false\n1.max_norm = 3.0\n", [{**CALLBACKS[1], "max_norm": 3.0}]),
        ('[callbacks.more]\ntype = "Timing"\n', [*CALLBACKS, {"type": "Timing"}]),
        ('[callbacks.clip]\ntype = "X"\n', [CALLBACKS[0], {"type": "X"}]),
    ],
)
def test_elements_of_an_array_are_changed_removed_and_added_by_name(tmp_path, text, callbacks):
    assert extending(tmp_path, text)["callbacks"] == callbacks


def test_an_element_is_added_by_name_to_an_empty_array(tmp_path, monkeypatch):
    text = '[callbacks.stop]\ntype = "X"\n[callbacks.more]\ntype = "Y"\n'
    for base in ("", "[run]\n", "callbacks = []\n"):
        assert extending(tmp_path, text, base)["callbacks"] == [{"type": "X"}, {"type": "Y"}]
    assert "callbacks" not in extending(tmp_path, "x = 1\n", "[run]\n")
    monkeypatch.chdir(tmp_path)
    Path("base.toml").write_text("[run]\n")
    Path("more.toml").write_text(text)
    assert read("base.toml", ["more.toml"]).table["callbacks"] == [{"type": "X"}, {"type": "Y"}]
    Path("more.toml").write_text("[callbacks.stop]\npatience = 1\n")
    with pytest.raises(SpecError) as error:
        sound(read("base.toml", ["more.toml"]))
    assert str(error.value) == (
        'more.toml:1:12: There is no element "stop": the array is empty. A new element needs a `type`.'
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[callbacks.EarlyStoping]\npatience = 3\n",
            '2:12: There is no element "EarlyStoping": the indices are 0 to 1. Did you mean "EarlyStopping"? '
            "A new element needs a `type`.",
        ),
        ("[callbacks]\n2 = false\n", '3:1: There is no element "2": the indices are 0 to 1.'),
    ],
)
def test_a_missing_element_cannot_be_changed(tmp_path, text, problem):
    with pytest.raises(SpecError) as error:
        extending(tmp_path, text)
    assert str(error.value) == f"{tmp_path / 'spec.toml'}:{problem}"


def test_an_invalid_change_does_not_hide_other_problems(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, 'a = [1, 2]\nb = [{ type = "X" }]\n', "base.toml")
    written(tmp_path, 'extends = "base.toml"\na.7 = false\nb.Y.x = 1\n[b.X]\ny = 2\n')
    written(tmp_path, 'b.type = "Z"\n', "more.toml")
    document = read("spec.toml", ["more.toml"], ["a.9=1", "nothing", "b.X.y=3"])
    assert [f"{problem.place}: {problem.message}" for problem in document.problems] == [
        'spec.toml:2:3: There is no element "7": the indices are 0 to 1.',
        'spec.toml:3:3: There is no element "Y": the only index is 0. Available: "X". A new element needs a `type`.',
        'more.toml:1:3: "type" names no element. To add an element, give it a name, as in [b.mine]; '
        "[[b]] replaces the array.",
        '--set a.9=1: There is no element "9": the indices are 0 to 1.',
        "--set nothing: This is not a path and a value, such as optimizer.lr=0.01.",
    ]
    assert document.table == {"a": [1, 2], "b": [{"type": "X", "y": 3}], "run": {"name": "spec"}}


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ('[m.layers]\ntype = "Linear"\n', "[m.layers.mine]; [[m.layers]] replaces the array."),
        ('[m.layers.0.inner]\ntype = "Linear"\n', "[m.layers.0.inner.mine]."),
    ],
)
def test_a_message_shows_how_to_add_an_element(tmp_path, change, reported):
    base = '[m]\nlayers = [{ type = "Residual", inner = [{ type = "Linear" }] }]\n'
    written(tmp_path, base, "base.toml")
    document = read(written(tmp_path, f'extends = "base.toml"\n{change}'))
    assert [problem.message for problem in document.problems] == [
        f'"type" names no element. To add an element, give it a name, as in {reported}'
    ]


def test_elements_with_equal_names_need_an_index(tmp_path):
    base = '[m]\nlayers = [{ type = "Linear" }, { type = "ReLU" }, { type = "Linear" }]\n'
    assert extending(tmp_path, "[m.layers.ReLU]\nx = 1\n", base)["m"]["layers"][1] == {"type": "ReLU", "x": 1}
    with pytest.raises(SpecError) as error:
        extending(tmp_path, "[m.layers.Linear]\nx = 1\n", base)
    assert 'Several elements are called "Linear"; use an index instead: "0" or "2".' in str(error.value)


def test_files_extend_each_other_over_several_levels_and_directories(tmp_path):
    (tmp_path / "far" / "off").mkdir(parents=True)
    written(tmp_path, "a = 1\nb = 1\nc = 1\n", "far/off/first.toml")
    written(tmp_path, 'extends = "off/first.toml"\nb = 2\nc = 2\n', "far/second.toml")
    written(tmp_path, "c = 3\nd = 3\n", "third.toml")
    document = read(written(tmp_path, 'extends = ["far/second.toml", "third.toml"]\nd = 4\n'))
    assert document.table == {"a": 1, "b": 2, "c": 3, "d": 4, "run": {"name": "spec"}}


def test_paths_in_an_extended_file_are_relative_to_it(tmp_path):
    (tmp_path / "base").mkdir()
    written(tmp_path, (Path("specs") / "iris.toml").read_text(), "base/iris.toml")
    path = written(
        tmp_path, 'extends = "base/iris.toml"\n[data]\nstratify = false\nvalidation = 0.0\ntest = "rows.csv"\n'
    )
    data = hookline.load(path).data
    assert (data.path, data.test) == (tmp_path / "base/data/iris.csv", tmp_path / "rows.csv")


@pytest.mark.parametrize(
    ("files", "cycle"),
    [
        ({"spec": "spec"}, "spec.toml extends spec.toml"),
        ({"spec": "a", "a": "b", "b": "a"}, "a.toml extends b.toml extends a.toml"),
    ],
)
def test_a_file_that_extends_itself_is_an_error_that_names_the_files(tmp_path, monkeypatch, files, cycle):
    monkeypatch.chdir(tmp_path)
    for name, base in files.items():
        written(tmp_path, f'extends = "{base}.toml"\n', f"{name}.toml")
    with pytest.raises(SpecError) as error:
        read("spec.toml")
    assert str(error.value).endswith(f":1:11: extends: The file extends itself: {cycle}.")


@pytest.mark.parametrize(
    ("extends", "problem"),
    [
        ("3", "extends: This must be the path of the file to extend, or an array of paths."),
        ('[""]', "extends: This must be the path of the file to extend, or an array of paths."),
        ('"none.toml"', "extends: none.toml: There is no such file."),
    ],
)
def test_an_invalid_extends_is_reported_at_its_place(tmp_path, monkeypatch, extends, problem):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, f"a = 1\nextends = {extends}\n")
    with pytest.raises(SpecError) as error:
        read("spec.toml")
    assert str(error.value) == f"spec.toml:2:11: {problem}"


def test_an_impossible_path_is_reported_at_its_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("loop.toml").symlink_to("other.toml")
    Path("other.toml").symlink_to("loop.toml")
    for extends, problem in [
        ('"a\\u0000b"', "This is not a path: it contains a NUL character."),
        ('"loop.toml"', "loop.toml: The file cannot be read: Too many levels of symbolic links."),
    ]:
        written(tmp_path, f"a = 1\nextends = {extends}\n")
        with pytest.raises(SpecError) as error:
            read("spec.toml")
        assert str(error.value) == f"spec.toml:2:11: extends: {problem}"


def chain(tmp_path, length):
    """A spec that extends so many files, each of which extends the next one."""
    for number in range(length):
        written(tmp_path, f'extends = "{number + 1}.toml"\nn{number} = 1\n', f"{number}.toml")
    written(tmp_path, "last = 1\n", f"{length}.toml")
    return "0.toml"


def test_a_chain_has_sixteen_files_at_most(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read(chain(tmp_path, 16)).table["last"] == 1
    with pytest.raises(SpecError) as error:
        read(chain(tmp_path, 17))
    assert str(error.value) == ("16.toml:1:11: extends: At most 16 files can extend one another in a chain.")


def test_a_spec_extends_sixty_four_files_at_most(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "a = 1\n", "base.toml")
    written(tmp_path, f"extends = {['base.toml'] * 64}\n")
    assert read("spec.toml").table["a"] == 1
    written(tmp_path, f"extends = {['base.toml'] * 5000}\n")
    with pytest.raises(SpecError) as error:
        read("spec.toml")
    column = len("extends = [") + 64 * len("'base.toml', ") + 1
    assert str(error.value) == (f"spec.toml:1:{column}: extends: A spec can extend at most 64 files in total.")


def test_a_file_that_is_extended_several_times_is_read_once_and_sets_a_value_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(15):
        written(tmp_path, f'extends = ["{number + 1}.toml", "{number + 1}.toml"]\n', f"{number}.toml")
    written(tmp_path, "a = 1\n", "15.toml")
    opened = []
    monkeypatch.setattr(
        "hookline.check.toml.merged_files.file_source",
        lambda path, *homes: opened.append(str(path)) or file_source(path, *homes),
    )
    document = read("0.toml")
    assert opened == [f"{number}.toml" for number in range(1, 16)]
    assert [str(setting.value) for setting in document.root.value["a"].settings] == ["15.toml:1:5"]


def test_an_error_in_an_extended_file_is_reported_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "a = = 1\n", "base.toml")
    written(tmp_path, 'extends = "base.toml"\n')
    with pytest.raises(SpecError) as error:
        read("spec.toml")
    assert str(error.value) == "base.toml:1:5: This is not TOML. One equals sign is enough."


def test_further_files_are_merged_and_then_single_values_changed(tmp_path):
    path = written(tmp_path, "[a]\nx = 1\ny = 1\nz = 1\n")
    overlays = [
        written(tmp_path, f"[a]\n{text}\n", f"{number}.toml") for number, text in enumerate(("y=2", "z=2", "z=3"))
    ]
    assert read(path, overlays, ["a.z=4", "a.w=4"]).table["a"] == {"x": 1, "y": 2, "z": 4, "w": 4}


def test_every_value_knows_all_places_that_set_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, BASE, "base.toml")
    written(tmp_path, "optimizer.lr = 0.2\n", "more.toml")
    written(tmp_path, 'extends = "base.toml"\n[callbacks.EarlyStopping]\npatience = 3\n')
    root = read("spec.toml", ["more.toml"], ["optimizer.lr=0.3", "optimizer.betas.0 = 0.7"]).root

    def places(*path):
        *_, node = root.along(path)
        return [f"{setting.value}: {setting.value.text}" for setting in node.settings]

    assert places("optimizer", "lr") == ["base.toml:3:6: 0.1", "more.toml:1:16: 0.2", "--set optimizer.lr=0.3: 0.3"]
    assert places("callbacks", 0, "patience") == ["base.toml:8:12: 8", "spec.toml:3:12: 3"]
    assert places("callbacks", 0) == ["base.toml:6:1: [[callbacks]]", "spec.toml:2:1: [callbacks.EarlyStopping]"]
    assert places("optimizer", "betas", 0) == ["base.toml:4:10: 0.5", "--set optimizer.betas.0 = 0.7: 0.7"]


def test_a_file_that_is_too_large_is_reported_without_reading_all_of_it(tmp_path):
    path = tmp_path / "large.toml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(SpecError) as error:
        read(path)
    assert str(error.value) == f"{path}:1:1: This is not a spec: the file has more than 256 KiB."


BELOW = '[[metrics]]\ntype = "Accuracy"\n\n[[metrics]]\ntype = "F1Score"\n'


def test_two_changes_of_one_element_under_different_names_both_apply(tmp_path):
    above = "[metrics.Accuracy]\nthreshold = 0.1\n\n[metrics.0]\ntop_k = 2\n"
    assert extending(tmp_path, above, BELOW)["metrics"][0] == {"type": "Accuracy", "threshold": 0.1, "top_k": 2}


def test_a_removed_element_cannot_also_be_changed(tmp_path):
    with pytest.raises(SpecError) as raised:
        extending(tmp_path, "[metrics]\nAccuracy = false\n\n[metrics.0]\ntop_k = 2\n", BELOW)
    assert str(raised.value).endswith('The element "0" is removed and cannot also be changed.')


def test_an_index_may_be_in_brackets_as_in_messages():
    table = {"model": {"layers": [{"a": 1}, {"a": 2}]}}
    assert changed(table, "model.layers[1].a=3")["model"]["layers"] == [{"a": 1}, {"a": 3}]


def test_a_change_with_an_index_in_brackets_knows_its_place():
    change = "model.layers[1].a = 3"
    document = from_table({"model": {"layers": [{"a": 1}, {"a": 2}]}}, overrides=[change])
    [setting] = list(document.root.along(("model", "layers", 1, "a")))[-1].settings
    assert [(str(place), place.text) for place in (setting.key, setting.value)] == [
        (f"--set {change}", "a"),
        (f"--set {change}", "3"),
    ]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("[1,2", "The array is not closed: ] is missing."),
        ("{ a = 1", "The table is not closed: } is missing."),
        ('"a', 'The string is not closed on its line: " is missing.'),
        ("'a", "The string is not closed on its line: ' is missing."),
    ],
)
def test_a_value_that_starts_like_toml_but_is_invalid_is_not_a_string(value, problem):
    document = from_table({}, overrides=[f"a = {value}"])
    [found] = document.problems
    assert (found.message, found.place.text) == (problem, value)
    assert document.table == {}


def test_a_change_adds_a_component_by_name_to_a_missing_section():
    change = "callbacks.EarlyStopping.type=EarlyStopping"
    assert changed({}, change, "callbacks.EarlyStopping.patience=3") == {
        "callbacks": [{"type": "EarlyStopping", "patience": 3}]
    }
    with pytest.raises(SpecError, match='There is no element "EarlyStopping": the array is empty'):
        changed({}, "callbacks.EarlyStopping.patience=3")


def test_an_element_is_added_by_its_type_alone():
    table = {"metrics": [{"type": "Accuracy"}]}
    assert changed(table, 'metrics.mine.type="F1Score"')["metrics"] == [{"type": "Accuracy"}, {"type": "F1Score"}]


def test_a_pipe_is_not_read_as_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(HooklineError, match=r"pipe: This is not a file\.$"):
        read(tmp_path / "pipe")


def test_a_change_of_extends_suggests_merging_a_file():
    with pytest.raises(SpecError) as error:
        changed({}, "extends=a.toml")
    assert str(error.value) == (
        "--set extends=a.toml: Only a file can extend another. To merge a file into the spec, use `--with FILE`."
    )


def test_paths_in_a_file_are_relative_to_the_file_rather_than_to_a_link(tmp_path, monkeypatch):
    for name in ("real", "linked"):
        (tmp_path / name).mkdir()
        written(tmp_path, f'x = "{name}"\n', f"{name}/base.toml")
    written(tmp_path, 'extends = "base.toml"\ny = "data.csv"\n', "real/spec.toml")
    (tmp_path / "linked" / "spec.toml").symlink_to(tmp_path / "real" / "spec.toml")
    monkeypatch.chdir(tmp_path)
    document = read("linked/spec.toml")
    assert (document.table["x"], document.directory) == ("real", tmp_path / "real")
    (tmp_path / "real" / "base.toml").unlink()
    with pytest.raises(SpecError) as error:
        read("linked/spec.toml")
    assert str(error.value) == "linked/spec.toml:1:11: extends: real/base.toml: There is no such file."

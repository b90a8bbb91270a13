"""For any spec, the reader raises only Hookline's errors, and these point at places that exist."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tomli
from exhaustive import EXHAUSTIVE
from hostile_specs import replaced
from hypothesis import given, strategies as some

from hookline import HooklineError
from hookline.check.load import Loader
from hookline.check.toml.document import from_source, from_table, read
from hookline.check.toml.spans import scan
from hookline.errors import SpecError
from hookline.errors.source import Source
from hookline.spec.dump import as_toml, key_as_toml

ROOT = Path(__file__).parents[2]
SPECS = sorted(ROOT.glob("specs/**/*.toml"))
LOADER = Loader()
TABLES = {path: read(path).table for path in SPECS}

# TOML has no lone surrogates; integers have 64 bits, or the limit of the reader.
text = some.text(some.characters(exclude_categories=["Cs"]))
scalars = some.none() | some.booleans() | some.integers() | some.floats() | text | some.dates() | some.binary()
values = some.recursive(
    scalars, lambda inner: some.lists(inner, max_size=4) | some.dictionaries(text, inner, max_size=4), max_leaves=12
)
toml_values = some.recursive(
    some.booleans() | some.integers(-(2**63), 2**63 - 1) | some.floats(allow_nan=False) | text,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


def paths(value, path=()):
    """The path of every value in a table."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from paths(inner, (*path, key))


def check(document):
    try:
        problems = LOADER.check(document)
    except HooklineError:
        return
    for problem in problems:
        assert problem.text.endswith((".", "?")), problem
        if problem.place is not None:
            assert 0 <= problem.place.start <= problem.place.end <= len(problem.place.source.text)


@given(some.dictionaries(text | some.sampled_from(["run", "data", "model", "loss", "optimizer", "metrics"]), values))
def test_an_arbitrary_table_is_valid_or_has_problems(table):
    check(from_table(table))


@given(some.sampled_from(SPECS), some.randoms(use_true_random=False), values)
def test_a_spec_with_an_arbitrary_value_is_valid_or_has_problems(path, random, value):
    table = TABLES[path]
    place = random.choice(list(paths(table)))
    check(from_table(replaced(table, place, value)))


@given(some.dictionaries(text, toml_values, max_size=5))
def test_a_written_table_is_read_back_with_the_place_of_every_value(table):
    lines = "".join(f"{key_as_toml(key)} = {as_toml(value)}\n" for key, value in table.items())
    assert tomli.loads(lines) == table
    found = scan(lines)
    assert set(paths(table)) == set(found.values)
    for path in paths(table):
        value = table
        for element in path:
            value = value[element]
        begin, end = found.values[path]
        assert tomli.loads(f"x = {lines[begin:end]}") == {"x": value}


@given(some.sampled_from(SPECS), some.randoms(use_true_random=False), text | some.sampled_from(list("[]{}\"'=,.#\n\\")))
def test_a_spec_with_arbitrary_inserted_text_is_valid_or_has_problems_with_places(path, random, inserted):
    whole = path.read_text()
    begin = random.randrange(len(whole))
    end = min(len(whole), begin + random.randrange(20))
    changed = Source(str(path), (whole[:begin] + inserted + whole[end:]).replace("\r\n", "\n"), path.parent)
    try:
        document = from_source(changed)
    except SpecError as error:
        [problem] = error.problems
        assert problem.place is not None
        return
    check(document)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a = " + b"[" * 250_000, "nested"),
        (b"a = " + b"[" * 99 + b"]" * 99, "nested"),
        (b".".join([b"a"] * 120_000) + b" = 1", "nested"),
        (b"a = " + b"9" * 10_000, "digits"),
        (b"a = -" + b"9" * 250_000, "digits"),
        (b"a = 0x" + b"f" * 10_000, "digits"),
        (b"a = 0." + b"1" * 10_000, "digits"),
        (b"[run]\nseed = " + b"9" * 400, "out of bounds"),
        (b"[optimizer]\ntype = 'SGD'\nlr = " + b"9" * 400, "too large"),
        (b"a = '\x00'", "not TOML"),
        (b"\x00" * 1000, "not TOML"),
        (b"a = '\xff'", "not text in UTF-8. Byte 5"),
        ("a = 1".encode("utf-16"), "text in UTF-16"),
        (b"[[a]]\n" * 35_000, "There is no key"),
        (b"".join(b"a.b.c.d%d = 1\n" % number for number in range(14_000)), "There is no key"),
    ],
    ids=range(15),
)
def test_a_maliciously_complex_spec_is_reported(tmp_path, content, message):
    path = tmp_path / "spec.toml"
    path.write_bytes(content)
    try:
        problems = LOADER.check(read(path))
    except SpecError as error:
        problems = error.problems
    assert any(message in problem.text for problem in problems)
    assert all(problem.place is not None for problem in problems)


def test_a_huge_file_is_reported_without_reading_it(tmp_path):
    path = tmp_path / "spec.toml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(SpecError, match="more than 256 KiB"):
        read(path)


def test_an_endless_file_is_reported():
    with pytest.raises(HooklineError, match="/dev/zero: This is not a file"):
        read("/dev/zero")


@pytest.fixture(scope="module")
def malicious(tmp_path_factory):
    """A directory with files that extend each other: endlessly, in a long chain, or with exponential growth."""
    directory = tmp_path_factory.mktemp("malicious")
    (directory / "loop.toml").symlink_to("loop.toml")
    for number in range(2000):
        (directory / f"chain{number}.toml").write_text(f'extends = "chain{number + 1}.toml"\n')
    for number in range(14):
        (directory / f"diamond{number}.toml").write_text(f"extends = {[f'diamond{number + 1}.toml'] * 2}\n")
    (directory / "diamond14.toml").write_text("a = 1\n")
    (directory / "wide.toml").write_text(f"extends = {['diamond14.toml'] * 5000}\n")
    return directory


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ('"a\\u0000b"', "contains a NUL character"),
        ('"loop.toml"', "symbolic links"),
        (f'"{"a" * 5000}"', "File name too long"),
        ('"."', "This is a directory"),
        ('"/dev/zero"', "This is not a file"),
        ('"chain0.toml"', "in a chain"),
        ('["diamond0.toml", "wide.toml"]', "at most 64"),
        ('["wide.toml", "spec.toml"]', "at most 64"),
        ('["diamond0.toml", "spec.toml"]', "extends itself"),
    ],
    ids=range(9),
)
def test_malicious_chains_of_extended_files_are_reported(malicious, first, message):
    path = malicious / "spec.toml"
    path.write_text(f"extends = {first}\n")
    with pytest.raises(SpecError, match=message) as error:
        read(path)
    [problem] = error.value.problems
    assert problem.place is not None


@pytest.mark.parametrize("runs", [500, pytest.param(4000, marks=EXHAUSTIVE)])
def test_bytes_from_atheris_raise_only_errors_of_hookline(tmp_path, runs):
    pytest.importorskip("atheris", reason="atheris is not here: it is for Linux, and not for every version of Python.")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for path in SPECS[:12]:
        shutil.copy(path, corpus)
    script = ROOT / "tests" / "support" / "fuzz_reader.py"
    command = [sys.executable, str(script), str(corpus), f"-runs={runs}", "-seed=1"]
    done = subprocess.run(
        [*command, "-max_len=2000", "-rss_limit_mb=4096"],
        cwd=tmp_path,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"Done {runs} runs" in done.stderr

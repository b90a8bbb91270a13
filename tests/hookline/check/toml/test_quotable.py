"""Nothing of a file that is not a spec by name and place is printed, whatever a spec makes of it."""

import pytest

from hookline import HooklineError
from hookline.check.toml.document import read
from hookline.check.toml.files import LARGEST
from hookline.check.toml.quotable import homes, is_quotable
from hookline.cli.main import main

SECRET = "hunter2"  # noqa: S105
NOT_QUOTED = (
    "Hookline shows lines only from .toml files that are not hidden and are below the current directory or beside the "
    "spec that you named."
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A project with a spec, and beside it what is nobody's business."""
    for name in ("project", "home/.cargo", "project/.streamlit"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.mark.parametrize("content", [f"password {SECRET}\n", f'password = "{SECRET}"\n', f"epochs = {SECRET}", "\xff"])
@pytest.mark.parametrize(
    "name",
    [".env", "secret.txt", "../home/.netrc", "../home/.cargo/credentials.toml", ".streamlit/secrets.toml", "../x.toml"],
)
@pytest.mark.parametrize("how", ["extended", "extended link", "link", "overlay", "json", "github"])
def test_a_file_that_is_not_a_spec_by_name_and_location_is_not_quoted(here, capsys, name, content, how):
    (here / name).write_text(f"[run]\n{content}", encoding="latin-1")
    (here / "spec.toml").write_text(f'extends = "{"link.toml" if how == "extended link" else name}"\n')
    (here / "link.toml").symlink_to(name)
    words = {
        "link": ["link.toml"],
        "overlay": ["empty.toml", "--with", "link.toml"],
        "json": ["spec.toml", "--format", "json"],
        "github": ["spec.toml", "--format", "github"],
    }.get(how, ["spec.toml"])
    (here / "empty.toml").write_text("")
    assert main(["check", *words]) in (1, 2)
    reported = "".join(capsys.readouterr())
    assert SECRET not in reported
    assert "password" not in reported
    assert NOT_QUOTED in reported.replace("%2C", ",").replace("%3A", ":")


def test_a_spec_below_the_directory_or_beside_the_spec_is_quoted(here, monkeypatch, capsys):
    (here / "base.toml").write_text("[run]\nepochs = none\n")
    (here / "spec.toml").write_text('extends = "base.toml"\n')
    for directory in (here, here / ".streamlit"):
        monkeypatch.chdir(directory)
        main(["check", str(here / "spec.toml")])
        assert "2 | epochs = none" in capsys.readouterr().out


def test_the_environment_of_the_process_is_not_printed(here, capsys, monkeypatch):
    (here / "spec.toml").write_text('extends = "/proc/self/environ"\n')
    assert main(["check", "spec.toml"]) == 1
    reported = capsys.readouterr().out
    assert reported.startswith("/proc/self/environ:")
    assert reported.splitlines()[0].endswith(f"{NOT_QUOTED}  [syntax]")
    assert "PATH" not in reported


def test_a_spec_is_recognized_by_name_and_location(here):
    (here / "a.toml").write_text("")
    assert is_quotable("a.toml", homes("a.toml"))
    assert is_quotable("../x.toml", homes("../x.toml"))
    assert not is_quotable("../x.toml", homes("a.toml"))
    assert not is_quotable("a.toml/../.b/c.toml", homes("a.toml"))
    assert not is_quotable("a.txt", homes("a.txt"))


def test_the_size_limit_applies_to_all_files_of_a_spec_together(here):
    for name in ("a", "b"):
        (here / f"{name}.toml").write_text("#" * (LARGEST // 2))
    (here / "spec.toml").write_text('extends = ["a.toml", "b.toml"]\n')
    with pytest.raises(HooklineError) as caught:
        read("spec.toml")
    assert (
        str(caught.value) == "b.toml:1:1: This is not a spec: with the files that it extends, it has more than 256 KiB."
    )


@pytest.mark.parametrize("name", ["spec.toml", "spec.txt"])
def test_an_empty_file_is_reported_as_empty(here, capsys, name):
    (here / name).write_text("\n")
    assert main(["check", name]) == 1
    assert capsys.readouterr().out == f"{name}:1:1: The file is empty.  [empty-file]\n\n1 error in {name}.\n"
    (here / "run.toml").write_text("[run]\nepochs = 1\n")
    main(["check", name, "--with", "run.toml"])
    assert "data: This section is missing." in capsys.readouterr().out


def test_missing_sections_of_a_file_with_another_suffix_are_reported_and_duplicates_once(here, capsys):
    (here / "spec.txt").write_text("[run]\nepochs = -1\n[[metrics]]\n")
    assert main(["check", "spec.txt"]) == 1
    *reported, summary = capsys.readouterr().out.split("\n\n")
    assert summary == "6 errors in spec.txt.\n"
    assert sum(NOT_QUOTED in line for line in reported) == 2
    for section in ("data", "model", "loss", "optimizer"):
        assert (
            sum(line.startswith(f"spec.txt:1:1: {section}: This section is missing. It must be ") for line in reported)
            == 1
        )

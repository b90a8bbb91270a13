import pytest

from hookline.cli.main import main


def test_one_component_that_is_not_listed_is_counted_in_the_singular(capsys):
    assert main(["plugins", "--built-in"]) == 0
    assert "Random, RankedPairs and 1 other\n" in capsys.readouterr().out


@pytest.mark.parametrize("options", [[], ["--built-in"]])
def test_only_the_named_plugin_is_listed(capsys, options):
    assert main(["plugins", "hookline_schedulers", *options]) == 0
    out = capsys.readouterr().out
    assert out.startswith("hookline_schedulers  hookline 0.1.0\n")
    assert "\n\n" not in out


def test_a_plugin_that_is_not_installed_is_an_error(capsys):
    assert main(["plugins", "hookline_scheduler", "--built-in"]) == 2
    assert capsys.readouterr().out.startswith(
        'hookline_scheduler\n  No plugin named "hookline_scheduler" is installed.'
    )

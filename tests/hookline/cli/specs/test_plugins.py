from hookline.cli.main import main


def test_one_component_that_is_not_listed_is_counted_in_the_singular(capsys):
    assert main(["plugins", "--built-in"]) == 0
    assert "Random, RankedPairs and 1 other\n" in capsys.readouterr().out

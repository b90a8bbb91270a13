import pytest
from small_training import SPECS

from hookline.cli.main import main
from hookline.cli.output.screen import paragraph, table

ROWS = [("layer", "type", "parameters"), ("2.layers.0.self_attn", "MultiheadAttention of 8 heads", "3,168")]


def test_without_a_width_lines_are_not_wrapped():
    assert list(table(ROWS, None, right=(2,))) == [
        "  layer                 type                           parameters",
        "  2.layers.0.self_attn  MultiheadAttention of 8 heads       3,168",
    ]
    assert paragraph("a b", None, "  ") == ["  a b"]


def test_a_table_wraps_between_words_and_keeps_names_and_numbers_whole():
    assert list(table(ROWS, 50, right=(2,))) == [
        "  layer             type                parameters",
        "  2.layers.0.self_  MultiheadAttention       3,168",
        "  attn              of 8 heads",
    ]
    assert list(table([("lr 0.05, momentum 0.9, weight_decay 0.0",)], 20)) == [
        "  lr 0.05, momentum",
        "  0.9, weight_decay",
        "  0.0",
    ]


@pytest.mark.parametrize(("spec", "width"), [("transformer", 60), ("digits", 80)])
def test_a_plan_fits_the_terminal_and_keeps_every_word(spec, width, monkeypatch, capsys):
    assert main(["plan", str(SPECS / f"{spec}.toml")]) == 0
    whole = capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["plan", str(SPECS / f"{spec}.toml")]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= width
    assert sorted("".join(shown.split())) == sorted("".join(whole.split()))

import pytest

from hookline_callbacks.epoch_table import EpochTable

RECORD = {
    "epoch": 1,
    "step": 20,
    "training/loss": 1.1379,
    "validation/loss": 0.9496,
    "validation/Accuracy": 0.5,
    "validation/MeanAbsolutePercentageError": 12.0,
    "gradient_norm": 1e-5,
}


def test_without_a_screen_a_row_is_one_line():
    assert list(EpochTable().lines(RECORD)) == [
        "                    training  validation",
        "  epoch     step        loss        loss    Accuracy  MeanAbsolutePercentageError  gradient_norm",
        "      1       20      1.1379     0.94960     0.50000                       12.000     1.0000e-05",
    ]


def test_a_screen_that_is_too_narrow_for_the_header_has_its_words_below_one_another():
    assert list(EpochTable().lines(RECORD, 80)) == [
        "                    training  validation",
        "                                                            Mean",
        "                                                        Absolute",
        "                                                      Percentage   gradient_",
        "  epoch     step        loss        loss    Accuracy       Error        norm",
        "      1       20      1.1379     0.94960     0.50000      12.000  1.0000e-05",
    ]


def test_a_screen_that_is_too_narrow_for_a_row_has_it_in_several_lines():
    assert list(EpochTable().lines(RECORD, 48)) == [
        "                    training  validation",
        "  epoch     step        loss        loss",
        "         validation",
        "                           Mean",
        "                       Absolute",
        "                     Percentage   gradient_",
        "           Accuracy       Error        norm",
        "      1       20      1.1379     0.94960",
        "            0.50000      12.000  1.0000e-05",
    ]


def test_headers_of_losses_are_divided_before_the_bracket_and_never_inside_a_name():
    losses = {"loss": 1.1379, "loss[species]": 0.7, "loss[petal_width]": 0.4}
    record = {
        "epoch": 1,
        **{f"{split}/{name}": loss for split in ("training", "validation") for name, loss in losses.items()},
    }
    assert list(EpochTable().lines(record, 90)) == [
        "           training                             validation",
        "                           loss           loss                    loss           loss",
        "  epoch        loss   [species]  [petal_width]        loss   [species]  [petal_width]",
        "      1      1.1379     0.70000        0.40000      1.1379     0.70000        0.40000",
    ]


def test_a_number_of_five_digits_has_no_decimal_point():
    assert list(EpochTable().lines({"epoch": 1, "loss": 22937.4, "other": 2293.74}))[-1] == (
        "      1       22937      2293.7"
    )


@pytest.mark.parametrize("screen", [None, 200, 80, 60, 24, 3])
def test_no_digit_is_lost_and_no_line_is_wider_than_a_screen_on_which_a_number_has_room(screen):
    table = EpochTable()
    for epoch in (1, 2, 3):
        record = RECORD | {"epoch": epoch, "training/loss": 10.0 ** (-3 * epoch)}
        lines = list(table.lines(record, screen))
        cells = [f"{value:#.5g}" if isinstance(value, float) else str(value) for value in record.values()]
        assert " ".join(" ".join(lines).split()).endswith(" ".join(cells))
        assert screen in (None, 3) or max(map(len, lines)) <= screen


def test_a_number_that_is_missing_in_an_epoch_leaves_its_place_empty_and_a_new_one_repeats_the_header():
    table = EpochTable()
    assert list(table.lines({"epoch": 1, "lr": 0.5, "norm": 2.0})) == [
        "  epoch          lr        norm",
        "      1     0.50000      2.0000",
    ]
    assert list(table.lines({"epoch": 2, "norm": 3.0})) == ["      2                  3.0000"]
    assert list(table.lines({"epoch": 3, "lr": 0.5, "norm": 4.0, "scale": 1.0})) == [
        "  epoch          lr        norm       scale",
        "      3     0.50000      4.0000      1.0000",
    ]


def test_a_number_that_becomes_small_stays_in_its_column():
    table = EpochTable()
    losses = [1.0, 0.0098143, 0.00098143, 9.8143e-05]
    rows = [list(table.lines({"epoch": epoch, "loss": loss, "lr": 0.5}))[-1] for epoch, loss in enumerate(losses)]
    assert rows == [
        "      0      1.0000     0.50000",
        "      1   0.0098143     0.50000",
        "      2  0.00098143     0.50000",
        "      3  9.8143e-05     0.50000",
    ]

import pytest

from hookline.check.toml.slips import meant


@pytest.mark.parametrize(
    ("written", "reported"),
    [
        ("", "The value is missing."),
        (".01", "A number needs digits on both sides of its decimal point: 0.01."),
        ("-.5e3", "A number needs digits on both sides of its decimal point: -0.5e3."),
        ("1.", "A number needs digits on both sides of its decimal point: 1.0."),
        ("01", "A number must not start with 0: 1."),
        ("-007.5", "A number must not start with 0: -7.5."),
        ("0,01", "Numbers have a decimal point, not a comma: 0.01."),
        ("1,000", "Numbers contain no commas: 1000, or 1.000."),
        ("1,000,000", "Numbers contain no commas: 1000000."),
        ("1.000,5", "The only separator in a number is the decimal point: 1000.5."),
        ("1__0", "Underscores are allowed only between digits: 10."),
        ("1e", "An exponent needs digits, as in 1e3."),
        ("-2.5E-", "An exponent needs digits, as in -2.5E-3."),
        ("0XFF", "The prefix of a number is lowercase: 0xFF."),
        ("++1", "A number has one sign: +1."),
        ("−1", "The minus sign of a number is a hyphen: -1."),
        ("1e−3", "The minus sign of a number is a hyphen: 1e-3."),
        ("1,8,8", "Several values need brackets: [1, 8, 8]."),
        ("0.1f", "A number must not end with a letter: 0.1."),
        ("- 1", "No space is allowed between the sign and the number: -1."),
        ("10 %", "Write a percentage as a fraction: 0.1."),
        ("1/3", "TOML cannot compute; write the result."),
        ("10**-3", "TOML cannot compute; write the result."),
        ("10^-3", "TOML cannot compute; write the result."),
        ("1-0.1", "TOML cannot compute; write the result."),
        ("2**8", "TOML cannot compute; write the result."),
        ("1e5.5", "This is not a valid number, such as 12, 0.5 or 1e-3."),
        ("2024-13-01", "This is not a valid date or time, such as 1979-05-27 or 07:32:00."),
        ("-Infinity", "Write `-inf`."),
        ("NaN", "Write `nan`."),
        ("On", "Write `true`."),
        ("nil", "TOML has no such value; remove the option."),
        ("Adam", 'Strings need quotes: "Adam".'),
        ("My run", 'Strings need quotes: "My run".'),
        ("/data/iris.csv", 'Strings need quotes: "/data/iris.csv".'),
        ("3d/iris.csv", 'Strings need quotes: "3d/iris.csv".'),
        ("x" * 5000, "Strings need quotes."),
        ("“Adam”", 'Strings need straight quotes: "Adam".'),
        ('r"x"', "A string has no prefix; remove the letters before its quotes."),
        ("(1, 2)", "Arrays need square brackets: [1, 2]."),
    ],
)
def test_an_invalid_value_is_reported_with_a_correction(written, reported):
    assert meant(written) == reported

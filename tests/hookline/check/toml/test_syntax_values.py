import pytest

from hookline.check.toml.syntax_values import meant


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("", "The value is missing."),
        (".01", "A number has digits on both sides of its point: 0.01."),
        ("-.5e3", "A number has digits on both sides of its point: -0.5e3."),
        ("1.", "A number has digits on both sides of its point: 1.0."),
        ("01", "A number does not begin with 0: 1."),
        ("-007.5", "A number does not begin with 0: -7.5."),
        ("0,01", "A number has a point and no comma: 0.01."),
        ("1,000", "A number has no comma: 1000, or 1.000."),
        ("1,000,000", "A number has no comma: 1000000."),
        ("1.000,5", "A number has one point and no comma: 1000.5."),
        ("1__0", "An underscore stands only between two digits: 10."),
        ("1e", "After the e of a number stand digits, as in 1e3."),
        ("-2.5E-", "After the e of a number stand digits, as in -2.5E-3."),
        ("0XFF", "Behind this 0 stands a small letter: 0xFF."),
        ("++1", "A number has one sign: +1."),
        ("−1", "The minus sign of a number is the hyphen: -1."),
        ("1e−3", "The minus sign of a number is the hyphen: 1e-3."),
        ("1,8,8", "Several values stand in brackets: [1, 8, 8]."),
        ("0.1f", "Behind a number stands no letter: 0.1."),
        ("- 1", "Between the sign and the number stands no blank: -1."),
        ("10 %", "A percentage is written as a part of one: 0.1."),
        ("1/3", "Nothing is computed in TOML: write the number itself."),
        ("10**-3", "Nothing is computed in TOML: write the number itself."),
        ("10^-3", "Nothing is computed in TOML: write the number itself."),
        ("1-0.1", "Nothing is computed in TOML: write the number itself."),
        ("2**8", "Nothing is computed in TOML: write the number itself."),
        ("1e5.5", "This is not a number as TOML writes it, such as 12, 0.5 or 1e-3."),
        ("2024-13-01", "There is no such date or time; one is written 1979-05-27, or 07:32:00."),
        ("-Infinity", "It is written `-inf`."),
        ("NaN", "It is written `nan`."),
        ("On", "It is written `true`."),
        ("nil", "TOML has no such value: leave the option out."),
        ("Adam", 'Text stands in quotes: "Adam".'),
        ("My run", 'Text stands in quotes: "My run".'),
        ("/data/iris.csv", 'Text stands in quotes: "/data/iris.csv".'),
        ("3d/iris.csv", 'Text stands in quotes: "3d/iris.csv".'),
        ("x" * 5000, "Text stands in quotes."),
        ("“Adam”", 'Text stands in straight quotes: "Adam".'),
        ('r"x"', "Before the quotes of a text stands nothing."),
        ("(1, 2)", "An array stands in square brackets: [1, 2]."),
    ],
)
def test_a_value_that_is_none_is_told_with_what_to_write(written, told):
    assert meant(written) == told

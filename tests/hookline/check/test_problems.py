import pytest
from every_kind import problems


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"names": ["x", 3]},
            'names[1]: This must be a string, but it is the number 3. Write it in quotes: "3".',
        ),
        ({"pair": [1.5, 1]}, "pair[0]: This must be an integer, but it is the number 1.5."),
        ({"text": "worse"}, "pair[1]: This text does not go with the second one."),
        (
            {"inner": {"type": "Inner", "weight": 2}},
            "inner.weight: 2 is out of bounds: it must be at least 0 and at most 1.",
        ),
        (
            {"inner": {"type": "Inner", "wieght": 1}},
            'inner.wieght: Inner has no option "wieght". Did you mean "weight"?',
        ),
        ({"inner": {"type": "Iner"}}, 'inner.type: There is no loss called "Iner". Did you mean "Inner"?'),
        ({"inner": {"type": 3}}, 'inner.type: This must be a string, but it is the number 3. Write it in quotes: "3".'),
        (
            {"inners": [{"type": "Inner"}, {"type": "Kinds"}]},
            'inners[1].type: There is no loss called "Kinds". Kinds belongs to the family "callback".',
        ),
        ({"inners": [{"type": "Inner"}, 3]}, "inners[1]: This must be a table with a `type`, but it is the number 3."),
        ({"weights": {"a": 1, "b": "x"}}, 'weights.b: This must be a number, but it is the string "x".'),
        ({"weights": {"two words": True}}, 'weights."two words": This must be a number, but it is true.'),
        ({"either": {"x": 0.5}}, "either.x: This must be an integer, but it is the number 0.5."),
        (
            {"groups": {"x": "a", "y": 3}},
            'groups.y: This must be a string or an array of strings, but it is the number 3. Write it in quotes: "3".',
        ),
        (
            {"groups": {"x": ["a", 3]}},
            'groups.x[1]: This must be a string, but it is the number 3. Write it in quotes: "3".',
        ),
        ({"groups": ["a", 3]}, 'groups[1]: This must be a string, but it is the number 3. Write it in quotes: "3".'),
        (
            {"groups": {"x": {"y": "a"}}},
            "groups.x: This must be a string or an array of strings, but it is a table.",
        ),
        (
            {"mode_of": {"x": "maximun"}},
            'mode_of.x: This must be "minimum" or "maximum", but it is the string "maximun". Did you mean "maximum"?',
        ),
        ({"named": {"a": 3}}, "named.a: This must be a table with a `type`, but it is the number 3."),
        ({"named": {"a": {"type": "Iner"}}}, 'named.a.type: There is no loss called "Iner". Did you mean "Inner"?'),
        (
            {"named": {"a": {"type": "Inner"}, "b": {"type": "Inner", "weight": 2}}},
            "named.b.weight: 2 is out of bounds: it must be at least 0 and at most 1.",
        ),
        (
            {"named": {"a": {"type": "Inner", "wieght": 1}}},
            'named.a.wieght: Inner has no option "wieght". Did you mean "weight"?',
        ),
    ],
)
def test_a_problem_is_reported_at_its_path(options, problem):
    assert problems(**options) == [problem]


def test_all_problems_of_values_by_name_are_reported_at_once():
    assert problems(weights={"a": "x", "b": 1, "c": True}, named={"d": 1, "e": {"type": "Inner", "weight": 2}}) == [
        "named.d: This must be a table with a `type`, but it is the number 1.",
        "named.e.weight: 2 is out of bounds: it must be at least 0 and at most 1.",
        'weights.a: This must be a number, but it is the string "x".',
        "weights.c: This must be a number, but it is true.",
    ]

import pytest
from every_kind import problems_of, table

import hookline
from hookline.errors import Diagnostic, SpecError


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("optimiser", 'optimiser: There is no key "optimiser". Did you mean "optimizer"?'),
        ("two words", '"two words": There is no key "two words".'),
    ],
)
def test_an_unknown_section_is_reported_with_the_nearest_one(section, problem):
    [reported] = problems_of(table(**{section: {}}))
    assert reported.startswith(problem)


def test_all_problems_are_reported_at_once():
    read = table(
        run={"epochs": 0, "sed": 1, "name": "../x"},
        model={"type": "Sequential", "layers": [{"type": "Linear", "out_features": 0, "bias": 1}, {"type": "Relu"}]},
        optimizer={"type": "SGD", "lr": "x", "momentum": -1},
        callbacks=[{"type": "Kinds", "count": 0}, {"type": "Needy", "epochs": 1.5, "mode": "c"}],
        modle={},
    )
    del read["loss"]
    assert sorted(problems_of(read)) == sorted(
        [
            "run.epochs: 0 is out of bounds: it must be at least 1.",
            'run.sed: There is no key "sed". Did you mean "seed"?',
            'run.name: "../x" is not a plain name: use letters, digits, "_", "-" and ".".',
            "model.layers[0].out_features: 0 is out of bounds: it must be at least 1.",
            "model.layers[0].bias: This must be true or false, but it is the number 1.",
            'model.layers[1].type: There is no layer called "Relu". Did you mean "ReLU"?',
            "loss: This section is missing. It must be a loss (a table with a `type`).",
            'optimizer.lr: This must be a number, but it is the string "x".',
            "optimizer.momentum: -1 is out of bounds: it must be at least 0.",
            "callbacks[0].count: 0 is out of bounds: it must be at least 1.",
            "callbacks[1].epochs: This must be an integer, but it is the number 1.5.",
            "callbacks[1].files: This option is missing. It must be an array of paths.",
            'callbacks[1].mode: This must be "a" or "b", but it is the string "c".',
            'modle: There is no key "modle". Did you mean "model"?',
        ]
    )


def test_problems_are_sorted_by_section():
    read = table(run={"epochs": 0}, data={"type": "X"}, model=3, loss=3, optimizer=3, metrics=3, callbacks=3, deploy=3)
    sections = ["run", "data", "model", "loss", "optimizer", "metrics", "callbacks", "deploy"]
    assert [problem.partition(":")[0].partition(".")[0] for problem in problems_of(read)] == sections


def test_only_an_unknown_key_is_a_problem_of_the_key():
    with pytest.raises(SpecError) as error:
        hookline.load(table(run={"epochs": 0, "sed": 1}))
    assert error.value.problems == (
        Diagnostic("out-of-bounds", "0 is out of bounds: it must be at least 1.", ("run", "epochs")),
        Diagnostic("unknown-key", 'There is no key "sed".', ("run", "sed"), 'Did you mean "seed"?', on_key=True),
    )


def test_a_misspelled_section_is_checked_beside_the_section_that_it_should_change():
    read = table(optimizer={"type": "SGD", "lr": 0.1}, callbacks=[{"type": "Kinds"}])
    read["optimiser"] = {"type": "SDG", "lr": "x", "foo": 1}
    read["modle"] = {"layers": [{"type": "Relu"}]}
    read["callback"] = [{"type": "Kinds", "count": 0}, {"type": "Needy", "mode": "c", "files": []}]
    assert [problem.partition(":")[0] for problem in problems_of(read)] == [
        "optimiser",
        "optimiser.type",
        "optimiser.lr",
        "optimiser.foo",
        "modle",
        "modle.layers[0].type",
        "callback",
        "callback[0].count",
        "callback[1].mode",
        "callback[1].epochs",
    ]


def test_a_misspelled_section_may_omit_options_of_the_section_that_it_should_change():
    read = table(optimiser={"lr": 0.1}, los={"reduction": "sum"}, optimizr={"type": "Adam"}, dat={"tagets": [1]})
    assert [problem.partition(":")[0] for problem in problems_of(read)] == [
        "optimiser",
        "los",
        "optimizr",
        "dat",
        "dat.tagets",
    ]

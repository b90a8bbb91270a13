"""The places of the training loop of a script."""

import pytest

from hookline.script import Loop


def test_what_comes_before_a_condition_stays_before_it():
    loop = Loop(step=["clip()"])
    loop.add_skip("is_finite(loss)", ["skipped += 1"], ["skipped = 0"])
    loop.step.append("measure()")
    assert loop.step == ["measure()"]
    assert loop.nested([*loop.step, "optimizer.step()"]) == [
        "clip()",
        "if is_finite(loss):",
        "    measure()",
        "    optimizer.step()",
        "    skipped = 0",
        "else:",
        "    skipped += 1",
    ]


@pytest.mark.parametrize(
    ("lines", "guarded"),
    [
        ([], []),
        (["if a:", "    b()"], ["if epoch % 2 == 0 and a:", "    b()"]),
        (["b()", "if a:", "    c()"], ["if epoch % 2 == 0:", "    b()", "    if a:", "        c()"]),
        (["if a:", "    b()", "c()"], ["if epoch % 2 == 0:", "    if a:", "        b()", "    c()"]),
    ],
)
def test_lines_run_only_after_a_validation(lines, guarded):
    assert Loop(validated_if="epoch % 2 == 0").if_validated(lines) == guarded
    assert Loop().if_validated(lines) == lines


def test_an_epoch_with_several_records_has_a_place_after_the_last():
    one, several = Loop(), Loop(has_periods=True)
    assert one.after_epoch is one.after_record
    assert several.after_epoch is not several.after_record

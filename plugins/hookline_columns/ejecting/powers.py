"""The power transform as functions of NumPy."""

from typing import TYPE_CHECKING

from hookline.script import Script
from hookline_columns.ejecting.numbers import eject_numbers
from hookline_columns.ejecting.targets import TargetLines

if TYPE_CHECKING:
    from hookline_columns.powers import PowerTransformer

LIKELIEST = '''
def likeliest_power(logarithms, signs):
    """Return the power for which transformed numbers are most likely a sample of a normal distribution.

    It is where the derivative of the likelihood is 0: found by false position, with Illinois' correction.
    """
    limit = min(100.0, 300.0 / abs(logarithms).max())
    if (signs < 0).any():
        lowest, total = 2 - limit, (signs * logarithms).mean()
    else:  # Dividing the numbers by their geometric mean changes the precision only.
        least = logarithms.min()
        lowest, total = max(-16.0 / least if least > 0 else -100.0, -limit), 0.0
        logarithms = logarithms - logarithms.mean()

    def slope(power):
        powers = np.where(signs < 0, 2 - power, power)
        exponents, divisors = powers * logarithms, np.where(powers == 0, 1.0, powers)
        raised = np.where(powers == 0, logarithms, np.expm1(exponents) / divisors)
        derived = (logarithms * np.exp(exponents) - raised) / divisors
        derived = np.where(abs(exponents) < 1e-5, logarithms**2 * (0.5 + exponents / 3), derived)
        raised = signs * raised
        deviations = raised - raised.mean()
        return float(total - (deviations * (derived - derived.mean())).mean() / (deviations**2).mean())

    low, high = max(0.0, lowest), min(2.0, limit)
    at_low, at_high = slope(low), slope(high)
    while at_low < 0:
        further = max(min(2 * low, -2.0), lowest)
        if further == low:
            return low
        low, at_low, high, at_high = further, slope(further), low, at_low
    while at_high > 0:
        further = min(2 * high, limit)
        if further == high:
            return high
        low, at_low, high, at_high = high, at_high, further, slope(further)
    middle = low
    for _ in range(100):
        before, middle = middle, (low * at_high - high * at_low) / (at_high - at_low)
        at_middle = slope(middle)
        if abs(middle - before) < 1e-13 * max(1.0, abs(middle)) or at_middle == 0:
            break
        if at_middle > 0:
            low, at_low, at_high = middle, at_middle, at_high / 2
        else:
            high, at_high, at_low = middle, at_middle, at_low / 2
    return middle
'''
"""The same computation as `hookline_columns.powers`, without its messages."""

IN_UNIT = '''
def in_unit(numbers):
    """Return numbers of the transformed target in their original unit."""
    raised = numbers.double()RAISED
    made = MADE
    return (SIGNmade).to(numbers)
'''

LOGARITHMS = '''
def logarithms_of(raised, power):
    """Return the logarithms of which a power makes these numbers, or those nearest to them."""
    return (raised * power).clamp(min=-1).log1p() / power
'''


def eject_power(kind: "PowerTransformer", script: Script, cells: str, training: str) -> str:
    """Add the function of the kind, and return a call of it."""
    script.define(LIKELIEST)
    lines = _lines(kind, "numbers", "power")
    if kind.standardize:
        lines += ["known = raised[training]", "mean, std = known.mean(), known.std()"]
        made = "(raised - mean) / std"
    else:
        made = "raised"
    return eject_numbers(kind, script, cells, training, lines=lines, made=made, options={"method", "standardize"})


def eject_power_target(kind: "PowerTransformer", script: Script, cells: str, training: str) -> tuple[str, str]:
    """Add the lines that transform a target, and the function that undoes it."""
    target = TargetLines(kind, script, cells, training, {"method", "standardize"})
    script.define(LIKELIEST)
    power = f"{cells}_power"
    lines = _lines(kind, cells, power)
    target.add("known = {known}", *lines)
    undone = ""
    made = "raised"
    if kind.standardize:
        target.add("known = raised[{training}]", f"{cells}_mean, {cells}_std = known.mean(), known.std()")
        made, undone = f"(raised - {cells}_mean) / {cells}_std", f" * {cells}_std + {cells}_mean"
    script.define(LOGARITHMS)
    if kind.method == "box-cox":
        back, sign = f"logarithms_of(raised, {power}).exp()", ""
    else:
        positive, negative = f"logarithms_of(raised.abs(), {power})", f"logarithms_of(raised.abs(), 2 - {power})"
        back = f"torch.where(raised >= 0, {positive}, {negative}).expm1()"
        sign = "raised.sign() * "
    return made, target.undo(
        IN_UNIT.replace("RAISED", undone).replace("MADE", back).replace("SIGN", sign).replace("(made)", "made")
    )


def _lines(kind: "PowerTransformer", numbers: str, power: str) -> list[str]:
    """Return the lines that find the power, given `known`, and raise all numbers."""
    if kind.method == "box-cox":
        return [
            f"{power} = likeliest_power(np.log(known), np.ones(len(known)))",
            f"raised = np.expm1({power} * np.log({numbers})) / {power}",
        ]
    return [
        f"{power} = likeliest_power(np.log1p(abs(known)), np.where(known < 0, -1.0, 1.0))",
        f"logarithms = np.log1p(abs({numbers}))",
        f"positive, negative = (np.expm1(one * logarithms) / one for one in ({power}, 2 - {power}))",
        f"raised = np.where({numbers} < 0, -negative, positive)",
    ]

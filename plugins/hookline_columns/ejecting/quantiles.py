"""Ranks among quantiles, and bins, as functions of NumPy."""

from typing import TYPE_CHECKING

from hookline.script import Script
from hookline_columns.ejecting.numbers import eject_numbers
from hookline_columns.ejecting.targets import TargetLines

if TYPE_CHECKING:
    from hookline_columns.discretizer import KBinsDiscretizer
    from hookline_columns.quantiles import QuantileTransformer

RANKS = '''
def ranks_of(numbers, quantiles):
    """Return the rank of each number among quantiles, from 0 to 1."""
    places = np.linspace(0, 1, len(quantiles))
    # Equal quantiles belong to a range of ranks, of which this is the middle.
    up, down = np.interp(numbers, quantiles, places), np.interp(-numbers, -quantiles[::-1], -places[::-1])
    ranks = 0.5 * (up - down)
    ranks[numbers < quantiles[0]] = 0.0
    ranks[numbers > quantiles[-1]] = 1.0
    return ranks
'''

NORMAL = '''
def normal_ranks_of(numbers, quantiles):
    """Return the normal quantile of the rank of each number among quantiles."""
    places = np.linspace(0, 1, len(quantiles))
    # Equal quantiles belong to a range of ranks, of which this is the middle.
    up, down = np.interp(numbers, quantiles, places), np.interp(-numbers, -quantiles[::-1], -places[::-1])
    ranks = 0.5 * (up - down)
    ranks[numbers - 1e-7 < quantiles[0]] = 0.0
    ranks[numbers + 1e-7 > quantiles[-1]] = 1.0
    least = 1e-7 - np.spacing(1)
    low, high = torch.special.ndtri(torch.tensor([least, 1 - least], dtype=torch.float64)).tolist()
    return torch.special.ndtri(torch.from_numpy(ranks)).numpy().clip(low, high)
'''

IN_UNIT = '''
def in_unit(numbers):
    """Return numbers of the transformed target in their original unit."""
    ranks = numbers.double()
    known = torch.tensor(QUANTILES, dtype=torch.float64)
    places = ranks.clamp(0, 1) * (len(known) - 1)
    below = places.floor().clamp(max=len(known) - 2)
    low = below.long()
    return torch.lerp(known[low], known[low + 1], places - below).to(numbers)
'''

RANKS_OF_NORMAL = """
    ranks = torch.special.ndtr(numbers.double())
    ranks = ranks.where(ranks >= 1e-7, 0.0).where(ranks <= 1 - 1e-7, 1.0)
"""


def _known(kind: "QuantileTransformer", name: str, known: str) -> list[str]:
    return [
        f"{name} = np.nanpercentile({known}, np.linspace(0, 1, min({kind.n_quantiles}, len({known}))) * 100)",
        f"{name} = np.maximum.accumulate({name})",
    ]


def eject_quantiles(kind: "QuantileTransformer", script: Script, cells: str, training: str) -> str:
    """Add the function of the kind, and return a call of it."""
    ranks = script.define(RANKS if kind.output_distribution == "uniform" else NORMAL)
    lines, made = _known(kind, "quantiles", "known"), f"{ranks}(numbers, quantiles)"
    options = {"n_quantiles", "output_distribution"}
    return eject_numbers(kind, script, cells, training, lines=lines, made=made, options=options)


def eject_quantiles_of_target(
    kind: "QuantileTransformer", script: Script, cells: str, training: str
) -> tuple[str, str]:
    """Add the lines that transform a target, and the function that undoes it."""
    target = TargetLines(kind, script, cells, training, {"n_quantiles", "output_distribution"})
    is_normal = kind.output_distribution == "normal"
    ranks = script.define(NORMAL if is_normal else RANKS)
    target.add("known = {known}", *_known(kind, f"{cells}_quantiles", "known"))
    undo = IN_UNIT.replace("QUANTILES", f"{cells}_quantiles")
    if is_normal:
        undo = undo.replace("\n    ranks = numbers.double()\n", RANKS_OF_NORMAL)
    return f"{ranks}({cells}, {cells}_quantiles)", target.undo(undo)


def eject_bins(kind: "KBinsDiscretizer", script: Script, cells: str, training: str) -> str:
    """Add the function of the kind, and return a call of it."""
    if kind.strategy == "uniform":
        lines = [f"edges = np.linspace(known.min(), known.max(), {kind.n_bins + 1})"]
    else:
        lines = [
            f"edges = np.percentile(known, np.linspace(0, 100, {kind.n_bins + 1}))",
            "edges = edges[np.ediff1d(edges, to_begin=np.inf) > 1e-8]  # Without bins that are empty.",
        ]
    lines.append('indices = np.searchsorted(edges[1:-1], numbers, side="right")')
    made = "indices" if kind.encode == "ordinal" else "np.eye(len(edges) - 1)[indices]"
    options = {"n_bins", "encode", "strategy"}
    return eject_numbers(kind, script, cells, training, lines=lines, made=made, options=options)

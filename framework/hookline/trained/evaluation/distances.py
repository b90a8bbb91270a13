"""Distances of pairs, triplets and embeddings: those that should be small, and those that should not."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from attrs import define, field, frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.spec.objective.predicted import Predicted
    from hookline.spec.objective.prediction import Prediction

MOST_WORST = 12
"""The number of worst triplets that are named."""

MOST_EMBEDDED = 2000
"""The number of rows up to which all pairs of embeddings are compared; of more, the first rows."""


@frozen(kw_only=True, eq=False)
class DistanceDetails:
    """What a loss compares in pairs or triplets of rows, by what is true of them."""

    name: str
    """The name of the loss in `[losses]`; empty if there is only one."""
    kind: Literal["pairs", "triplets", "embeddings"]
    """What is compared: given pairs, the anchor of a triplet with its two others, or all pairs of embeddings."""
    quantity: str
    """What is measured, such as "distance" or "cosine"."""
    groups: "Mapping[str, NDArray[Any]]"
    """The values by the name of their group, each `(rows,)`: the outcomes of the pairs, "positive" and "negative", or
    "same class" and "other class"."""
    rows: "Mapping[str, NDArray[Any]]"
    """The number of the row of each value, counted from 1; empty for embeddings."""
    right: int | None = None
    """The number of triplets in the right order: the positive is nearer than the negative. Of embeddings, all triplets
    are counted that can be formed."""
    triplets: int | None = None
    """The number of triplets."""

    @property
    def share(self) -> float:
        """The share of the triplets in the right order; NaN if there are none."""
        return float("nan") if not self.triplets or self.right is None else self.right / self.triplets

    def worst(self, most: int = MOST_WORST) -> list[tuple[int, float, float]]:
        """Return the triplets in the wrong order: row, distances of positive and negative, the worst first."""
        if self.kind != "triplets":
            return []
        positive, negative = self.groups["positive"], self.groups["negative"]
        excess = positive.astype(float) - negative.astype(float)
        order = [place for place in (-excess).argsort(kind="stable")[:most].tolist() if excess[place] >= 0]
        row = self.rows["positive"]
        return [(int(row[place]), float(positive[place]), float(negative[place])) for place in order]


@define
class GatheredDistances:
    """The values of one target so far."""

    name: str
    first: "Predicted"
    values: "dict[str, list[Tensor]]" = field(factory=dict)
    truth: "list[Tensor]" = field(factory=list)
    row: "list[Tensor]" = field(factory=list)
    embedded: int = 0

    def add(self, one: "Predicted", distances: "Mapping[str, Tensor]", row: int) -> None:
        """Add the distances of a batch, whose first row has this number."""
        import torch

        first = next(iter(distances.values()))
        rows = torch.arange(row, row + len(first)).repeat_interleave(first.numel() // max(1, len(first)))
        self.row.append(rows)
        for name, values in distances.items():
            self.values.setdefault(name, []).append(values.detach().flatten().cpu())
        if one.kind == "labels":
            self.truth.append(one.is_true().flatten().cpu())

    def add_embeddings(self, one: "Predicted", prediction: "Prediction") -> None:
        """Add embeddings and the classes of their rows, as long as there are few."""
        outputs, truth = prediction.outputs, prediction.truth
        if self.embedded < MOST_EMBEDDED and not isinstance(outputs, Mapping) and outputs.dim() == 2:
            taken = MOST_EMBEDDED - self.embedded
            self.values.setdefault("embedding", []).append(outputs[:taken].detach().cpu())
            self.truth.append(truth[:taken].cpu())
            self.embedded += len(outputs[:taken])

    def details(self) -> DistanceDetails | None:
        """Return what was gathered; `None` if there is nothing to compare."""
        import torch

        values = {name: torch.cat(several) for name, several in self.values.items()}
        if "embedding" in values:
            return _of_embeddings(self.name, values["embedding"], torch.cat(self.truth))
        rows = torch.cat(self.row).numpy() if self.row else None
        if rows is None:
            return None
        arrays = {name: several.double().numpy() for name, several in values.items()}
        if not self.truth:
            whole = dict.fromkeys(arrays, rows)
            right = int((arrays["positive"] < arrays["negative"]).sum()) if len(arrays) == 2 else None
            return DistanceDetails(
                name=self.name,
                kind="triplets",
                quantity="distance from the anchor",
                groups=arrays,
                rows=whole,
                right=right,
                triplets=len(rows),
            )
        [(quantity, numbers)] = arrays.items()
        is_true = torch.cat(self.truth).numpy()
        groups = {name: numbers[which] for name, which in zip(self.first.names, (~is_true, is_true), strict=True)}
        places = {name: rows[which] for name, which in zip(self.first.names, (~is_true, is_true), strict=True)}
        return DistanceDetails(name=self.name, kind="pairs", quantity=quantity, groups=groups, rows=places)


def _of_embeddings(name: str, embeddings: "Tensor", classes: "Tensor") -> DistanceDetails | None:
    """Compare all pairs of embeddings by their Euclidean distance."""
    import torch

    if classes.dim() != 1 or len(classes) != len(embeddings):
        return None
    distances = torch.cdist(embeddings.double(), embeddings.double(), compute_mode="donot_use_mm_for_euclid_dist")
    is_same = classes.unsqueeze(0) == classes.unsqueeze(1)
    right = triplets = 0
    others = ~torch.eye(len(classes), dtype=torch.bool)
    for line, same, other in zip(distances, is_same, others, strict=True):
        far, _ = line[~same].sort()
        near = line[same & other]
        # For each positive, the number of negatives that are farther away.
        right += int((len(far) - torch.searchsorted(far, near, right=True)).sum())
        triplets += len(far) * len(near)
    pairs = torch.ones_like(is_same).triu(1)
    return DistanceDetails(
        name=name,
        kind="embeddings",
        quantity="distance",
        groups={
            "same class": distances[is_same & pairs].numpy(),
            "other class": distances[~is_same & pairs].numpy(),
        },
        rows={},
        right=right,
        triplets=triplets,
    )


def distances_as_json(details: DistanceDetails) -> Mapping[str, Any]:
    """Return the numbers as JSON values."""
    from hookline.trained.numbers.distances import distance_summary

    found: dict[str, Any] = {"quantity": details.quantity, "groups": {}}
    for name, values in details.groups.items():
        one = distance_summary(values)
        found["groups"][name] = {
            "rows": one.rows,
            "mean": one.mean,
            "deviation": one.deviation,
            "quantiles": {str(fraction): value for fraction, value in one.quantiles.items()},
        }
    if details.triplets is not None:
        found |= {"triplets": details.triplets, "in_order": details.right}
        found["worst"] = [
            {"row": row, "positive": positive, "negative": negative} for row, positive, negative in details.worst()
        ]
    return found


def names_of(details: DistanceDetails) -> Sequence[str]:
    """Return the names of the groups in tables."""
    return [f"anchor to {name}" if details.kind == "triplets" else name for name in details.groups]

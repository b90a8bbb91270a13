"""How the cells of target columns become the tensor that a loss compares with, and what is learnt of them on the way.

A loss says which encoding its target has. A data source has the training rows learn it and applies it to every split.
"""

from hookline.encodings.base import Columns, Encoding, Target
from hookline.encodings.classes import Classes, ClassesOrDistribution, Distribution
from hookline.encodings.labels import Labels, Probabilities, Signs, TwoValues
from hookline.encodings.numbers import Numbers
from hookline.encodings.sequences import Sequences

__all__ = [
    "Classes",
    "ClassesOrDistribution",
    "Columns",
    "Distribution",
    "Encoding",
    "Labels",
    "Numbers",
    "Probabilities",
    "Sequences",
    "Signs",
    "Target",
    "TwoValues",
]

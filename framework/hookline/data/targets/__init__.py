"""How the cells of target columns become the tensor that a loss compares with, and what is learnt of them on the way.

A loss says which encoding its target has. A data source has the training rows learn it and applies it to every split.
"""

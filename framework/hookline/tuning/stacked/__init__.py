"""Trials that are trained together: their models have stacked weights, and each step computes the gradients of all.

`train_together` divides claimed trials into stacks, and trains each of them. `members` has the run of each trial with
its own callbacks, log and optimizer; `rows`, `network`, `lines`, `noise` and `losses` compute outputs, losses and
gradients of all members at once; `updates` makes their steps. Trials that cannot be in a stack are trained alone.
"""

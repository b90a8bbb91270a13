"""The same trainings by hand, with Hookline, and with other packages, for `peers.py`.

Each module has a function `train(work, batches)` that trains a new network and returns it with the CPU time of the
training: what `Trainer.fit` and the like do, and the stage `fit` of Hookline.
"""

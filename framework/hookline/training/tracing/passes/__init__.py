"""Evaluations by traces: what `evaluated_batches` yields is computed by the layers first, and then by a trace.

`traced_evaluation` decides it for each batch, as `traced_gradients` does for steps. `recorded_batch` makes the trace.
"""

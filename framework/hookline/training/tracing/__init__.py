"""Tracing: record the operations of a step once, and repeat them without Python between the kernels.

`traced_gradients` decides for each batch whether its gradients are computed by the layers or by a trace. `recording`
records a step while it is made, `graph` makes a graph of the recorded operations, `runners` runs it, and `watched`
notices when a graph no longer describes what the layers would do.
"""

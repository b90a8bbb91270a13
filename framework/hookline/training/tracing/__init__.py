"""Tracing: record the operations of a step once, and repeat them without Python between the kernels.

`traced_gradients` decides for each batch whether its gradients are computed by the layers or by a trace, and `updates`
makes many steps in one call, with their updates. A step is recorded while the layers compute it (`recorded_step`,
`traced_step`). `graphs` makes a graph of the operations and runs it, and `watched` notices when a graph no longer
describes what the layers would do. `step_traces` keeps the traces until then.
"""

"""Long proofs that a training which is interrupted anywhere is resumed exactly. `make verify` runs all of them.

Each module is one proof. Its function `prove` runs it and returns a `Result`; tests run a part of it.
"""

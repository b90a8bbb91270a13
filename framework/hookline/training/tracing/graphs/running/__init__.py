"""The programs of graphs, in TorchScript and in Python."""

"""Comparison of all parameters and buffers of two modules."""

import torch


def assert_same_weights(module, expected):
    weights, others = module.state_dict(), expected.state_dict()
    assert list(weights) == list(others)
    assert [name for name in weights if not torch.equal(weights[name], others[name])] == []

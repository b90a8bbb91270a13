"""The modules that the specs build. They import torch, so specs import them in `build`."""

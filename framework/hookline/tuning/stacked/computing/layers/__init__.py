"""The layers of a model of all members of a stack: outputs and gradients with stacked parameters."""

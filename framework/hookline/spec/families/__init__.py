"""The families of components that a spec can name, each a base class in a file of its own.

A component is an attrs class below one of the family classes. Its name is the `type` that a spec file gives, its
fields are the options, and it is found when a plugin returns it from `register_specs`. Nothing here imports torch:
a component imports it where it builds something.
"""

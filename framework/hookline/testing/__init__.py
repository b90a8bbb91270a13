"""The test kit for plugins, for pytest.

One line in a test file tests a whole plugin:

    import hookline_focal
    from hookline.testing import conform

    test_it_conforms = conform(hookline_focal)

It becomes one case for each check of each component, and each failure says what to do. The kit makes the data and the
model that a component needs. Where it cannot, or where an option has no default, pass an example: a component, or the
path of a spec that uses it.

    test_it_conforms = conform(hookline_focal, FocalLoss(gamma=2.0), "specs/focal.toml")
"""

from hookline.testing.conformity import conform

__all__ = ["conform"]

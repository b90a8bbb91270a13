"""The test kit for plugins, for pytest.

One line in a test file tests a whole plugin:

    import hookline_focal
    from hookline.testing import conform

    test_it_conforms = conform(hookline_focal)

This creates one test case for each check of each component; each failure says what to do. The kit makes the data and
model that a component needs. If it cannot, or if an option is required, pass an example: a component, or the path
of a spec that uses it.

    test_it_conforms = conform(hookline_focal, FocalLoss(gamma=2.0), "specs/focal.toml")
"""

from hookline.testing.conformity import conform

__all__ = ["conform"]

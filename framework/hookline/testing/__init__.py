"""A kit that proves a plugin good, for pytest.

A test of a whole plugin is one line in a file of tests:

    import hookline_focal
    from hookline.testing import conform

    test_it_conforms = conform(hookline_focal)

It becomes a case for each check of each component, and each that fails says in a sentence what to do. The kit makes
the data and the model that a component needs. Where it cannot, or where options have no default, it is given an
example: the component itself, or the path of a spec that uses it.

    test_it_conforms = conform(hookline_focal, FocalLoss(gamma=2.0), "specs/focal.toml")
"""

from hookline.testing.conformity import conform

__all__ = ["conform"]

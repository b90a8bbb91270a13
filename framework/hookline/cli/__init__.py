"""The subcommands of `hookline`, one in each module."""

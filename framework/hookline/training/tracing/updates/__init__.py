"""Steps with their updates, several of which are made in one call.

`optimizer_updates` records the update of a step, and `recorded_update` makes a trace of both. `steps_in_groups` decides
which steps are made together, and `steps_at_once` makes them.
"""

"""The sections of a spec that are not components."""

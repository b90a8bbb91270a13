"""First drafts that a person goes on from: of a spec for a table."""

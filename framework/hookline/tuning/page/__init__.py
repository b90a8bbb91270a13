"""The page about a study, `tune.html`, which needs no network."""

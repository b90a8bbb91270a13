"""What commands print, for tests that are about something else than the ids of errors."""

import re


def without_ids(text):
    """The text without the id at the end of each error and warning."""
    return re.sub(r"  \[[a-z]+(-[a-z]+)*\]$", "", text, flags=re.MULTILINE)

"""The output of commands, for tests that do not concern the ids of errors."""

import re

from hookline.errors.ids import IDS


def without_ids(text):
    """The text without the id at the end of each error and warning."""
    return re.sub(rf"  \[({'|'.join(IDS)})\]$", "", text, flags=re.MULTILINE)

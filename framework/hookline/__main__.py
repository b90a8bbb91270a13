"""`python -m hookline`."""

import sys

from hookline.command_line import main

sys.exit(main())

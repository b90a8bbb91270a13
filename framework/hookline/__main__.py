"""`python -m hookline`."""

import sys

from hookline.cli.start import main

sys.exit(main())

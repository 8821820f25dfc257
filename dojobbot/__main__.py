"""`python -m dojobbot` is the command line."""

import sys

from dojobbot.cli import main

sys.exit(main())

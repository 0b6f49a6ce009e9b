"""``python -m sparkflow``."""

import sys

from sparkflow.cli import main

sys.exit(main())

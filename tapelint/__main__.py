"""`python -m tapelint`."""

import sys

from tapelint.cli import main

if __name__ == "__main__":
    sys.exit(main())

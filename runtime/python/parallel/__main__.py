"""`python3 -m parallel doctor`, `python3 -m parallel versions`."""

import sys

from parallel._doctor.command import main

if __name__ == "__main__":
    sys.exit(main())

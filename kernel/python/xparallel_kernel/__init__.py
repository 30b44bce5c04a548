"""The Python half of the kernel: IPython's shell, and what stands between it and the Jupyter protocol.

The C++ half (kernel/*.cpp) owns sockets and threads and calls in here; `kernel.Kernel` is what it calls. Not for use
outside the kernel.
"""

import faulthandler
import fcntl
import os
import sys


def prepare(packages: str, system_packages: str) -> None:
    """Load what the kernel is made of, then arrange `sys.path` for its users.

    `packages` is this project's folder and is first in `sys.path` at this moment, so that no other package of these
    names is found. `system_packages` is where Debian keeps IPython: a virtual environment may not show it.
    """
    # A crash is told to the operator: descriptor 2 becomes a pipe whose reader would die with the process.
    faulthandler.enable(fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, 3))
    sys.path.remove(packages)
    if system_packages not in sys.path:
        sys.path.append(system_packages)
    sys.path.insert(0, packages)
    from xparallel_kernel import lean_ipython

    lean_ipython.import_ipython()
    import parallel  # noqa: F401

    import xparallel_kernel.application
    import xparallel_kernel.kernel  # noqa: F401

    sys.path.remove(packages)
    if packages not in sys.path:
        sites = (
            index for index, path in enumerate(sys.path) if os.path.basename(path) in ("site-packages", "dist-packages")
        )
        sys.path.insert(next(sites, len(sys.path)), packages)
    if "" not in sys.path:
        sys.path.insert(0, "")  # the notebook's folder, as for a script

"""The Python half of the kernel: IPython's shell, and what stands between it and the Jupyter protocol.

The C++ half (kernel/*.cpp) owns sockets and threads and calls in here; `kernel.Kernel` is what it calls. Not for use
outside the kernel.
"""

import faulthandler
import fcntl
import sys


def prepare(packages: str, system_packages: str, ignored: str) -> None:
    """Load what the kernel is made of, then arrange `sys.path` for its users.

    `packages` is this project's folder and is first in `sys.path` at this moment. `system_packages` is where Debian
    keeps IPython. `ignored` tells why VIRTUAL_ENV is not used, or is empty.
    """
    # A crash is told to the operator: descriptor 2 becomes a pipe whose reader would die with the process.
    faulthandler.enable(fcntl.fcntl(2, fcntl.F_DUPFD_CLOEXEC, 3))
    sys.path.remove(packages)
    from xparallel_kernel import environment, history, lean_ipython

    environment.arrange(packages, system_packages)
    environment.ignored = ignored
    history.hold_off_during_forks()
    lean_ipython.import_ipython()
    import parallel  # noqa: F401
    import xparallel_kernel.application
    import xparallel_kernel.kernel  # noqa: F401

    if "" not in sys.path:
        sys.path.insert(0, "")  # the notebook's folder, as for a script

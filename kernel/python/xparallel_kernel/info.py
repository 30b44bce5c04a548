"""kernel_info_reply."""

from __future__ import annotations

import importlib.util
import platform
import sys
from typing import Any

import IPython

import parallel


def has_debugger() -> bool:
    """Can JupyterLab's debugger work here?"""
    return importlib.util.find_spec("debugpy") is not None


def kernel_info() -> dict[str, Any]:
    """The content of the reply; xeus adds the protocol version."""
    python = platform.python_version()
    return {
        "status": "ok",
        "implementation": "xparallel",
        "implementation_version": parallel.__version__,
        "banner": f"Python {sys.version}\n"
        f"xparallel {parallel.__version__} -- IPython {IPython.__version__} with parallel contexts: "
        "parallel.submit_work?",
        "debugger": has_debugger(),
        "help_links": [
            {
                "text": "Python Reference",
                "url": f"https://docs.python.org/{sys.version_info.major}.{sys.version_info.minor}",
            },
            {"text": "IPython Reference", "url": "https://ipython.org/documentation.html"},
            {"text": "NumPy Reference", "url": "https://docs.scipy.org/doc/numpy/reference/"},
            {"text": "SciPy Reference", "url": "https://docs.scipy.org/doc/scipy/reference/"},
            {"text": "Matplotlib Reference", "url": "https://matplotlib.org/contents.html"},
            {"text": "pandas Reference", "url": "https://pandas.pydata.org/pandas-docs/stable/"},
        ],
        "language_info": {
            "name": "python",
            "version": python,
            "mimetype": "text/x-python",
            "file_extension": ".py",
            "pygments_lexer": "ipython3",
            "codemirror_mode": {"name": "ipython", "version": sys.version_info.major},
            "nbconvert_exporter": "python",
        },
    }

"""How everything looks: xlists and their live views, progress, and pictures of contexts, heaps, xlists and works.

What the rest of the package uses; see the README of this folder.
"""

from parallel._views.contexts import Contexts
from parallel._views.heap import Heap
from parallel._views.heaps import Heaps
from parallel._views.live import REFRESH_SECONDS, LiveView, count, exist, forget_all, refresh_all, show_live
from parallel._views.progress import of_run
from parallel._views.stacks import Stacks
from parallel._views.works import Works
from parallel._views.xlist import bundle, one_line, variable_name
from parallel._views.xlists import Xlists

__all__ = [
    "REFRESH_SECONDS",
    "Contexts",
    "Heap",
    "Heaps",
    "LiveView",
    "Stacks",
    "Works",
    "Xlists",
    "bundle",
    "count",
    "exist",
    "forget_all",
    "of_run",
    "one_line",
    "refresh_all",
    "show_live",
    "variable_name",
]

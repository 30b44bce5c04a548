"""IPython's shell, as a kernel has it: errors, pages and exits leave as messages instead of terminal output."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

import IPython
from IPython.core import page, payloadpage
from IPython.core.autocall import ZMQExitAutocall
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Any as AnyTrait
from traitlets import CBool, Instance, default
from xeus_python_shell.compiler import XCachingCompiler

import parallel
from parallel import _errors, _ranks
from xparallel_kernel import context_traceback, transform
from xparallel_kernel.display import KernelDisplayHook, KernelDisplayPublisher
from xparallel_kernel.event_loop import CellLoop

if TYPE_CHECKING:
    from _xparallel import Native, Parent
    from xparallel_kernel.kernel import Kernel

_IPYTHON = os.path.dirname(IPython.__file__) + os.sep
_LOOPS_WITHOUT_WINDOWS = (None, "", "inline", "asyncio")

_Raised = tuple[type[BaseException], BaseException, TracebackType | None]


class ZMQInteractiveShell(InteractiveShell):
    """The shell of the kernel.

    Programs ask for this class name to find out whether they run in a notebook; it is ipykernel's.
    """

    native: Native = AnyTrait()  # the C++ half (kernel/native.hpp)
    kernel: Kernel = AnyTrait()  # set once by Kernel; widgets and matplotlib look for it
    autoindent = CBool(False)
    keepkernel_on_exit = None
    shows_notes = True  # of errors of works, whatever version IPython is (context_traceback.py)
    exit_wanted = False  # exit() has been called and the kernel is to end after this cell
    exiter = Instance(ZMQExitAutocall)

    if TYPE_CHECKING:  # IPython's own
        execution_count: int
        user_ns: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any):
        self._silent_errors = False
        # (type, traceback) of those shown since the cell began
        self.shown_errors: list[tuple[type[BaseException], list[str]]] = []
        super().__init__(
            *args,
            display_pub_class=KernelDisplayPublisher,
            displayhook_class=KernelDisplayHook,
            compiler_class=XCachingCompiler,
            **kwargs,
        )
        self.cell_loop = CellLoop(self.errors_silenced)
        self.loop_runner = self.cell_loop.run
        self.input_transformers_post.append(transform.rewrite_lines)

    @default("exiter")
    def _exiter_default(self) -> ZMQExitAutocall:
        return ZMQExitAutocall(self)

    def init_hooks(self) -> None:
        super().init_hooks()
        self.set_hook("show_in_pager", page.as_hook(payloadpage.page), 99)

    def init_user_ns(self) -> None:
        super().init_user_ns()
        ready = {"parallel": parallel, "xlist": parallel.xlist}
        self.user_ns.update(ready)
        self.user_ns_hidden.update(ready)

    def init_virtualenv(self) -> None:
        """The embedded interpreter is the environment's already, or the environment is for another one
        (kernel/embed.cpp)."""

    def enable_gui(self, gui: str | None = None) -> None:
        """No window system's event loop runs here."""
        if gui not in _LOOPS_WITHOUT_WINDOWS:
            print(f"This kernel runs no {gui} event loop: windows will not react.", file=sys.stderr)

    # ---- errors ------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def errors_silenced(self) -> Iterator[None]:
        """No error is shown within."""
        self._silent_errors = True
        try:
            yield
        finally:
            self._silent_errors = False

    def _get_exc_info(self, exc_tuple: _Raised | None = None) -> _Raised:
        etype, evalue, traceback = super()._get_exc_info(exc_tuple)
        without_frames_between(traceback)
        of_a_work = isinstance(evalue.__cause__, _errors.ContextTraceback)
        in_a_rank = isinstance(evalue, SyntaxError) and innermost_file(traceback) == _ranks.__file__
        if of_a_work or in_a_rank or isinstance(evalue, (parallel.ParallelError, KeyboardInterrupt)):
            without_own_frames(traceback)
        return etype, evalue, traceback

    def showtraceback(
        self,
        exc_tuple: _Raised | None = None,
        filename: str | None = None,
        tb_offset: int | None = None,
        exception_only: bool = False,
        running_compiled_code: bool = False,
    ) -> None:
        """As IPython's, but errors with exception groups are shown as errors, with what is in the groups."""
        error = (exc_tuple or sys.exc_info())[1]
        is_plain = exception_only or isinstance(error, (SyntaxError, UsageError))
        if is_plain or error is None or not context_traceback.holds_group(error):
            super().showtraceback(exc_tuple, filename, tb_offset, exception_only, running_compiled_code)
            return
        etype, evalue, frames = self._get_exc_info(exc_tuple)
        frames = without_first_frames_of_ipython(frames)
        self._showtraceback(etype, evalue, context_traceback.with_groups(evalue, frames, self))
        if self.call_pdb:
            self.debugger(force=True)

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: object) -> None:
        if self._silent_errors:
            return
        traceback = [line for line in stb if isinstance(line, str)] if isinstance(stb, (list, tuple)) else [str(stb)]
        traceback = context_traceback.in_style(traceback, evalue, self)
        self.shown_errors.append((etype, traceback))
        self.show_error(etype, evalue, traceback)

    def _format_exception_for_storage(
        self, exception: BaseException, *arguments: Any, **options: Any
    ) -> dict[str, Any]:
        """What IPython 9 keeps of an error. That its own str() raises must not become the error of the cell."""
        try:
            stored: dict[str, Any] = super()._format_exception_for_storage(exception, *arguments, **options)
        except Exception as failure:
            self.log.debug("an error is kept as text: %r", failure)
            evalue = context_traceback.text_of(exception)
            return {
                "ename": type(exception).__name__,
                "evalue": evalue,
                "traceback": context_traceback.as_text(exception),
            }
        return stored

    def show_error(
        self, etype: type[BaseException], evalue: BaseException, traceback: list[str], parent: Parent | None = None
    ) -> None:
        """Show an error under a cell, the current one by default."""
        content = {"ename": etype.__name__, "evalue": context_traceback.text_of(evalue), "traceback": traceback}
        if not self.native.publish("error", content, parent=parent):
            print("\n".join(traceback), file=sys.stderr)

    # ---- what front ends do for the shell ----------------------------------------------------------------------------

    def ask_exit(self) -> None:
        """`exit()` and `quit()`: the kernel ends after this cell, unless `keep_kernel` is given."""
        keep = bool(self.keepkernel_on_exit)
        self.exit_wanted = not keep
        self.payload_manager.write_payload({"source": "ask_exit", "keepkernel": keep})

    def set_next_input(self, text: str, replace: bool = False) -> None:
        """Put text into the next cell, or (`replace`) into this one."""
        self.payload_manager.write_payload({"source": "set_next_input", "text": text, "replace": replace})

    def get_parent(self) -> dict[str, Any]:
        """The message being handled, as ipywidgets asks for it."""
        return self.kernel.get_parent()

    def set_parent(self, parent: dict[str, Any]) -> None:
        """Have output belong to another message."""
        self.kernel.set_parent(parent)

    # ---- `async` is `parallel` ---------------------------------------------------------------------------------------

    def _object_find(self, oname: str, namespaces: Any = None) -> Any:
        if oname == transform.OLD or oname.startswith(transform.OLD + "."):
            oname = transform.NEW + oname[len(transform.OLD) :]
        return super()._object_find(oname, namespaces)

    # ---- in a forked child -------------------------------------------------------------------------------------------

    def leave_kernel(self) -> None:
        """In a forked child: history and its database are the parent's."""
        self.history_manager.enabled = False
        self.history_manager.save_thread = None
        self.atexit_operations = lambda: None


def innermost_file(traceback: TracebackType | None) -> str | None:
    """The file whose code raised."""
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_code.co_filename if traceback is not None else None


def without_first_frames_of_ipython(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback from the first frame on that is not IPython's, or none."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(_IPYTHON):
        traceback = traceback.tb_next
    return traceback


def without_frames_between(traceback: TracebackType | None) -> None:
    """Leave out the frames of `parallel` through which code of a user has called other code of his, a callback say."""
    own = os.path.dirname(parallel.__file__) + os.sep
    above = None  # the last frame so far that is not ours
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(own):
            if above is not None:
                above.tb_next = traceback
            above = traceback
        traceback = traceback.tb_next


def without_own_frames(traceback: TracebackType | None) -> None:
    """Cut off what follows the last frame of a user.

    The insides of `parallel`, and of IPython that calls its magics, say nothing about the user's error.
    """
    own = (os.path.dirname(parallel.__file__) + os.sep, _IPYTHON)
    last = None
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(own):
            last = traceback
        traceback = traceback.tb_next
    if last is not None:
        last.tb_next = None

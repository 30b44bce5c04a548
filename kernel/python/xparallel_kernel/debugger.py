"""JupyterLab's debugger: debug_request messages, answered by debugpy.

It runs on the control thread, so that a cell that stands at a breakpoint can be looked at; only `start` needs the main
thread. It does not trace: debugpy's pydevd does, inside this process, and its adapter, a process of its own, speaks the
protocol (dap.py).
"""

from __future__ import annotations

import os
import queue
import shutil
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from IPython.core.inputtransformer2 import leading_empty_lines

import parallel
import xparallel_kernel
from xparallel_kernel.dap import DapConnection, hide_from_debugger, wait_for

if TYPE_CHECKING:
    from _xparallel import Native, Parent
    from xparallel_kernel.shell import ZMQInteractiveShell

_HASH_SEED = 0xC70F6907  # of the file names of cells; front ends compute them too
_SECONDS_TO_RESUME = 0.05
_OWN_FOLDERS = tuple(os.path.dirname(os.path.abspath(file)) for file in (xparallel_kernel.__file__, parallel.__file__))


class Debugger:
    """Its state lives from `initialize` to `disconnect`; debugpy itself stays once it has been started."""

    def __init__(self, shell: ZMQInteractiveShell, native: Native):
        self._shell = shell
        self._native = native
        self._address: tuple[str, int] | None = None
        self._connection: DapConnection | None = None
        self._explorer: Any = None  # of xeus_python_shell: the variables while nothing is stopped
        self._capabilities: dict[str, Any] | None = None
        self._parent: Parent | None = None  # the request that events belong to
        self._breakpoints: dict[str, list[dict[str, Any]]] = {}
        self._stopped: set[int] = set()
        self._stopped_lock = threading.Lock()  # guards the set's exchange
        self._initialized: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.kept: tuple[dict[str, Any], dict[str, Any]] = {}, {}  # data and metadata of a value
        self._commands: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
            "debugInfo": self._debug_info,
            "initialize": self._initialize,
            "attach": self._attach,
            "configurationDone": lambda request: {},
            "dumpCell": self._dump_cell,
            "source": self._source,
            "setBreakpoints": self._set_breakpoints,
            "continue": self._resume,
            "next": self._resume,
            "stepIn": self._resume,
            "stepOut": self._resume,
            "stackTrace": self._stack_trace,
            "variables": self._variables,
            "inspectVariables": self._inspect_variables,
            "richInspectVariables": self._rich_inspect_variables,
            "copyToGlobals": self._copy_to_globals,
            "disconnect": self._disconnect,
        }

    @property
    def has_started(self) -> bool:
        """Has debugpy been started in this process?"""
        return self._address is not None

    def start(self) -> None:
        """Main thread: start debugpy. ImportError when it is not installed."""
        if self.has_started:
            return
        # The interpreter's own modules are frozen; debugpy would warn of it in the cell.
        os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        import debugpy

        self.hide_own_threads()
        self._address = debugpy.listen(("127.0.0.1", 0))
        from xeus_python_shell.debugger import XDebugger

        self._explorer = XDebugger()

    def hide_own_threads(self) -> None:
        """Those that must go on while a cell stands at a breakpoint: they show its output."""
        for thread in threading.enumerate():
            if thread.name.startswith(("xparallel-", "parallel-")) or type(thread).__name__ == "HistorySavingThread":
                hide_from_debugger(thread)

    def defers_interrupt(self, frame: FrameType | None) -> bool:
        """Main thread: would a KeyboardInterrupt in `frame` hit pydevd, which is broken then?

        If so, what stands at a breakpoint goes on, and the signal comes again soon.
        """
        if not self.has_started or not _is_within(frame, "pydevd"):
            return False
        stopped = self._take_stopped()
        if stopped and self._connection is not None:
            self._connection.send("continue", {"threadId": min(stopped)}, lambda reply: None)
        again = threading.Timer(_SECONDS_TO_RESUME, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
        again.name, again.daemon = "xparallel-interrupt", True
        hide_from_debugger(again)
        again.start()
        return True

    def shut_down(self) -> None:
        """Main thread: the kernel ends."""
        shutil.rmtree(self._folder(), ignore_errors=True)

    # ---- requests, on the control thread -----------------------------------------------------------------------------

    def process(self, header: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
        """The content of the reply to a debug_request."""
        self._parent = type(self._native.parent())(header)
        hide_from_debugger(threading.current_thread())
        command = request.get("command", "")
        answer = self._commands.get(command, self._forward)
        reply = {
            "type": "response",
            "command": command,
            "request_seq": request.get("seq"),
            "seq": request.get("seq"),
            "success": True,
        }
        try:
            body = answer(request)
        except _Refused as refusal:
            return reply | {"success": False, "message": str(refusal)}
        except Exception as error:  # whatever it is, the front end waits for a reply
            return reply | {"success": False, "message": f"{type(error).__name__}: {error}"}
        return reply if body is None else reply | {"body": body}

    def _debug_info(self, request: dict[str, Any]) -> dict[str, Any]:
        return {
            "isStarted": self._connection is not None,
            "hashMethod": "Murmur2",
            "hashSeed": _HASH_SEED,
            "tmpFilePrefix": self._folder() + "/",
            "tmpFileSuffix": ".py",
            "breakpoints": [
                {"source": source, "breakpoints": list(points)} for source, points in self._breakpoints.items()
            ],
            "stoppedThreads": sorted(self._stopped),
            "richRendering": True,
            "exceptionPaths": ["Python Exceptions"],
            "copyToGlobals": True,
        }

    def _initialize(self, request: dict[str, Any]) -> dict[str, Any] | None:
        if self._address is None:
            raise _Refused("debugpy could not be started: a cell is running, or debugpy is not installed")
        if self._connection is None:
            self._initialized = queue.SimpleQueue()
            self._connection = DapConnection(*self._address, self._event)
            # Line numbers of breakpoints count the empty lines at the top of a cell.
            cleanup = self._shell.input_transformer_manager.cleanup_transforms
            if leading_empty_lines in cleanup:
                cleanup.remove(leading_empty_lines)
            self._capabilities = self._forward(request)
        return self._capabilities  # debugpy refuses to be asked twice; a front end that was reloaded does

    def _attach(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """debugpy answers an attach only when the configuration is done, which front ends say later."""
        host, port = self._address or ("", 0)
        arguments = request.get("arguments", {}) | {
            "connect": {"host": host, "port": port},
            "justMyCode": True,
            "subProcess": False,
            "rules": [{"path": f"{folder}/**", "include": False} for folder in _OWN_FOLDERS],
        }
        replies: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._to_debugpy().send("attach", arguments, replies.put)
        wait_for(self._initialized, "attach")
        _checked(self._to_debugpy().ask("configurationDone", {}))
        return _checked(wait_for(replies, "attach"))

    def _disconnect(self, request: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return _checked(self._to_debugpy().ask("disconnect", {"restart": False, "terminateDebuggee": False}))
        finally:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
            self._breakpoints.clear()
            self._take_stopped()
            cleanup = self._shell.input_transformer_manager.cleanup_transforms
            if leading_empty_lines not in cleanup:
                cleanup.insert(0, leading_empty_lines)

    def _dump_cell(self, request: dict[str, Any]) -> dict[str, Any]:
        code = request["arguments"]["code"]
        path = self._shell.compile.get_filename(code)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(code)
        return {"sourcePath": path}

    def _source(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            with open(request["arguments"]["source"]["path"], encoding="utf-8") as file:
                return {"content": file.read()}
        except OSError as error:
            raise _Refused(f"source unavailable: {error}") from error

    def _set_breakpoints(self, request: dict[str, Any]) -> dict[str, Any] | None:
        body = self._forward(request)
        arguments = request["arguments"]
        self._breakpoints[arguments["source"]["path"]] = arguments.get("breakpoints", [])
        return body

    def _resume(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Once for each stop: debugpy never answers the second, nor anything after it."""
        if not self._take_stopped():
            raise _Refused("nothing stands at a breakpoint")
        return self._forward(request)

    def _take_stopped(self) -> set[int]:
        with self._stopped_lock:
            stopped, self._stopped = self._stopped, set()
        return stopped

    def _stack_trace(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Without the frames below the cell: they are the kernel's."""
        body = self._forward(request) or {}
        frames = body.get("stackFrames", [])
        folder = self._folder()
        of_cells = [
            i for i, frame in enumerate(frames) if (frame.get("source") or {}).get("path", "").startswith(folder)
        ]
        if of_cells:
            body["stackFrames"] = frames[: of_cells[-1] + 1]
            body["totalFrames"] = len(body["stackFrames"])
        return body

    # ---- variables ---------------------------------------------------------------------------------------------------

    def _variables(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._stopped:
            body = self._forward(request) or {}
            variables = body.get("variables", [])
        else:
            variables = self._to_explorer().variables(request)["body"]["variables"]
        arguments = request.get("arguments", {})
        start = arguments.get("start") or 0
        count = arguments.get("count") or len(variables)
        return {"variables": [one for one in variables[start : start + count] if not self._is_hidden(one)]}

    def _inspect_variables(self, request: dict[str, Any]) -> dict[str, Any]:
        variables = self._to_explorer().inspect_variables(request)["body"]["variables"]
        return {"variables": [one for one in variables if not self._is_hidden(one)]}

    def _is_hidden(self, variable: dict[str, Any]) -> bool:
        # Not in children of other objects: their evaluateName is more than the name.
        name = variable.get("name", "")
        hidden = self._shell.user_ns_hidden
        return (
            variable.get("evaluateName", name) == name
            and name in hidden
            and self._shell.user_ns.get(name) is hidden[name]
        )

    def _rich_inspect_variables(self, request: dict[str, Any]) -> dict[str, Any]:
        arguments = request["arguments"]
        name = arguments["variableName"]
        if not name.isidentifier():
            return {"data": {}, "metadata": {}}
        self.kept = {}, {}
        if self._stopped and "frameId" in arguments:
            # In the thread that stands at the breakpoint, where the variable is.
            expression = f"__import__('IPython').get_ipython().kernel.debugger.keep({name})"
            _checked(
                self._to_debugpy().ask(
                    "evaluate", {"expression": expression, "frameId": arguments["frameId"], "context": "repl"}
                )
            )
        else:
            self.keep(self._shell.user_ns[name])
        data, metadata = self.kept
        return {"data": data, "metadata": metadata}

    def keep(self, value: object) -> None:
        """Any thread: render a value for the request being served."""
        self.kept = self._shell.display_formatter.format(value)

    def _copy_to_globals(self, request: dict[str, Any]) -> dict[str, Any] | None:
        arguments = request["arguments"]
        target = f"globals()[{arguments['dstVariableName']!r}]"
        source = {"expression": target, "value": arguments["srcVariableName"], "frameId": arguments["srcFrameId"]}
        return _checked(self._to_debugpy().ask("setExpression", source))

    # ---- debugpy -----------------------------------------------------------------------------------------------------

    def _to_debugpy(self) -> DapConnection:
        if self._connection is None:
            raise _Refused("the debugger has not been started")
        return self._connection

    def _to_explorer(self) -> Any:
        if self._explorer is None:
            raise _Refused("the debugger has not been started")
        return self._explorer

    def _forward(self, request: dict[str, Any]) -> dict[str, Any] | None:
        return _checked(self._to_debugpy().ask(request.get("command", ""), request.get("arguments") or {}))

    def _event(self, event: dict[str, Any]) -> None:
        """On the connection's thread."""
        kind, body = event.get("event"), event.get("body") or {}
        if kind == "output" and body.get("category") == "telemetry":
            return
        if kind == "initialized":
            self._initialized.put(event)
        elif kind == "stopped":
            with self._stopped_lock:
                self._stopped.add(body.get("threadId", 0))
            if body.get("allThreadsStopped"):
                self._to_debugpy().send("threads", {}, self._all_stopped)
        elif kind == "continued":
            with self._stopped_lock:
                if body.get("allThreadsContinued", True):
                    self._stopped.clear()
                else:
                    self._stopped.discard(body.get("threadId", 0))
        self._native.publish("debug_event", event, parent=self._parent)

    def _all_stopped(self, reply: dict[str, Any]) -> None:
        with self._stopped_lock:
            if self._stopped:
                self._stopped.update(thread["id"] for thread in (reply.get("body") or {}).get("threads", []))

    def _folder(self) -> str:
        path: str = self._shell.compile.get_filename("")
        return os.path.dirname(path)


class _Refused(Exception):
    """The request cannot be served; the text is for the user."""


def _is_within(frame: FrameType | None, module: str) -> bool:
    while frame is not None:
        if module in os.path.basename(frame.f_code.co_filename):
            return True
        frame = frame.f_back
    return False


def _checked(reply: dict[str, Any]) -> dict[str, Any] | None:
    if not reply.get("success"):
        raise _Refused(reply.get("message") or "debugpy refused")
    return reply.get("body")

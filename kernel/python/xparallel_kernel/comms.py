"""Comms: channels between objects here and in the front end; widgets are built on them.

`Comm` and `CommManager` have the interface of the packages `comm` and `ipykernel.comm` and take the place of both, so
that every version of ipywidgets finds them where it looks.
"""

from __future__ import annotations

import sys
import types
import uuid
import warnings
from collections.abc import Callable

from xparallel_kernel import comm_package


class Comm:
    """One channel. Its opening is announced to the front end, unless it came from there (`primary=False`)."""

    def __init__(
        self,
        target_name="comm",
        data=None,
        metadata=None,
        buffers=None,
        comm_id=None,
        primary=True,
        target_module=None,
        **kwargs,
    ):
        self.comm_id = comm_id or uuid.uuid4().hex
        self.primary = primary
        self.target_name = target_name
        self.target_module = target_module
        self.topic = f"comm-{self.comm_id}"
        self._on_msg: Callable | None = None
        self._on_close: Callable | None = None
        self._open_data = kwargs.pop("_open_data", None)
        self._close_data = kwargs.pop("_close_data", None)
        self._closed = True
        if primary:
            self.open(data=data, metadata=metadata, buffers=buffers)
        else:
            self._closed = False

    @property
    def kernel(self):
        """Old widgets take a comm without a kernel for a closed one."""
        return manager().kernel

    def _publish(self, kind: str, data=None, metadata=None, buffers=None, **keys) -> None:
        content = {"comm_id": self.comm_id, "data": {} if data is None else data, **keys}
        if not manager().native.publish(kind, content, metadata or {}, None, buffers):
            # Not an error: a progress bar in a work should not end it.
            warnings.warn(
                "widgets are not reached from a context: what is changed here does not show. Push to an xlist, or display() text",
                RuntimeWarning,
                stacklevel=3,
            )

    def publish_msg(self, msg_type: str, data=None, metadata=None, buffers=None, **keys) -> None:
        """Send a message of this comm."""
        self._publish(msg_type, data, metadata, buffers, **keys)

    def open(self, data=None, metadata=None, buffers=None) -> None:
        """Register it here and announce it to the front end."""
        manager().register_comm(self)
        try:
            opening = self._open_data if data is None else data
            self._publish(
                "comm_open", opening, metadata, buffers, target_name=self.target_name, target_module=self.target_module
            )
            self._closed = False
        except BaseException:
            manager().unregister_comm(self)
            raise

    def close(self, data=None, metadata=None, buffers=None, deleting: bool = False) -> None:
        """Close it on both sides."""
        if self._closed:
            return
        self._closed = True
        self._publish("comm_close", self._close_data if data is None else data, metadata, buffers)
        if not deleting:
            manager().unregister_comm(self)

    def send(self, data=None, metadata=None, buffers=None) -> None:
        """Send data to the other side."""
        self._publish("comm_msg", data, metadata, buffers)

    def on_msg(self, callback: Callable[[dict], None] | None) -> None:
        """`callback(message)` is called for every message from the front end."""
        self._on_msg = callback

    def on_close(self, callback: Callable[[dict], None] | None) -> None:
        """`callback(message)` is called when the front end closes it."""
        self._on_close = callback

    def handle_msg(self, message: dict) -> None:
        """A message came."""
        if self._on_msg is not None:
            shell = manager().kernel.shell
            shell.events.trigger("pre_execute")
            try:
                self._on_msg(message)
            finally:
                shell.events.trigger("post_execute")

    def handle_close(self, message: dict) -> None:
        """The front end has closed it."""
        self._closed = True
        if self._on_close is not None:
            self._on_close(message)

    def __repr__(self) -> str:
        return f"<Comm {self.target_name!r} {self.comm_id}{' closed' if self._closed else ''}>"


class CommManager:
    """All comms, and the targets that front ends may open comms to."""

    def __init__(self, kernel, native):
        self.kernel = kernel
        self.native = native
        self.comms: dict[str, Comm] = {}
        self.targets: dict[str, Callable] = {}

    def register_target(self, target_name: str, f) -> None:
        """`f(comm, message)` is called when the front end opens a comm to this name; `f` may be 'module.function'."""
        if isinstance(f, str):
            module, _, name = f.rpartition(".")
            f = getattr(__import__(module, fromlist=[name]), name)
        self.targets[target_name] = f

    def unregister_target(self, target_name: str, f=None):
        """Refuse the name from now on; returns what was registered."""
        return self.targets.pop(target_name)

    def register_comm(self, comm) -> str:
        """Have messages reach the comm."""
        self.comms[comm.comm_id] = comm
        return comm.comm_id

    def unregister_comm(self, comm) -> None:
        """Forget the comm."""
        self.comms.pop(comm.comm_id, None)

    def get_comm(self, comm_id: str):
        """The comm with this id, or None."""
        return self.comms.get(comm_id)

    def info(self, target_name: str | None) -> dict:
        """The content of a comm_info_reply, for one target or (None) all."""
        return {
            "status": "ok",
            "comms": {
                comm_id: {"target_name": comm.target_name}
                for comm_id, comm in list(self.comms.items())
                if not target_name or comm.target_name == target_name
            },
        }

    # The first two parameters are ipykernel's socket and identity; nothing here needs them.

    def comm_open(self, stream, ident, message: dict) -> None:
        """The front end opens a comm. It is closed again if nobody registered the target, or whoever did raises."""
        content = message["content"]
        comm = Comm(comm_id=content["comm_id"], primary=False, target_name=content.get("target_name", ""))
        self.register_comm(comm)
        target = self.targets.get(comm.target_name)
        if target is None:
            self.kernel.log.warning("no such comm target registered: %s", comm.target_name)
            comm.close()
            return
        try:
            target(comm, message)
        except BaseException:
            comm.close()
            raise

    def comm_msg(self, stream, ident, message: dict) -> None:
        """The front end sends something."""
        comm = self.get_comm(message["content"]["comm_id"])
        if comm is not None:
            comm.handle_msg(message)

    def comm_close(self, stream, ident, message: dict) -> None:
        """The front end closes a comm."""
        comm = self.comms.pop(message["content"]["comm_id"], None)
        if comm is not None:
            comm.handle_close(message)


_manager: CommManager | None = None


def manager() -> CommManager:
    """The kernel's comm manager."""
    assert _manager is not None, "comms.install() comes first"
    return _manager


def install(new_manager: CommManager) -> None:
    """Make this manager the one that all packages find."""
    global _manager
    _manager = new_manager
    # Found in sys.modules, it is not looked for in the package ipykernel, which need not be there.
    shim = types.ModuleType("ipykernel.comm", "Comms of this kernel, where ipykernel has its own.")
    shim.Comm, shim.CommManager = Comm, CommManager
    shim.__path__ = []
    for name in ("ipykernel.comm", "ipykernel.comm.comm", "ipykernel.comm.manager"):
        sys.modules[name] = shim
    comm_package.serve(lambda *args, **kwargs: Comm(*args, **kwargs), manager)

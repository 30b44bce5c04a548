"""Comms: channels between objects here and in the front end; widgets are built on them.

`Comm` and `CommManager` have the interface of the packages `comm` and `ipykernel.comm` and take the place of both, so
that every version of ipywidgets finds them where it looks.
"""

from __future__ import annotations

import sys
import types
import uuid
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from xparallel_kernel import comm_package

if TYPE_CHECKING:
    from _xparallel import Native
    from xparallel_kernel.kernel import Kernel

_Json = dict[str, Any]
_Buffers = Iterable[bytes | bytearray | memoryview]


class Comm:
    """One channel. Its opening is announced to the front end, unless it came from there (`primary=False`)."""

    def __init__(
        self,
        target_name: str = "comm",
        data: _Json | None = None,
        metadata: _Json | None = None,
        buffers: _Buffers | None = None,
        comm_id: str | None = None,
        primary: bool = True,
        target_module: str | None = None,
        **kwargs: Any,
    ):
        self.comm_id = comm_id or uuid.uuid4().hex
        self.primary = primary
        self.target_name = target_name
        self.target_module = target_module
        self.topic = f"comm-{self.comm_id}"
        self._on_msg: Callable[[_Json], object] | None = None
        self._on_close: Callable[[_Json], object] | None = None
        self._open_data = kwargs.pop("_open_data", None)
        self._close_data = kwargs.pop("_close_data", None)
        self._closed = True
        if primary:
            self.open(data=data, metadata=metadata, buffers=buffers)
        else:
            self._closed = False

    @property
    def kernel(self) -> Kernel:
        """Old widgets take a comm without a kernel for a closed one."""
        return manager().kernel

    def _publish(
        self, kind: str, data: _Json | None, metadata: _Json | None, buffers: _Buffers | None, **keys: Any
    ) -> None:
        content = {"comm_id": self.comm_id, "data": {} if data is None else data, **keys}
        if not manager().native.publish(kind, content, metadata or {}, None, buffers):
            # Not an error: a progress bar in a work should not end it.
            warnings.warn(
                "widgets are not reached from a context: what is changed here does not show. "
                "Push to an xlist, or display() text",
                RuntimeWarning,
                stacklevel=3,
            )

    def publish_msg(
        self,
        msg_type: str,
        data: _Json | None = None,
        metadata: _Json | None = None,
        buffers: _Buffers | None = None,
        **keys: Any,
    ) -> None:
        """Send a message of this comm."""
        self._publish(msg_type, data, metadata, buffers, **keys)

    def open(self, data: _Json | None = None, metadata: _Json | None = None, buffers: _Buffers | None = None) -> None:
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

    def close(
        self,
        data: _Json | None = None,
        metadata: _Json | None = None,
        buffers: _Buffers | None = None,
        deleting: bool = False,
    ) -> None:
        """Close it on both sides."""
        if self._closed:
            return
        self._closed = True
        self._publish("comm_close", self._close_data if data is None else data, metadata, buffers)
        if not deleting:
            manager().unregister_comm(self)

    def send(self, data: _Json | None = None, metadata: _Json | None = None, buffers: _Buffers | None = None) -> None:
        """Send data to the other side."""
        self._publish("comm_msg", data, metadata, buffers)

    def on_msg(self, callback: Callable[[_Json], object] | None) -> None:
        """`callback(message)` is called for every message from the front end."""
        self._on_msg = callback

    def on_close(self, callback: Callable[[_Json], object] | None) -> None:
        """`callback(message)` is called when the front end closes it."""
        self._on_close = callback

    def handle_msg(self, message: _Json) -> None:
        """A message came."""
        if self._on_msg is not None:
            shell = manager().kernel.shell
            shell.events.trigger("pre_execute")
            try:
                self._on_msg(message)
            finally:
                shell.events.trigger("post_execute")

    def handle_close(self, message: _Json) -> None:
        """The front end has closed it."""
        self._closed = True
        if self._on_close is not None:
            self._on_close(message)

    def __repr__(self) -> str:
        return f"<Comm {self.target_name!r} {self.comm_id}{' closed' if self._closed else ''}>"


class CommManager:
    """All comms, and the targets that front ends may open comms to."""

    def __init__(self, kernel: Kernel, native: Native):
        self.kernel = kernel
        self.native = native
        self.comms: dict[str, Comm] = {}
        self.targets: dict[str, Callable[[Comm, _Json], object]] = {}

    def register_target(self, target_name: str, f: Callable[[Comm, _Json], object] | str) -> None:
        """`f(comm, message)` is called when the front end opens a comm to this name; `f` may be 'module.function'."""
        if isinstance(f, str):
            module, _, name = f.rpartition(".")
            self.targets[target_name] = getattr(__import__(module, fromlist=[name]), name)
        else:
            self.targets[target_name] = f

    def unregister_target(self, target_name: str, f: object = None) -> Callable[[Comm, _Json], object]:
        """Refuse the name from now on; returns what was registered."""
        return self.targets.pop(target_name)

    def register_comm(self, comm: Comm) -> str:
        """Have messages reach the comm."""
        self.comms[comm.comm_id] = comm
        return comm.comm_id

    def unregister_comm(self, comm: Comm) -> None:
        """Forget the comm."""
        self.comms.pop(comm.comm_id, None)

    def get_comm(self, comm_id: str) -> Comm | None:
        """The comm with this id, or None."""
        return self.comms.get(comm_id)

    def info(self, target_name: str | None) -> _Json:
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

    def comm_open(self, stream: object, ident: object, message: _Json) -> None:
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

    def comm_msg(self, stream: object, ident: object, message: _Json) -> None:
        """The front end sends something."""
        comm = self.get_comm(message["content"]["comm_id"])
        if comm is not None:
            comm.handle_msg(message)

    def comm_close(self, stream: object, ident: object, message: _Json) -> None:
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
    vars(shim).update(Comm=Comm, CommManager=CommManager)
    shim.__path__ = []
    for name in ("ipykernel.comm", "ipykernel.comm.comm", "ipykernel.comm.manager"):
        sys.modules[name] = shim
    comm_package.serve(lambda *args, **kwargs: Comm(*args, **kwargs), manager)

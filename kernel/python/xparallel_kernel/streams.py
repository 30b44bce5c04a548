"""`sys.stdout` and `sys.stderr` of the kernel: text goes to the running cell, from any thread.

The text is gathered in C++ (publisher.hpp); nothing is buffered here, so nothing can be lost or printed twice by a
fork. In a forked child, which may not touch the kernel's sockets, it goes to the descriptor (child_output.py).
"""

from __future__ import annotations

import codecs
import io
from typing import TYPE_CHECKING, Any

from xparallel_kernel.child_output import ChildOutput

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from _xparallel import Native


class OutputStream(io.TextIOBase):
    """A text stream of the kernel. It cannot be closed: a cell that tries would silence all later ones."""

    encoding = "utf-8"
    errors = "replace"
    mode = "w"
    line_buffering = False
    write_through = True

    def __init__(self, native: Native, name: str, descriptor: int, in_child: ChildOutput):
        super().__init__()
        self.name = f"<{name}>"
        self._native = native
        self._stream = name
        self._descriptor = descriptor
        self._in_child = in_child
        self.buffer = _Bytes(self)

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text and not self._native.write(self._stream, text):
            self._in_child.write(self._descriptor, text)
        return len(text)

    def flush(self) -> None:
        if not self._native.flush_soon():
            self._in_child.give_out()

    def fileno(self) -> int:
        """Subprocesses may be given it: what they write appears in the cell."""
        return self._descriptor

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def close(self) -> None:
        self.flush()

    def reconfigure(self, **options: Any) -> None:
        """Accept what TextIOWrapper accepts; front ends know UTF-8 only."""
        self.flush()

    def __repr__(self) -> str:
        return f"<xparallel_kernel.OutputStream name={self.name!r} encoding={self.encoding!r}>"


class _Bytes(io.BufferedIOBase):
    """`sys.stdout.buffer`: bytes, read as UTF-8."""

    def __init__(self, text: OutputStream):
        super().__init__()
        self._text = text
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.raw = self

    @property
    def name(self) -> str:
        return self._text.name

    def write(self, data: ReadableBuffer | str) -> int:
        if isinstance(data, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        with memoryview(data) as view:
            self._text.write(self._decoder.decode(view))
            return view.nbytes

    def flush(self) -> None:
        self._text.flush()

    def fileno(self) -> int:
        return self._text.fileno()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def close(self) -> None:
        self.flush()


class OperatorStream(io.TextIOBase):
    """What log messages of IPython go to: the log of whoever started the kernel, not a cell."""

    def __init__(self, native: Native):
        super().__init__()
        self._native = native

    def write(self, text: str) -> int:
        self._native.log(text)
        return len(text)

    def writable(self) -> bool:
        return True

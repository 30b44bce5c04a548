"""Types with methods in C that need no gate, and why; those that do are in `effects`.

tests/python/protection/test_completeness looks at every type of the libraries named there: one that is in neither
table, or whose methods are not all in `effects`, fails it. Types written in Python need no entry: their methods are
guarded line by line.
"""

from __future__ import annotations

# Names are "module.qualified name"; a star stands for all there is in a module.
UNGATED: dict[str, str] = {
    "their objects cannot be changed": """
        builtins.bytes builtins.code builtins.complex builtins.dict_items builtins.dict_keys builtins.float
        builtins.frozenset builtins.int builtins.mappingproxy builtins.property builtins.range builtins.slice
        builtins.str builtins.tuple builtins.EncodingMap builtins.BaseExceptionGroup
        datetime.date datetime.datetime datetime.time datetime.timedelta datetime.timezone datetime.tzinfo
        re.Match re.Pattern sqlite3.Row operator.attrgetter operator.itemgetter operator.methodcaller
        _multibytecodec.MultibyteCodec _ssl.Certificate decimal.Decimal pickle.PickleBuffer posix.DirEntry
        unicodedata.UCD
        typing.ParamSpec typing.TypeVar typing.TypeVarTuple
        numpy.dtype numpy.generic numpy.integer numpy.int8 numpy.int16 numpy.int32 numpy.int64 numpy.longlong
        numpy.uint8 numpy.uint16 numpy.uint32 numpy.uint64 numpy.ulonglong
        numpy.float16 numpy.float32 numpy.float64 numpy.float128 numpy.longdouble
        numpy._BoundArrayMethod numpy._ArrayMethod
        pandas._libs.interval.Interval pandas._libs.interval.IntervalMixin pandas._libs.interval.IntervalNode
        pandas._libs.sparse.BlockIndex pandas._libs.sparse.IntIndex pandas._libs.internals.BlockPlacement
        pandas._libs.tslibs.nattype.* pandas._libs.tslibs.offsets.* pandas._libs.tslibs.period.*
        pandas._libs.tslibs.dtypes.* pandas._libs.tslibs.timedeltas.* pandas._libs.tslibs.timestamps.*
        pandas.Interval pandas.Timedelta pandas.Timestamp pandas.api.typing.NaTType
    """,
    "their slots are guarded, and their methods make something new": """
        builtins.type numpy.flatiter pandas._libs.arrays.NDArrayBacked decimal.SignalDictMixin posix.ScandirIterator
        ctypes.c_char_p ctypes.c_void_p ctypes.c_wchar_p
        pandas._libs.internals.Block pandas._libs.internals.NDArrayBackedBlock pandas._libs.internals.NumpyBlock
    """,
    "what changes in them is a cache": """
        functools._lru_cache_wrapper pandas._libs.index.* pandas._libs.hashtable.* pandas._libs.interval.IntervalTree
        pandas._libs.internals.BlockManager pandas._libs.internals.BlockValuesRefs zoneinfo.ZoneInfo
    """,
    "a context has random streams of its own": """
        numpy.random._mt19937.MT19937 numpy.random._pcg64.PCG64 numpy.random._pcg64.PCG64DXSM
        numpy.random._philox.Philox numpy.random._sfc64.SFC64 numpy.random.bit_generator.*
    """,
    "the current context of a thread is the thread's own": """
        _contextvars.ContextVar _contextvars.Context builtins.hamt decimal.Context
    """,
    "bases of types that are listed each": "_io._IOBase _io._BufferedIOBase _io._RawIOBase _io._TextIOBase",
    "what changes them is inherited from a type that is listed": "_hashlib.HASHXOF",
    "they write through another object, which is guarded": "_csv.writer",
    "part of the position of a file": """
        _multibytecodec.MultibyteIncrementalDecoder _multibytecodec.MultibyteIncrementalEncoder
        _multibytecodec.MultibyteStreamReader _multibytecodec.MultibyteStreamWriter
    """,
    "locks belong to nobody in a context": "_thread.RLock _thread.lock _thread._ThreadHandle _multiprocessing.SemLock",
    "what a thread measures is the thread's own": "_lsprof.Profiler",
    "not seen: what is outside of Python (screens, databases, connections, sound), and settings of TLS": """
        _curses.window _curses_panel.panel _dbm.dbm ossaudiodev.oss_audio_device ossaudiodev.oss_mixer_device
        _ssl._SSLContext _ssl._SSLSocket
    """,
    "parts of C code that no program holds": """
        builtins.stderrprinter builtins.InstructionSequence builtins.uop_executor
        numpy._core._multiarray_umath._array_converter pandas._libs.parsers.TextReader
        pandas._libs.parsers._PendingStringColumn pandas._libs.tslibs.parsing._timelex
    """,
    "they look into other processes": "_remote_debugging.RemoteUnwinder",
    "views made within a call": "*.memoryview",
    # docs/protection.md says so.
    "not seen: half-way objects of await, generators of Cython, a scanner of re, frames": """
        builtins.generator builtins.anext_awaitable builtins.async_generator_asend builtins.async_generator_athrow
        builtins.coroutine_wrapper builtins.frame builtins.FrameLocalsProxy _sre.SRE_Scanner
    """,
}


def reason(kind: type) -> str | None:
    """Why `kind` needs no gate; None when that is not known."""
    names = {f"{kind.__module__}.{kind.__qualname__}", f"{kind.__module__}.*", f"*.{kind.__qualname__}"}
    return next((why for why, listed in UNGATED.items() if names & set(listed.split())), None)

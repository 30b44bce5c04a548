"""What every method of the types that can be changed does: reads, changes its object, or changes an argument.

Stores that go through a type's slots (`x[i] = v`, `x.a = v`, `x += y`, `next(x)`) need no entry: every type's are guarded. This is
the rest: methods and functions of C code, which change objects directly. tests/python/protection/test_effects fails when one of a
type that is listed here is not classified.
"""

from __future__ import annotations

from typing import NamedTuple

# As in runtime/python/guard/gate.hpp.
_CONTENTS, _ATTRIBUTE, _IN_PLACE, _POSITION, _STREAM, _PROCESS = range(6)
_SELF, _ARGUMENT, _OUTPUT = range(3)


class Effects(NamedTuple):
    """Names of methods, separated by blanks.

    `changes`: their object. `attributes`: what their object says about itself, not its contents. `outputs` and `arguments`:
    "name:position" of an argument that is changed, optional in `outputs`.
    """

    reads: str
    changes: str = ""
    outputs: str = ""
    arguments: str = ""
    attributes: str = ""
    kind: int = _CONTENTS


# ---- builtins and collections ----------------------------------------------------------------------------------------

TYPES: dict[tuple[str, str], Effects] = {
    ("builtins", "list"): Effects("copy count index", "append clear extend insert pop remove reverse sort"),
    ("builtins", "dict"): Effects("copy fromkeys get items keys values", "clear pop popitem setdefault update"),
    ("builtins", "set"): Effects(
        "copy difference intersection isdisjoint issubset issuperset symmetric_difference union",
        "add clear difference_update discard intersection_update pop remove symmetric_difference_update update",
    ),
    ("builtins", "bytearray"): Effects(
        "capitalize center copy count decode endswith expandtabs find fromhex hex index isalnum isalpha isascii isdigit islower "
        "isspace istitle isupper join ljust lower lstrip partition removeprefix removesuffix replace rfind rindex rjust "
        "rpartition rsplit rstrip split splitlines startswith strip swapcase title translate upper zfill",
        "append clear extend insert pop remove reverse",
    ),
    # release() ends the view, not what it shows.
    ("builtins", "memoryview"): Effects("cast hex release tobytes tolist toreadonly"),
    ("builtins", "BaseException"): Effects("with_traceback", "add_note"),  # raising one sets its traceback, too
    ("_collections", "deque"): Effects(
        "copy count index", "append appendleft clear extend extendleft insert pop popleft remove reverse rotate"
    ),
    ("collections", "OrderedDict"): Effects(
        "copy fromkeys items keys values", "clear move_to_end pop popitem setdefault update"
    ),
    ("collections", "defaultdict"): Effects("copy", "__missing__"),
    ("array", "array"): Effects(
        "buffer_info count index tobytes tofile tolist tounicode",
        "append byteswap extend frombytes fromfile fromlist fromunicode insert pop remove reverse",
    ),
    ("mmap", "mmap"): Effects(
        "close find flush madvise read read_byte readline rfind seek size tell", "move resize write write_byte"
    ),
    ("_queue", "SimpleQueue"): Effects("empty qsize", "get get_nowait put put_nowait"),
    ("_elementtree", "Element"): Effects(
        "find findall findtext get items iter iterfind itertext keys makeelement", "append clear extend insert remove set"
    ),
    ("_elementtree", "TreeBuilder"): Effects("", "close comment data end pi start"),
    ("_elementtree", "XMLParser"): Effects("", "_parse_whole _setevents close feed", kind=_POSITION),
    ("pyexpat", "XMLParserType"): Effects(
        "GetBase GetInputContext",
        "ExternalEntityParserCreate Parse ParseFile SetBase SetParamEntityParsing UseForeignDTD",
        kind=_POSITION,
    ),
    ("sqlite3", "Blob"): Effects("close read seek tell", "write", kind=_STREAM),
    ("sqlite3", "Cursor"): Effects(
        # execute() as for connections; what it found is read like an iterator.
        "close execute executemany executescript setinputsizes setoutputsize",
        "fetchall fetchmany fetchone",
        kind=_POSITION,
    ),
    ("sqlite3", "Connection"): Effects(
        # Reading through a connection is what SELECT does, and cannot be told from writing here; see
        # docs/protection.md.
        "backup blobopen close commit cursor enable_load_extension execute executemany executescript getlimit interrupt iterdump "
        "load_extension rollback serialize setlimit",
        "create_aggregate create_collation create_function create_window_function deserialize set_authorizer "
        "set_progress_handler set_trace_callback",
    ),
    # ---- iterators ---------------------------------------------------------------------------------------------------
    ("types", "GeneratorType"): Effects("", "close send throw", kind=_POSITION),
    ("types", "CoroutineType"): Effects("", "close send throw", kind=_POSITION),
    ("types", "AsyncGeneratorType"): Effects("", "aclose asend athrow", kind=_POSITION),
    # ---- files: reading moves a position that is the context's own copy ----------------------------------------------
    ("_io", "StringIO"): Effects(
        "close getvalue read readable readline seek seekable tell writable", "truncate write", kind=_STREAM
    ),
    ("_io", "BytesIO"): Effects(
        "close flush getbuffer getvalue isatty read read1 readable readline readlines seek seekable tell writable",
        "truncate write writelines",
        arguments="readinto:0",
        kind=_STREAM,
    ),
    ("_io", "TextIOWrapper"): Effects(
        "close detach fileno flush isatty read readable readline reconfigure seek seekable tell writable",
        "truncate write",
        kind=_STREAM,
    ),
    ("_io", "BufferedReader"): Effects(
        "_dealloc_warn close detach fileno flush isatty peek read read1 readable readline seek seekable tell truncate",
        arguments="readinto:0 readinto1:0",
    ),
    ("_io", "BufferedWriter"): Effects(
        "_dealloc_warn close detach fileno flush isatty seek seekable tell writable", "truncate write", kind=_STREAM
    ),
    ("_io", "BufferedRandom"): Effects(
        "_dealloc_warn close detach fileno flush isatty peek read read1 readable readline seek seekable tell writable",
        "truncate write",
        arguments="readinto:0 readinto1:0",
        kind=_STREAM,
    ),
    ("_io", "BufferedRWPair"): Effects(
        "close flush isatty peek read read1 readable writable", "write", arguments="readinto:0 readinto1:0", kind=_STREAM
    ),
    ("_io", "IncrementalNewlineDecoder"): Effects("decode getstate reset setstate"),
    ("_io", "FileIO"): Effects(
        "_dealloc_warn close fileno isatty read readable readall seek seekable tell writable",
        "truncate write",
        arguments="readinto:0",
        kind=_STREAM,
    ),
    # Sharing memory for writing is a change; for reading, there is from_buffer_copy.
    ("_ctypes", "_SimpleCData.__class__"): Effects(
        "from_address from_buffer_copy from_param in_dll", arguments="from_buffer:0"
    ),
    ("_struct", "Struct"): Effects("iter_unpack pack unpack unpack_from", arguments="pack_into:0"),
    ("_socket", "socket"): Effects(
        "_accept bind close connect connect_ex detach fileno getblocking getpeername getsockname getsockopt gettimeout listen recv "
        "recvfrom recvmsg recvmsg_into send sendall sendmsg sendmsg_afalg sendto setblocking setsockopt settimeout shutdown",
        arguments="recv_into:0 recvfrom_into:0",
    ),
    # ---- random numbers: a context has streams of its own; seeding and drawing change nothing that anybody compares --
    ("_random", "Random"): Effects("getrandbits getstate random seed setstate"),
    # ---- numpy -------------------------------------------------------------------------------------------------------
    ("numpy.core._multiarray_umath", "ndarray"): Effects(
        "argpartition argsort astype conj conjugate copy diagonal dump dumps flatten getfield item newbyteorder nonzero ravel repeat "
        "reshape searchsorted squeeze swapaxes tobytes tofile tolist tostring transpose view",
        "byteswap fill itemset partition put resize setfield sort __setstate__",
        "all:1 any:1 argmax:1 argmin:1 choose:1 clip:2 compress:2 cumprod:2 cumsum:2 dot:1 max:1 mean:2 min:1 prod:2 ptp:1 round:1 "
        "std:2 sum:2 take:2 trace:4 var:2",
        attributes="setflags",
    ),
    ("numpy", "void"): Effects("getfield", "setfield"),
    ("numpy", "broadcast"): Effects("", "reset", kind=_POSITION),
    ("numpy", "nditer"): Effects(
        "copy debug_print",
        "close enable_external_loop iternext remove_axis remove_multi_index reset",
        kind=_POSITION,
    ),
    ("numpy", "ufunc"): Effects(
        "_get_strided_loop _resolve_dtypes_and_context outer resolve_dtypes",
        outputs="accumulate:3 reduce:3 reduceat:4",
        arguments="at:0",
    ),
    ("numpy.random._generator", "Generator"): Effects(
        "beta binomial bytes chisquare choice dirichlet exponential f gamma geometric gumbel hypergeometric integers laplace "
        "logistic lognormal logseries multinomial multivariate_hypergeometric multivariate_normal negative_binomial "
        "noncentral_chisquare noncentral_f normal pareto permutation poisson power rayleigh standard_cauchy standard_t triangular "
        "uniform vonmises wald weibull zipf",
        outputs="random:2 standard_exponential:3 standard_gamma:3 standard_normal:2 permuted:2",
        arguments="shuffle:0",
    ),
    ("numpy.random.mtrand", "RandomState"): Effects(
        "beta binomial bytes chisquare choice dirichlet exponential f gamma geometric get_state gumbel hypergeometric laplace logistic "
        "lognormal logseries multinomial multivariate_normal negative_binomial noncentral_chisquare noncentral_f normal pareto "
        "permutation poisson power rand randint randn random random_integers random_sample rayleigh seed set_state standard_cauchy "
        "standard_exponential standard_gamma standard_normal standard_t tomaxint triangular uniform vonmises wald weibull zipf",
        arguments="shuffle:0",
    ),
}

# ---- functions of modules: (module, name) -> position and name of the argument that is changed -----------------------

FUNCTIONS: dict[tuple[str, str], tuple[int, str | None]] = {
    ("_heapq", "heappush"): (0, None),
    ("_heapq", "heappop"): (0, None),
    ("_heapq", "heapify"): (0, None),
    ("_heapq", "heapreplace"): (0, None),
    ("_heapq", "heappushpop"): (0, None),
    ("_heapq", "_heappop_max"): (0, None),
    ("_heapq", "_heapify_max"): (0, None),
    ("_heapq", "_heapreplace_max"): (0, None),
    ("_bisect", "insort_left"): (0, "a"),
    ("_bisect", "insort_right"): (0, "a"),
    ("_collections", "_count_elements"): (0, None),
    ("_elementtree", "SubElement"): (0, None),
    ("_struct", "pack_into"): (1, None),
    ("numpy.core._multiarray_umath", "copyto"): (0, "dst"),
    ("numpy.core._multiarray_umath", "putmask"): (0, "a"),
    ("numpy.core._multiarray_umath", "_insert"): (0, "arr"),
    ("numpy.core._multiarray_umath", "_place"): (0, "arr"),
}

# The same where it is optional.
OUTPUTS: dict[tuple[str, str], int] = {
    ("numpy.core._multiarray_umath", "dot"): 2,
    ("numpy.core._multiarray_umath", "concatenate"): 2,
    ("numpy.core._multiarray_umath", "c_einsum"): -1,
    ("numpy.core._multiarray_umath", "busday_offset"): 5,
    ("numpy.core._multiarray_umath", "busday_count"): 4,
    ("numpy.core._multiarray_umath", "is_busday"): 4,
}

# What the whole process has one of, and a module in Python shows as an object.
PROCESS = (("posix", "putenv"), ("posix", "unsetenv"))


def table() -> list[tuple]:
    """For `_core.guard_configure`: (module, type or None, name, operation, kind, subject, position, keyword or None)."""
    rows = []
    for (module, kind), of in TYPES.items():
        for name in of.changes.split():
            rows.append((module, kind, name, f"{name}()", of.kind, _SELF, 0, None))
        for name in of.attributes.split():
            rows.append((module, kind, name, f"{name}()", _ATTRIBUTE, _SELF, 0, None))
        for output in of.outputs.split():
            name, position = output.split(":")
            rows.append((module, kind, name, f"{name}(out=)", _CONTENTS, _OUTPUT, int(position), "out"))
        for argument in of.arguments.split():
            name, position = argument.split(":")
            rows.append((module, kind, name, f"{name}()", _CONTENTS, _ARGUMENT, int(position), None))
    for (module, name), (position, keyword) in FUNCTIONS.items():
        rows.append((module, None, name, f"{name}()", _CONTENTS, _ARGUMENT, position, keyword))
    for module, name in PROCESS:
        rows.append((module, None, name, f"{name}()", _PROCESS, _SELF, 0, None))
    for (module, name), position in OUTPUTS.items():
        rows.append((module, None, name, f"{name}(out=)", _CONTENTS, _OUTPUT, position, "out"))
    return rows

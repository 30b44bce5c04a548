"""What every method of the types that can be changed does: reads, changes its object, or changes an argument.

Stores that go through a type's slots (`x[i] = v`, `x.a = v`, `x += y`, `next(x)`) need no entry: every type's are
guarded. This is the rest: methods and functions of C code, which change objects directly.
tests/python/protection/test_effects fails when one of a type that is listed here is not classified.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

# As in runtime/python/guard/gate.hpp.
_CONTENTS, _ATTRIBUTE, _IN_PLACE, _POSITION, _STREAM, _PROCESS = range(6)
_SELF, _ARGUMENT, _OUTPUT = range(3)


# In every type of C, methods of these names only read, or make something new.
READING_PROTOCOLS = frozenset(
    "__alloc__ __array__ __array_finalize__ __array_function__ __array_namespace__ __array_prepare__ "
    "__array_ufunc__ __array_wrap__ __bytes__ __ceil__ __class_getitem__ __complex__ __contains__ __copy__ "
    "__ctypes_from_outparam__ __deepcopy__ __dir__ __dlpack__ __dlpack_device__ __enter__ __exit__ __floor__ "
    "__format__ __fspath__ __getformat__ __getinitargs__ __getitem__ __getnewargs__ __getstate__ __init_subclass__ "
    "__instancecheck__ __length_hint__ __mro_entries__ __prepare__ __reduce__ __reduce_ex__ __replace__ __repr__ "
    "__reversed__ __round__ __set_name__ __sizeof__ __subclasscheck__ __subclasses__ __subclasshook__ __trunc__".split()
)


class Effects(NamedTuple):
    """Names of methods, separated by blanks; those of `READING_PROTOCOLS` need none.

    `changes`: their object. `attributes`: what their object says about itself, not its contents. `outputs` and
    `arguments`: "name:position" of an argument that is changed, optional in `outputs`, and ":keyword" where it can be
    given by that name.
    """

    reads: str
    changes: str = ""
    outputs: str = ""
    arguments: str = ""
    attributes: str = ""
    kind: int = _CONTENTS


def listed(of: Effects) -> list[str]:
    """The names in an entry, as often as they are there."""
    named = [item.split(":")[0] for item in f"{of.outputs} {of.arguments}".split()]
    return f"{of.reads} {of.changes} {of.attributes}".split() + named


# ---- builtins and collections ----------------------------------------------------------------------------------------

# (module, name): as the module has it, or as the type says itself, where the module has no name for it. Modules are
# those that users import from: libraries move their types between the ones within.
TYPES: dict[tuple[str, str], Effects] = {
    ("builtins", "list"): Effects("copy count index", "append clear extend insert pop remove reverse sort"),
    ("builtins", "dict"): Effects("copy fromkeys get items keys values", "clear pop popitem setdefault update"),
    ("builtins", "set"): Effects(
        "copy difference intersection isdisjoint issubset issuperset symmetric_difference union",
        "add clear difference_update discard intersection_update pop remove symmetric_difference_update update",
    ),
    ("builtins", "bytearray"): Effects(
        "capitalize center copy count decode endswith expandtabs find fromhex hex index isalnum isalpha isascii "
        "isdigit islower isspace istitle isupper join ljust lower lstrip partition removeprefix removesuffix replace "
        "rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title translate upper "
        "zfill",
        "append clear extend insert pop remove resize reverse",
    ),
    # release() ends the view, not what it shows.
    ("builtins", "memoryview"): Effects("_from_flags cast count hex index release tobytes tolist toreadonly"),
    # with_traceback() is let through: raising one sets its traceback, too.
    ("builtins", "BaseException"): Effects("with_traceback", "__setstate__ add_note"),
    ("_collections", "deque"): Effects(
        "copy count index", "append appendleft clear extend extendleft insert pop popleft remove reverse rotate"
    ),
    ("collections", "OrderedDict"): Effects(
        "copy fromkeys items keys values", "clear move_to_end pop popitem setdefault update"
    ),
    ("collections", "defaultdict"): Effects("copy", "__missing__"),
    ("array", "array"): Effects(
        "buffer_info count index tobytes tofile tolist tounicode",
        "append byteswap clear extend frombytes fromfile fromlist fromunicode insert pop remove reverse",
    ),
    ("mmap", "mmap"): Effects(
        "close find flush madvise read read_byte readline rfind seek seekable size tell", "move resize write write_byte"
    ),
    ("_queue", "SimpleQueue"): Effects("empty qsize", "get get_nowait put put_nowait"),
    ("_elementtree", "Element"): Effects(
        "find findall findtext get items iter iterfind itertext keys makeelement",
        "__setstate__ append clear extend insert remove set",
    ),
    ("_elementtree", "TreeBuilder"): Effects("", "close comment data end pi start"),
    ("_elementtree", "XMLParser"): Effects("", "_parse_whole _setevents close feed flush", kind=_POSITION),
    ("pyexpat", "XMLParserType"): Effects(
        "GetBase GetInputContext GetReparseDeferralEnabled",
        "ExternalEntityParserCreate Parse ParseFile SetAllocTrackerActivationThreshold "
        "SetAllocTrackerMaximumAmplification SetBase SetBillionLaughsAttackProtectionActivationThreshold "
        "SetBillionLaughsAttackProtectionMaximumAmplification SetParamEntityParsing SetReparseDeferralEnabled "
        "UseForeignDTD",
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
        # Reading through a connection is what SELECT does, and cannot be told from writing here (docs/protection.md).
        "backup blobopen close commit cursor enable_load_extension execute executemany executescript getconfig "
        "getlimit interrupt iterdump load_extension rollback serialize setlimit",
        "create_aggregate create_collation create_function create_window_function deserialize set_authorizer "
        "set_progress_handler set_trace_callback setconfig",
    ),
    # ---- iterators ---------------------------------------------------------------------------------------------------
    ("types", "GeneratorType"): Effects("", "close send throw", kind=_POSITION),
    ("types", "CoroutineType"): Effects("", "close send throw", kind=_POSITION),
    ("types", "AsyncGeneratorType"): Effects("", "aclose asend athrow", kind=_POSITION),
    # ---- the rest of the standard library ----------------------------------------------------------------------------
    ("functools", "partial"): Effects("", "__setstate__"),
    ("_asyncio", "Future"): Effects(
        "_make_cancelled_error cancelled done exception get_loop result",
        "add_done_callback cancel remove_done_callback set_exception set_result",
    ),
    ("_asyncio", "Task"): Effects(
        "_make_cancelled_error cancelled cancelling done exception get_context get_coro get_name get_stack print_stack "
        "result",
        "add_done_callback cancel remove_done_callback set_exception set_name set_result uncancel",
    ),
    ("_asyncio", "FutureIter"): Effects("", "close send throw", kind=_POSITION),
    ("_bz2", "BZ2Compressor"): Effects("", "compress flush"),
    ("_bz2", "BZ2Decompressor"): Effects("", "decompress"),
    ("_lzma", "LZMACompressor"): Effects("", "compress flush"),
    ("_lzma", "LZMADecompressor"): Effects("", "decompress"),
    ("zlib", "Compress"): Effects("copy", "compress flush"),
    ("zlib", "Decompress"): Effects("copy", "decompress flush"),
    ("_zstd", "ZstdCompressor"): Effects("", "compress flush set_pledged_input_size"),  # from 3.14 on
    ("_zstd", "ZstdDecompressor"): Effects("", "decompress"),
    ("_pickle", "Pickler"): Effects("persistent_id", "clear_memo dump"),
    ("_pickle", "PicklerMemoProxy"): Effects("copy", "clear"),
    ("_pickle", "Unpickler"): Effects("find_class persistent_load", "load", kind=_POSITION),
    ("_pickle", "UnpicklerMemoProxy"): Effects("copy", "clear"),
    ("_ssl", "MemoryBIO"): Effects("", "read write write_eof"),
    ("select", "epoll"): Effects("close fileno fromfd poll", "modify register unregister"),
    ("select", "poll"): Effects("poll", "modify register unregister"),
    # ---- files: reading moves a position that is the context's own copy ----------------------------------------------
    ("_io", "StringIO"): Effects(
        "close getvalue read readable readline seek seekable tell writable", "__setstate__ truncate write", kind=_STREAM
    ),
    ("_io", "BytesIO"): Effects(
        "close flush getbuffer getvalue isatty read read1 readable readline readlines seek seekable tell writable",
        "__setstate__ truncate write writelines",
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
        "close flush isatty peek read read1 readable writable",
        "write",
        arguments="readinto:0 readinto1:0",
        kind=_STREAM,
    ),
    ("_io", "IncrementalNewlineDecoder"): Effects("decode getstate reset setstate"),
    ("_io", "FileIO"): Effects(
        "_dealloc_warn _isatty_open_only close fileno isatty read readable readall seek seekable tell writable",
        "truncate write",
        arguments="readinto:0",
        kind=_STREAM,
    ),
    # Sharing memory for writing is a change; for reading, there is from_buffer_copy.
    ("_ctypes", "_SimpleCData.__class__"): Effects(
        "from_address from_buffer_copy from_param in_dll", arguments="from_buffer:0"
    ),
    ("_ctypes", "_CData"): Effects("", "__setstate__"),
    ("_struct", "Struct"): Effects("iter_unpack pack unpack unpack_from", arguments="pack_into:0"),
    ("_socket", "socket"): Effects(
        "_accept bind close connect connect_ex detach fileno getblocking getpeername getsockname getsockopt gettimeout "
        "listen recv recvfrom recvmsg recvmsg_into send sendall sendmsg sendmsg_afalg sendto setblocking setsockopt "
        "settimeout shutdown",
        arguments="recv_into:0:buffer recvfrom_into:0:buffer",
    ),
    # ---- random numbers: a context has streams of its own; seeding and drawing change nothing that anybody compares --
    ("_random", "Random"): Effects("getrandbits getstate random seed setstate"),
    # ---- numpy -------------------------------------------------------------------------------------------------------
    ("numpy", "ndarray"): Effects(
        "argpartition argsort astype conj conjugate copy diagonal dump dumps flatten getfield item newbyteorder "
        "nonzero ravel repeat reshape searchsorted squeeze swapaxes to_device tobytes tofile tolist tostring transpose "
        "view",
        "byteswap fill itemset partition put resize setfield sort __setstate__",
        "all:1 any:1 argmax:1 argmin:1 choose:1 clip:2 compress:2 cumprod:2 cumsum:2 dot:1 max:1 mean:2 min:1 prod:2 "
        "ptp:1 round:1 std:2 sum:2 take:2 trace:4 var:2",
        attributes="setflags",
    ),
    ("numpy", "void"): Effects("getfield", "setfield"),
    ("numpy", "broadcast"): Effects("", "reset", kind=_POSITION),
    ("numpy", "nditer"): Effects(
        "copy debug_print",
        "__exit__ close enable_external_loop iternext remove_axis remove_multi_index reset",
        kind=_POSITION,
    ),
    ("numpy", "ufunc"): Effects(
        "_get_strided_loop _resolve_dtypes_and_context outer resolve_dtypes",
        outputs="accumulate:3 reduce:3 reduceat:4",
        arguments="at:0",
    ),
    ("numpy.random", "Generator"): Effects(
        "__setstate__ beta binomial bytes chisquare choice dirichlet exponential f gamma geometric gumbel "
        "hypergeometric integers laplace logistic lognormal logseries multinomial multivariate_hypergeometric "
        "multivariate_normal negative_binomial noncentral_chisquare noncentral_f normal pareto permutation poisson "
        "power rayleigh spawn standard_cauchy standard_t triangular uniform vonmises wald weibull zipf",
        outputs="random:2 standard_exponential:3 standard_gamma:3 standard_normal:2 permuted:2",
        arguments="shuffle:0:x",
    ),
    ("numpy.random", "RandomState"): Effects(
        "__setstate__ beta binomial bytes chisquare choice dirichlet exponential f gamma geometric get_state gumbel "
        "hypergeometric laplace logistic lognormal logseries multinomial multivariate_normal negative_binomial "
        "noncentral_chisquare noncentral_f normal pareto permutation poisson power rand randint randn random "
        "random_integers random_sample rayleigh seed set_state standard_cauchy standard_exponential standard_gamma "
        "standard_normal standard_t tomaxint triangular uniform vonmises wald weibull zipf",
        arguments="shuffle:0:x",
    ),
}

# ---- types of which many have the same methods -----------------------------------------------------------------------

TYPES |= {
    (module, name): Effects("", "__setstate__", kind=_POSITION)
    for module, names in (
        (
            "builtins",
            "bytearray_iterator bytes_iterator iterator list_iterator list_reverseiterator longrange_iterator "
            "map range_iterator reversed str_ascii_iterator str_iterator tuple_iterator zip",
        ),
        ("array", "arrayiterator"),
        (
            "itertools",
            "_tee accumulate combinations combinations_with_replacement cycle dropwhile groupby islice permutations "
            "product takewhile zip_longest",
        ),
    )
    for name in names.split()
}
TYPES["itertools", "chain"] = Effects("from_iterable", "__setstate__", kind=_POSITION)

# Hashes.
TYPES |= {
    (module, name): Effects("copy digest hexdigest", "update")
    for module, names in (
        ("_blake2", "blake2b blake2s"),
        ("_hashlib", "HASH HMAC"),
        ("_hmac", "HMAC"),  # from 3.14 on
        ("_md5", "md5"),
        ("_sha1", "sha1"),
        ("_sha2", "SHA224Type SHA256Type SHA384Type SHA512Type"),  # from 3.12 on
        ("_sha256", "sha224 sha256"),
        ("_sha3", "sha3_224 sha3_256 sha3_384 sha3_512 shake_128 shake_256"),
        ("_sha512", "sha384 sha512"),
    )
    for name in names.split()
}

if sys.version_info >= (3, 12):
    TYPES["zlib", "_ZlibDecompressor"] = Effects("", "decompress")

# The types of ctypes' types.
_OF_DATA = Effects("from_address from_buffer_copy from_param in_dll", arguments="from_buffer:0")
TYPES |= {("_ctypes", f"{name}.__class__"): _OF_DATA for name in ("Array", "CFuncPtr", "Structure", "Union")}
TYPES["_ctypes", "_Pointer.__class__"] = _OF_DATA._replace(changes="set_type")

# ---- functions of modules: (module, name) -> position and name of the argument that is changed -----------------------
# "module:type" is the extension module that defines this type, whatever its name; "a|b" are names in different
# versions, and what ends in a bar is not in all of them.

FUNCTIONS: dict[tuple[str, str], tuple[int, str | None]] = {
    ("_heapq", "heappush"): (0, None),
    ("_heapq", "heappop"): (0, None),
    ("_heapq", "heapify"): (0, None),
    ("_heapq", "heapreplace"): (0, None),
    ("_heapq", "heappushpop"): (0, None),
    ("_heapq", "heappush_max|"): (0, None),
    ("_heapq", "heappushpop_max|"): (0, None),
    ("_heapq", "heappop_max|_heappop_max"): (0, None),
    ("_heapq", "heapify_max|_heapify_max"): (0, None),
    ("_heapq", "heapreplace_max|_heapreplace_max"): (0, None),
    ("_bisect", "insort_left"): (0, "a"),
    ("_bisect", "insort_right"): (0, "a"),
    ("_collections", "_count_elements"): (0, None),
    ("_ctypes", "resize"): (0, None),
    ("_elementtree", "SubElement"): (0, None),
    ("_struct", "pack_into"): (1, None),
    ("numpy:ndarray", "copyto"): (0, "dst"),
    ("numpy:ndarray", "putmask"): (0, "a"),
    ("numpy:ndarray", "_place|_insert"): (0, "arr"),
}

# The same where it is optional.
OUTPUTS: dict[tuple[str, str], int] = {
    ("numpy:ndarray", "dot"): 2,
    ("numpy:ndarray", "concatenate"): 2,
    ("numpy:ndarray", "c_einsum"): -1,
    ("numpy:ndarray", "busday_offset"): 5,
    ("numpy:ndarray", "busday_count"): 4,
    ("numpy:ndarray", "is_busday"): 4,
}

# What the whole process has one of, and a module in Python shows as an object.
PROCESS = (("posix", "putenv"), ("posix", "unsetenv"))


# module, type or None, name, operation, kind, subject, position, keyword or None
_Row = tuple[str, str | None, str, str, int, int, int, str | None]


def table() -> list[_Row]:
    """For `_core.guard_configure`."""
    rows: list[_Row] = []
    for (module, kind), of in TYPES.items():
        for name in of.changes.split():
            rows.append((module, kind, name, f"{name}()", of.kind, _SELF, 0, None))
        for name in of.attributes.split():
            rows.append((module, kind, name, f"{name}()", _ATTRIBUTE, _SELF, 0, None))
        for output in of.outputs.split():
            name, position = output.split(":")
            rows.append((module, kind, name, f"{name}(out=)", _CONTENTS, _OUTPUT, int(position), "out"))
        for argument in of.arguments.split():
            name, position, *keyword = argument.split(":")
            by_name = keyword[0] if keyword else None
            rows.append((module, kind, name, f"{name}()", _CONTENTS, _ARGUMENT, int(position), by_name))
    for (module, name), (place, by_name) in FUNCTIONS.items():
        rows.append((module, None, name, f"{name.partition('|')[0]}()", _CONTENTS, _ARGUMENT, place, by_name))
    for module, name in PROCESS:
        rows.append((module, None, name, f"{name}()", _PROCESS, _SELF, 0, None))
    for (module, name), place in OUTPUTS.items():
        rows.append((module, None, name, f"{name}(out=)", _CONTENTS, _OUTPUT, place, "out"))
    return rows

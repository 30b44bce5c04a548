"""What library code may do to objects of the main thread, and which methods say that they change their object.

Both by exact names. Code that is not named here is judged by what it changes: what libraries hold they may change, what
the user holds not.
"""

from __future__ import annotations

# "type:name" of types whose objects anybody may change; "module:qualified.name", or "module:*", of functions that fill
# caches, keep their own books, or write what nobody will read again.
EXEMPT = (
    # decimal.getcontext().prec = 10
    "type:decimal.Context",
    # A pickler of this package's, which is used again in contexts.
    "type:parallel.clone_pickler",
    # zoneinfo keeps its cache in one, out of sight.
    "weakref:WeakValueDictionary.setdefault",
    # A property's value, computed once for an object; the next to ask would compute the same.
    "functools:cached_property.__get__",
    "functools:singledispatch.<locals>.dispatch",
    "functools:singledispatch.<locals>.wrapper",
    "functools:singledispatchmethod.__get__",
    "weakref:WeakKeyDictionary.__setitem__.<locals>.remove",
    # They write to shared memory, and to nothing else.
    "multiprocessing.sharedctypes:SynchronizedArray.__setitem__",
    "multiprocessing.sharedctypes:SynchronizedArray.__setslice__",
    # Who is being shown, so that a circle ends.
    "dataclasses:_recursive_repr.<locals>.wrapper",
    "reprlib:recursive_repr.<locals>.decorating_function.<locals>.wrapper",
    # The second of two numbers that are made at once.
    "random:Random.gauss",
    "random:Random.seed",
    "random:Random.setstate",
    # Sets of weak references that are read: they note who reads.
    "_weakrefset:_IterationGuard.__enter__",
    "_weakrefset:_IterationGuard.__exit__",
    "_weakrefset:WeakSet._commit_removals",
    "_weakrefset:WeakSet.__init__.<locals>._remove",
    "weakref:WeakValueDictionary._commit_removals",
    "weakref:WeakValueDictionary.__init__.<locals>.remove",
    "weakref:WeakKeyDictionary._commit_removals",
    "weakref:WeakKeyDictionary.__init__.<locals>.remove",
    # Functions of a library, looked up once.
    "ctypes:CDLL.__getattr__",
    "ctypes:LibraryLoader.__getattr__",
    # Methods of the file, kept for the next call.
    "tempfile:_TemporaryFileWrapper.__getattr__",
    # Abstract classes note who is one.
    "_py_abc:ABCMeta.__instancecheck__",
    "_py_abc:ABCMeta.__subclasscheck__",
    "_py_abc:ABCMeta.register",
    # Classes of the main thread learn of their subclasses in a context.
    "enum:_proto_member.__set_name__",
    "enum:Flag._missing_",
    # Decoders keep the bytes of half a character: part of the position of a file that is read.
    "codecs:*",
    "encodings.idna:*",
    "encodings.utf_16:*",
    "encodings.utf_32:*",
    "encodings.utf_8_sig:*",
    # Once for each place in the code: `__warningregistry__`.
    "warnings:warn",
    "unittest.case:_AssertWarnsContext.__enter__",
    "warnings:warn_explicit",
    # Imported modules become attributes of their packages.
    "importlib:import_module",
    "traceback:print_exc",
    "linecache:updatecache",
    "linecache:getlines",
    "linecache:checkcache",
    "linecache:lazycache",
    "inspect:getmodule",
    # Log records pass through handlers of the main thread.
    "logging:Handler.acquire",
    "logging:Logger.isEnabledFor",
    "logging:Filterer.filter",
    "logging:StreamHandler.emit",
    "logging:StreamHandler.flush",
    "logging:Formatter.format",
    "logging:Formatter.formatTime",
    "logging:LogRecord.getMessage",
    "logging:Logger.handle",
    "logging:Manager.getLogger",
    "logging.handlers:BufferingHandler.emit",
    # A fork within a context: the locks of threads that are not there are made anew.
    "threading:_after_fork",
    # Files that are read through a decompressor, and members of archives: their position is the context's own, as that
    # of other files; and how many read from the archive.
    *(f"_compression:DecompressReader.{name}" for name in ("read", "readall", "readinto", "seek")),
    "gzip:_GzipReader.read",
    "tarfile:TarFile.next",
    *(f"tarfile:_FileInFile.{name}" for name in ("read", "readinto", "seek")),
    "zipfile:ZipExtFile.peek",
    "zipfile:ZipExtFile.read",
    "zipfile:ZipExtFile.read1",
    "zipfile:ZipExtFile.seek",
    "zipfile:ZipFile.read",
    "zipfile:ZipFile.testzip",
    "zipfile:ZipFile._extract_member",
    # A setting for as long as a message is written.
    "email.generator:Generator.flatten",
    # Columns that were taken out of a frame, kept to be given out again; copying a frame forgets them.
    "pandas.core.frame:DataFrame._clear_item_cache",
    # Drawing a figure works out where everything comes to lie, and notes it.
    "matplotlib.backend_bases:FigureCanvasBase.print_figure",
    "matplotlib.backends.backend_agg:FigureCanvasAgg.draw",
    "matplotlib.figure:Figure.savefig",
    # An exception that is raised again.
    "contextlib:_GeneratorContextManager.__exit__",
    "contextlib:ExitStack.__exit__.<locals>._fix_exception_context",
    # Locks and conditions are those of the snapshot: they belong to nobody here.
    "threading:_RLock.acquire",
    "threading:_RLock.release",
    "threading:_RLock._release_save",
    "threading:_RLock._acquire_restore",
    "threading:Condition.__enter__",
    "threading:Condition.__exit__",
    # Values computed once for an object.
    "pathlib:PurePath.__str__",
)

# What plots and decorates, in matplotlib.
_AXES = (
    "acorr angle_spectrum annotate arrow axhline axhspan axline axvline axvspan bar bar_label barbs barh boxplot "
    "broken_barh bxp clabel cohere contour contourf csd ecdf errorbar eventplot fill fill_between fill_betweenx "
    "grouped_bar hexbin hist hist2d hlines imshow indicate_inset indicate_inset_zoom inset_axes legend loglog "
    "magnitude_spectrum matshow pcolor pcolorfast pcolormesh phase_spectrum pie pie_label plot plot_date psd quiver "
    "quiverkey scatter secondary_xaxis secondary_yaxis semilogx semilogy specgram spy stackplot stairs stem step "
    "streamplot table text tricontour tricontourf tripcolor triplot violin violinplot vlines xcorr"
)
_AXES_BASE = (
    "autoscale axis cla grid invert_xaxis invert_yaxis label_outer locator_params margins minorticks_off minorticks_on "
    "sharex sharey tick_params ticklabel_format twinx twiny xaxis_date yaxis_date"
)
_FIGURE = (
    "align_labels align_titles align_xlabels align_ylabels autofmt_xdate clf colorbar delaxes legend subfigures "
    "subplot_mosaic subplots subplots_adjust suptitle supxlabel supylabel text"
)

# Names of methods of packages that change their object, whatever they are written in, full names of others, and how
# names begin in a package. When the user's code calls one on an object of the main thread and it goes on to change
# anything of the main thread, that object is what is changed.
MUTATORS = (
    "__setitem__",
    "__delitem__",
    "__iadd__",
    "__isub__",
    "__imul__",
    "__itruediv__",
    "__ior__",
    "__iand__",
    "__setattr__",
    "__delattr__",
    "__setstate__",
    "add",
    "append",
    "clear",
    "discard",
    "extend",
    "fit",
    "fit_predict",
    "fit_transform",
    "insert",
    "partial_fit",
    "pop",
    "popitem",
    "push",
    "put",
    "remove",
    "reset",
    "reverse",
    "setdefault",
    "update",
    "add_node",
    "add_edge",
    "add_nodes_from",
    "add_edges_from",
    "remove_node",
    "remove_edge",
    "set_params",
    # How names begin in a package.
    "matplotlib:add_*",
    "matplotlib:set_*",
    "sklearn:set_*",
    "matplotlib.axis:Axis.set_ticks",
    "matplotlib.axis:Axis.set_ticklabels",
    "matplotlib.axis:Axis._set_ticklabels",
    *(f"matplotlib.axes._axes:Axes.{name}" for name in _AXES.split()),
    *(f"matplotlib.axes._base:_AxesBase.{name}" for name in _AXES_BASE.split()),
    *(f"matplotlib.figure:FigureBase.{name}" for name in _FIGURE.split()),
    "matplotlib.figure:Figure.figimage",
    "matplotlib.figure:Figure.tight_layout",
    "matplotlib.artist:Artist.set",
    "matplotlib.artist:Artist.__init_subclass__.<locals>.<lambda>",  # set() of each kind of artist, which calls that
    *(f"numpy.ma.core:MaskedArray.{name}" for name in ("harden_mask", "soften_mask", "unshare_mask")),
    "pandas.core.generic:NDFrame._update_inplace",
    "pandas.core.generic:NDFrame.__delitem__",
    "pandas.core.generic:NDFrame._set_axis",
    "pandas.core.generic:NDFrame._set_axis_nocheck",
    "pandas.core.indexing:_LocationIndexer.__setitem__",
    "pandas.core.indexing:_ScalarAccessIndexer.__setitem__",
    "pandas.core.indexing:_AtIndexer.__setitem__",
    "pandas.core.frame:DataFrame.__setitem__",
    "pandas.core.frame:DataFrame._set_item",
    "pandas.core.frame:DataFrame._set_item_mgr",
    "pandas.core.frame:DataFrame._iset_item_mgr",
    "pandas.core.frame:DataFrame._set_value",
    "pandas.core.frame:DataFrame.insert",
    "pandas.core.frame:DataFrame.pop",
    "pandas.core.series:Series.__setitem__",
    "pandas.core.series:Series._set_value",
    "pandas.core.series:Series._set_with_engine",
    "pandas.core.series:Series._set_values",
)

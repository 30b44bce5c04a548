#include "runtime/python/module/heap_facts.hpp"

#include "runtime/python/glue/reference.hpp"

#include <algorithm>

namespace xpar {
namespace {

using wide = unsigned long long; // what Py_BuildValue's K takes

wide read(const std::atomic<std::uint64_t>& counter) noexcept {
    return counter.load(std::memory_order_relaxed);
}

// [(block size, live blocks, allocations ever)], classes that were used only.
PyObject* classes_to_python(const heap_counters_shm& heap) {
    reference listed(PyList_New(0));
    for (unsigned size_class = 0; listed && size_class < k_size_classes; ++size_class) {
        const wide frees = read(heap.classes[size_class].frees); // first: never more than the allocations read after it
        const wide allocations = std::max(frees, read(heap.classes[size_class].allocations));
        if (allocations == 0) {
            continue;
        }
        const reference row(
            Py_BuildValue("(nKK)", static_cast<Py_ssize_t>(class_bytes(size_class)), allocations - frees, allocations));
        if (!row || PyList_Append(listed.get(), row.get()) < 0) {
            return nullptr;
        }
    }
    return listed.give();
}

PyObject* heap_to_python(const heap_counters_shm& heap) {
    reference classes(classes_to_python(heap));
    if (!classes) {
        return nullptr;
    }
    const heap_figures sum = sum_up(heap);
    return Py_BuildValue("{s:K,s:K,s:K,s:K,s:K,s:K,s:N}", "live_bytes", static_cast<wide>(sum.live_bytes),
                         "live_blocks", static_cast<wide>(sum.live_blocks), "allocations",
                         static_cast<wide>(sum.allocations), "frees", static_cast<wide>(sum.frees), "large_bytes",
                         read(heap.run_bytes), "reserved_bytes", read(heap.units) * k_unit_bytes, "classes",
                         classes.give());
}

} // namespace

PyObject* heap_facts_to_python(const context_heaps_shm& heaps) {
    reference objects(heap_to_python(heaps.objects));
    reference buffers(objects ? heap_to_python(heaps.buffers) : nullptr);
    if (!buffers) {
        return nullptr;
    }
    const heap_budget_shm& budget = heaps.budget;
    return Py_BuildValue("{s:K,s:K,s:K,s:K,s:N,s:N}", "limit_bytes", read(budget.limit) * k_unit_bytes, "used_bytes",
                         read(budget.units) * k_unit_bytes, "peak_bytes", read(budget.peak) * k_unit_bytes, "refusals",
                         read(budget.refusals), "objects", objects.give(), "buffers", buffers.give());
}

PyObject* census_to_python(const census& counted) {
    reference types(PyList_New(0));
    for (const type_tally& tally : counted.types) {
        // Nothing makes C code give its types names of UTF-8.
        PyObject* const name =
            types ? PyUnicode_DecodeUTF8(tally.name.data(), static_cast<Py_ssize_t>(tally.name.size()), "replace")
                  : nullptr;
        const reference row(name != nullptr ? Py_BuildValue("(NKK)", name, static_cast<wide>(tally.blocks),
                                                            static_cast<wide>(tally.bytes))
                                            : nullptr);
        if (!row || PyList_Append(types.get(), row.get()) < 0) {
            return nullptr;
        }
    }
    return types ? Py_BuildValue("(NO)", types.give(), counted.complete ? Py_True : Py_False) : nullptr;
}

} // namespace xpar

#include "runtime/python/module/batch_facts.hpp"

#include "runtime/base/process_usage.hpp"
#include "runtime/memory/heap_map.hpp"
#include "runtime/python/glue/gil.hpp"
#include "runtime/python/glue/reference.hpp"
#include "runtime/schedule/timeline.hpp"

#include <new>
#include <utility>
#include <vector>

namespace xpar {
namespace {

using wide = unsigned long long; // what Py_BuildValue's K takes

constexpr std::size_t k_map_cells = 256;

template <class Item>
PyObject* to_bytes(const std::vector<Item>& items) {
    return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(items.data()),
                                     static_cast<Py_ssize_t>(items.size() * sizeof(Item)));
}

address_range range_of(const heap_counters_shm& heap) noexcept {
    const std::uint64_t base = heap.base.load(std::memory_order_relaxed);
    return {base, base + heap.range_units.load(std::memory_order_relaxed) * k_unit_bytes};
}

address_range table_of(const heap_counters_shm& heap) noexcept {
    const std::uint64_t table = heap.table.load(std::memory_order_relaxed);
    return {table, table + heap.range_units.load(std::memory_order_relaxed) * sizeof(unit_info)};
}

} // namespace

PyObject* timeline_to_python(const batch& of, std::uint64_t most) {
    return to_bytes(timeline(of.works(), of.group().context_count, most));
}

PyObject* works_to_python(const batch& of, std::uint32_t states, std::uint64_t most) {
    return to_bytes(select_works(of.works(), states, most));
}

PyObject* counts_to_python(const batch& of) {
    const std::array<std::uint64_t, k_work_states> counts = count_states(of.works());
    reference made(PyTuple_New(static_cast<Py_ssize_t>(counts.size())));
    for (std::size_t state = 0; made && state < counts.size(); ++state) {
        PyObject* const number = PyLong_FromUnsignedLongLong(counts[state]);
        if (number == nullptr) {
            return nullptr;
        }
        PyTuple_SET_ITEM(made.get(), static_cast<Py_ssize_t>(state), number);
    }
    return made.give();
}

PyObject* contexts_to_python(const batch& of) {
    reference listed(PyList_New(0));
    for (std::uint32_t slot = 0; listed && slot < of.group().context_count; ++slot) {
        const context_shm& context = of.context(slot);
        const std::uint64_t copied = context.copied_bytes.load(std::memory_order_relaxed);
        reference known_copied(copied == 0 ? Py_NewRef(Py_None) : PyLong_FromUnsignedLongLong(copied - 1));
        const reference facts(
            known_copied
                ? Py_BuildValue("{s:I,s:i,s:I,s:I,s:K,s:K,s:K,s:N,s:K,s:I,s:K,s:K}", "slot", slot, "pid",
                                context.pid.load(std::memory_order_relaxed), "state",
                                static_cast<unsigned>(context.state.load(std::memory_order_relaxed)), "incarnation",
                                context.incarnation.load(std::memory_order_relaxed), "started_ns",
                                static_cast<wide>(context.started_ns.load(std::memory_order_relaxed)), "ended_ns",
                                static_cast<wide>(context.ended_ns.load(std::memory_order_relaxed)), "processor_ns",
                                static_cast<wide>(context.processor_ns.load(std::memory_order_relaxed)), "copied",
                                known_copied.give(), "current",
                                static_cast<wide>(context.current.load(std::memory_order_relaxed)), "queue",
                                context.queue.load(std::memory_order_relaxed), "works",
                                static_cast<wide>(context.works_ended.load(std::memory_order_relaxed)), "pushes",
                                static_cast<wide>(context.pushes.load(std::memory_order_relaxed)))
                : nullptr);
        if (!facts || PyList_Append(listed.get(), facts.get()) < 0) {
            return nullptr;
        }
    }
    return listed.give();
}

PyObject* usage_to_python(const batch& of, std::uint32_t slot, const context_heaps_shm& heaps) {
    const pid_t pid = of.context(slot).pid.load(std::memory_order_relaxed);
    if (pid <= 0) {
        Py_RETURN_NONE;
    }
    std::uint64_t used_ns = 0;
    std::optional<std::uint64_t> copied;
    {
        const gil_release unlocked;
        used_ns = processor_ns(pid);
        copied = copied_bytes(pid, heaps);
    }
    reference known_copied(copied ? PyLong_FromUnsignedLongLong(*copied) : Py_NewRef(Py_None));
    return known_copied ? Py_BuildValue("(dN)", static_cast<double>(used_ns) / 1e9, known_copied.give()) : nullptr;
}

std::optional<std::uint64_t> copied_bytes(pid_t pid, const context_heaps_shm& heaps) {
    return written_bytes(
        pid, {range_of(heaps.objects), table_of(heaps.objects), range_of(heaps.buffers), table_of(heaps.buffers)});
}

std::uint64_t live_bytes(const context_heaps_shm& heaps) noexcept {
    return sum_up(heaps.objects).live_bytes + sum_up(heaps.buffers).live_bytes;
}

PyObject* page_map_to_python(pid_t pid, const context_heaps_shm& heaps) {
    std::vector<float> cells;
    {
        const gil_release unlocked;
        process_reader there(pid);
        cells = map_heaps(there, {&heaps.objects, &heaps.buffers}, k_map_cells);
    }
    reference listed(PyList_New(0));
    for (const float cell : cells) {
        const reference share(listed ? PyFloat_FromDouble(static_cast<double>(cell)) : nullptr);
        if (!share || PyList_Append(listed.get(), share.get()) < 0) {
            return nullptr;
        }
    }
    return listed.give();
}

} // namespace xpar

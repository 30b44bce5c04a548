// The allocator of a context against CPython's own (pymalloc, which passes sizes above 512 on to malloc).
#include "runtime/memory/context_heap.hpp"
#include "runtime/memory/size_classes.hpp"

#include <Python.h>

#include <benchmark/benchmark.h>

#include <cstring>
#include <random>
#include <vector>

namespace {

struct own_heap {
    own_heap() {
        budget.limit = 65536;
        if (!xpar::context_heap::create(budget, counters, heap)) {
            std::abort();
        }
    }
    void* allocate(std::size_t bytes) noexcept { return heap->allocate(bytes); }
    void free(void* place) noexcept { heap->free(place); }

    xpar::heap_budget_shm budget{};
    xpar::heap_counters_shm counters{};
    std::unique_ptr<xpar::context_heap> heap;
};

// What counting costs: the same heap with every count made a second time, which takes what the first takes. Half of
// what this is slower by, in context_heap_pairs, is the price of an allocation, the other half that of its free.
struct own_heap_counted_twice : own_heap {
    void* allocate(std::size_t bytes) noexcept {
        m_class = xpar::size_class_of(bytes);
        xpar::add_relaxed(again.classes[m_class].allocations, 1);
        return own_heap::allocate(bytes);
    }
    void free(void* place) noexcept {
        xpar::add_relaxed(again.classes[m_class].frees, 1);
        own_heap::free(place);
    }

    xpar::heap_counters_shm again{};
    unsigned m_class = 0; // of the last allocation: as good as the block's own, for the time it takes
};

struct cpython {
    cpython() {
        if (Py_IsInitialized() == 0) { // since 3.14 pymalloc asks the state of the thread
            Py_InitializeEx(0);
        }
    }
    void* allocate(std::size_t bytes) noexcept { return PyObject_Malloc(bytes); }
    void free(void* place) noexcept { PyObject_Free(place); }
};

// The shape of a temporary: allocated, freed at once.
template <class Allocator>
void context_heap_pairs(benchmark::State& state) {
    Allocator allocator;
    const auto bytes = static_cast<std::size_t>(state.range(0));
    for (auto _ : state) {
        void* place = allocator.allocate(bytes);
        benchmark::DoNotOptimize(place);
        allocator.free(place);
    }
}

// Many objects made, some replaced in random order, all dropped: what building and changing a dictionary does to an
// allocator.
template <class Allocator>
void context_heap_mixed(benchmark::State& state) {
    Allocator allocator;
    std::mt19937 random(1);
    std::vector<std::size_t> sizes(4096);
    for (std::size_t& size : sizes) {
        size = 16 + random() % 200;
    }
    std::vector<void*> blocks(20'000);
    for (auto _ : state) {
        std::size_t next = 0;
        for (void*& block : blocks) {
            block = allocator.allocate(sizes[next++ % sizes.size()]);
            std::memset(block, 0, 16);
        }
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            void*& block = blocks[random() % blocks.size()];
            allocator.free(block);
            block = allocator.allocate(sizes[next++ % sizes.size()]);
            std::memset(block, 0, 16);
        }
        for (void* const block : blocks) {
            allocator.free(block);
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(2 * blocks.size()));
}

void sizes(benchmark::internal::Benchmark* of) {
    of->Arg(16)->Arg(48)->Arg(200)->Arg(512)->Arg(2000)->Arg(16384);
}

BENCHMARK_TEMPLATE(context_heap_pairs, own_heap)->Apply(sizes);
BENCHMARK_TEMPLATE(context_heap_pairs, own_heap_counted_twice)->Arg(16)->Arg(48)->Arg(200)->Arg(512);
BENCHMARK_TEMPLATE(context_heap_pairs, cpython)->Apply(sizes);
BENCHMARK_TEMPLATE(context_heap_mixed, own_heap);
BENCHMARK_TEMPLATE(context_heap_mixed, own_heap_counted_twice);
BENCHMARK_TEMPLATE(context_heap_mixed, cpython);

} // namespace

// The interlocked list by itself: what a push and a pop cost below any Python.
#include "runtime/memory/region.hpp"
#include "runtime/sync/list_table.hpp"

#include <benchmark/benchmark.h>

#include <optional>

namespace {

class lists : public benchmark::Fixture {
public:
    void SetUp(const benchmark::State& state) override {
        if (state.thread_index() == 0) {
            if (!xpar::region::create(std::size_t{1} << 32, m_memory) ||
                !xpar::list_table::create(*m_memory, m_table)) {
                std::abort();
            }
            m_list = m_table->allocate(0);
        }
    }
    void TearDown(const benchmark::State& state) override {
        if (state.thread_index() == 0) {
            m_table.reset();
            m_memory.reset();
        }
    }

protected:
    std::unique_ptr<xpar::region> m_memory;
    std::optional<xpar::list_table> m_table;
    xpar::heap_id m_list = 0;
};

BENCHMARK_DEFINE_F(lists, push)(benchmark::State& state) {
    xpar::interlocked_list list = m_table->list(m_list);
    std::uint64_t value = 1;
    for (auto _ : state) {
        list.push(value);
        value += 16;
    }
    state.SetItemsProcessed(state.iterations());
}
// Every value takes a slot for good, so the number is bounded: 8 million values are 64 MB.
BENCHMARK_REGISTER_F(lists, push)->Iterations(4'000'000)->Threads(1)->Threads(2)->UseRealTime();

BENCHMARK_DEFINE_F(lists, push_and_pop)(benchmark::State& state) {
    xpar::interlocked_list list = m_table->list(m_list);
    std::uint64_t taken = 0;
    for (auto _ : state) {
        list.push(1);
        benchmark::DoNotOptimize(list.pop(taken));
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK_REGISTER_F(lists, push_and_pop)->Iterations(4'000'000)->Threads(1)->Threads(2)->UseRealTime();

BENCHMARK_DEFINE_F(lists, make_push_release)(benchmark::State& state) {
    for (auto _ : state) {
        const xpar::heap_id made = m_table->allocate(0);
        m_table->list(made).push(1);
        m_table->release(made);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK_REGISTER_F(lists, make_push_release);

} // namespace

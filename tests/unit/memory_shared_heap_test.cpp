#include "runtime/memory/shared_heap.hpp"

#include "tests/unit/forked.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace {

using xpar::cursor_table;
using xpar::heap_cursor;
using xpar::k_chunk_bytes;
using xpar::region;
using xpar::region_offset;
using xpar::shared_heap_shm;

class shared_heap : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(region::create(1024 * k_chunk_bytes, m_memory)); }

    std::unique_ptr<region> m_memory;
    xpar::test::shared<shared_heap_shm> m_heap;
};

TEST_F(shared_heap, blocks_are_zeroed_aligned_and_apart) {
    heap_cursor cursor(*m_memory, 7, *m_heap);
    region_offset end = 0;
    for (std::size_t bytes = 1; bytes < 5000; bytes += 7) {
        const std::size_t alignment = std::size_t{8} << bytes % 4;
        const region_offset place = cursor.allocate(bytes, alignment);
        ASSERT_NE(place, 0U);
        ASSERT_EQ(place % alignment, 0U);
        ASSERT_EQ(*m_memory->as<char>(place), 0);
        ASSERT_TRUE(place >= end || place + bytes <= end);
        std::memset(m_memory->at(place), 0xff, bytes); // would show in a later block if they overlapped
        end = place + bytes;
    }
}

TEST_F(shared_heap, counts_every_byte_handed_out) {
    heap_cursor cursor(*m_memory, 7, *m_heap);
    cursor.allocate(24);
    cursor.allocate(1);
    cursor.allocate(3 * k_chunk_bytes);
    EXPECT_EQ(m_heap->allocated_bytes.load(), 25 + 3 * k_chunk_bytes);
    EXPECT_EQ(m_heap->runs.load(), 2U);
}

TEST_F(shared_heap, costs_one_chunk_while_it_holds_little) {
    heap_cursor cursor(*m_memory, 7, *m_heap);
    EXPECT_EQ(m_memory->allocated_by(7), 0U);
    for (int i = 0; i < 1000; ++i) {
        cursor.allocate(64);
    }
    EXPECT_EQ(m_memory->allocated_by(7), k_chunk_bytes);
}

TEST_F(shared_heap, runs_grow_so_that_much_is_had_in_few_steps) {
    heap_cursor cursor(*m_memory, 7, *m_heap);
    for (int i = 0; i < 32 * 16; ++i) {
        ASSERT_NE(cursor.allocate(k_chunk_bytes / 16), 0U);
    }
    EXPECT_EQ(m_memory->allocated_by(7), 63 * k_chunk_bytes - 16 * k_chunk_bytes); // 1 + 2 + 4 + 8 + 16 + 16
    EXPECT_EQ(m_heap->runs.load(), 6U);
}

TEST_F(shared_heap, a_big_block_leaves_the_current_run_alone) {
    heap_cursor cursor(*m_memory, 7, *m_heap);
    const region_offset first = cursor.allocate(64);
    const region_offset big = cursor.allocate(10 * k_chunk_bytes, 4096);
    EXPECT_EQ(big % k_chunk_bytes, 0U);
    EXPECT_EQ(cursor.allocate(64), first + 64);
    EXPECT_EQ(m_memory->allocated_by(7), 11 * k_chunk_bytes);
}

TEST_F(shared_heap, a_run_is_used_to_its_last_byte_and_an_empty_block_is_a_place) {
    heap_cursor cursor(*m_memory, 7, *m_heap);
    const region_offset first = cursor.allocate(k_chunk_bytes / 2);
    EXPECT_EQ(cursor.allocate(k_chunk_bytes / 2), first + k_chunk_bytes / 2);
    EXPECT_EQ(m_memory->allocated_by(7), k_chunk_bytes);
    EXPECT_NE(cursor.allocate(0), 0U);
}

TEST_F(shared_heap, says_so_when_the_region_is_full_and_uses_single_chunks_before) {
    heap_cursor cursor(*m_memory, 7, *m_heap);
    const std::size_t free_chunks = 1024 - m_memory->usage().chunks;
    std::size_t blocks = 0;
    while (cursor.allocate(1024) != 0) {
        ++blocks;
    }
    EXPECT_EQ(blocks, free_chunks * k_chunk_bytes / 1024);
    EXPECT_EQ(m_heap->allocated_bytes.load(), blocks * 1024);
    EXPECT_EQ(cursor.allocate(~std::size_t{0}), 0U);
    EXPECT_EQ(cursor.allocate(std::size_t{1} << 40), 0U);
}

TEST_F(shared_heap, a_table_keeps_one_cursor_a_heap_in_its_place) {
    cursor_table cursors(*m_memory);
    const xpar::test::shared<shared_heap_shm> other;
    heap_cursor& first = cursors.of(7, *m_heap);
    const region_offset place = first.allocate(8);
    for (xpar::heap_id heap = 100; heap < 1000; ++heap) {
        cursors.of(heap, *other);
    }
    EXPECT_EQ(&cursors.of(7, *m_heap), &first);
    EXPECT_EQ(first.allocate(8), place + 8);
    cursors.forget(7);
    EXPECT_NE(cursors.of(7, *m_heap).allocate(8), place + 16) << "a forgotten cursor's chunk was filled on";
}

TEST_F(shared_heap, a_child_never_fills_its_parents_chunk) {
    cursor_table cursors(*m_memory);
    const region_offset before = cursors.of(7, *m_heap).allocate(8);
    const xpar::test::shared<region_offset> childs;
    xpar::test::child forked([&] {
        cursors.forget_all();
        *childs = cursors.of(7, *m_heap).allocate(8);
        return 0;
    });
    ASSERT_EQ(forked.wait(), 0);
    EXPECT_NE(*childs / k_chunk_bytes, before / k_chunk_bytes);
    EXPECT_EQ(cursors.of(7, *m_heap).allocate(8), before + 8);
    EXPECT_EQ(m_heap->allocated_bytes.load(), 24U);
    EXPECT_EQ(m_memory->release(7), 2 * k_chunk_bytes);
}

} // namespace

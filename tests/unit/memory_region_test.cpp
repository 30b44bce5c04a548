#include "runtime/memory/region.hpp"

#include "tests/unit/forked.hpp"
#include "tests/unit/seed.hpp"

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace {

using xpar::heap_id;
using xpar::k_chunk_bytes;
using xpar::region;
using xpar::region_offset;
using xpar::test::child;

std::unique_ptr<region> make_region(std::size_t chunks) {
    std::unique_ptr<region> made;
    EXPECT_TRUE(region::create(chunks * k_chunk_bytes, made));
    return made;
}

std::size_t resident_pages(const region& memory, region_offset place, std::size_t bytes) {
    std::vector<unsigned char> pages(bytes / 4096);
    EXPECT_EQ(mincore(memory.at(place), bytes, pages.data()), 0);
    return static_cast<std::size_t>(
        std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return page & 1; }));
}

bool all_zero(const region& memory, region_offset place, std::size_t bytes) {
    const char* const first = memory.as<char>(place);
    return first[0] == 0 && std::memcmp(first, first + 1, bytes - 1) == 0;
}

TEST(region, addresses_and_offsets_are_two_names_of_one_place) {
    const auto memory = make_region(64);
    const region_offset place = memory->allocate(100, 7);
    ASSERT_NE(place, 0U);
    EXPECT_EQ(place % k_chunk_bytes, 0U);
    EXPECT_EQ(memory->offset_of(memory->at(place + 24)), place + 24);
    EXPECT_TRUE(memory->contains(memory->at(place)));
    EXPECT_FALSE(memory->contains(memory->at(64 * k_chunk_bytes)));
    const int elsewhere = 0;
    EXPECT_FALSE(memory->contains(&elsewhere));
}

TEST(region, counts_what_it_hands_out_in_whole_chunks) {
    const auto memory = make_region(64);
    const auto before = memory->usage();
    EXPECT_EQ(before.reserved_bytes, 64 * k_chunk_bytes);
    const region_offset one = memory->allocate(1, 7);
    const region_offset three = memory->allocate(2 * k_chunk_bytes + 1, 8);
    EXPECT_EQ(memory->usage().chunks - before.chunks, 4U);
    EXPECT_EQ(memory->usage().allocated_bytes, memory->usage().chunks * k_chunk_bytes);
    EXPECT_EQ(memory->allocated_by(7), k_chunk_bytes);
    EXPECT_EQ(memory->allocated_by(8), 3 * k_chunk_bytes);
    memory->free(three, 2 * k_chunk_bytes + 1);
    memory->free(one, 1);
    EXPECT_EQ(memory->usage().chunks, before.chunks);
}

TEST(region, is_full_when_no_run_is_left_and_usable_again_after_a_free) {
    const auto memory = make_region(32);
    const std::size_t free_chunks = 32 - memory->usage().chunks;
    std::vector<region_offset> places;
    while (const region_offset place = memory->allocate(k_chunk_bytes, 7)) {
        places.push_back(place);
    }
    EXPECT_EQ(places.size(), free_chunks);
    EXPECT_EQ(memory->allocate(1, 7), 0U);
    // Two single gaps are no run of two.
    memory->free(places[3], k_chunk_bytes);
    memory->free(places[5], k_chunk_bytes);
    EXPECT_EQ(memory->allocate(2 * k_chunk_bytes, 7), 0U);
    memory->free(places[4], k_chunk_bytes);
    EXPECT_EQ(memory->allocate(3 * k_chunk_bytes, 7), places[3]);
    EXPECT_EQ(memory->allocate(1, 7), 0U);
}

TEST(region, refuses_what_can_never_fit) {
    const auto memory = make_region(32);
    EXPECT_EQ(memory->allocate(32 * k_chunk_bytes, 7), 0U);
    EXPECT_EQ(memory->allocate(~std::size_t{0}, 7), 0U);
    EXPECT_EQ(memory->allocated_by(7), 0U);
}

TEST(region, hands_out_zeroed_memory_and_gives_freed_memory_back_at_once) {
    const auto memory = make_region(64);
    constexpr std::size_t k_bytes = 4 * k_chunk_bytes;
    const region_offset place = memory->allocate(k_bytes, 7);
    EXPECT_EQ(resident_pages(*memory, place, k_bytes), 0U);
    std::memset(memory->at(place), 0xab, k_bytes);
    EXPECT_EQ(resident_pages(*memory, place, k_bytes), k_bytes / 4096);
    memory->free(place, k_bytes);
    EXPECT_EQ(resident_pages(*memory, place, k_bytes), 0U);
    ASSERT_EQ(memory->allocate(k_bytes, 8), place);
    EXPECT_TRUE(all_zero(*memory, place, k_bytes));
}

TEST(region, memory_that_cannot_be_given_back_is_zeroed_all_the_same) {
    const auto memory = make_region(32);
    const region_offset place = memory->allocate(k_chunk_bytes, 7);
    if (mlock(memory->at(place), k_chunk_bytes) != 0) {
        GTEST_SKIP() << "pages cannot be locked here";
    }
    std::memset(memory->at(place), 0xab, k_chunk_bytes);
    memory->free(place, k_chunk_bytes);
    ASSERT_EQ(memory->allocate(k_chunk_bytes, 7), place);
    EXPECT_TRUE(all_zero(*memory, place, k_chunk_bytes));
}

TEST(region, release_sweeps_one_heap_and_no_other) {
    const auto memory = make_region(256);
    std::size_t bytes = 0;
    std::vector<region_offset> kept;
    for (std::size_t i = 1; i < 12; ++i) {
        ASSERT_NE(memory->allocate(i * k_chunk_bytes, 7), 0U);
        bytes += i * k_chunk_bytes;
        kept.push_back(memory->allocate(k_chunk_bytes, 8));
        *memory->as<std::size_t>(kept.back()) = i;
    }
    EXPECT_EQ(memory->release(7), bytes);
    EXPECT_EQ(memory->allocated_by(7), 0U);
    EXPECT_EQ(memory->release(7), 0U);
    EXPECT_EQ(memory->allocated_by(8), kept.size() * k_chunk_bytes);
    for (std::size_t i = 0; i < kept.size(); ++i) {
        EXPECT_EQ(*memory->as<std::size_t>(kept[i]), i + 1);
    }
}

// What keeps sweeps short: the chunks in use stay together at the low end.
TEST(region, uses_the_lowest_free_chunks_again) {
    const auto memory = make_region(1024);
    const region_offset first = memory->allocate(k_chunk_bytes, 7);
    for (int i = 0; i < 5000; ++i) {
        const region_offset one = memory->allocate(k_chunk_bytes, 7);
        const region_offset five = memory->allocate(5 * k_chunk_bytes, 7);
        ASSERT_EQ(one, first + k_chunk_bytes);
        ASSERT_EQ(five, first + 2 * k_chunk_bytes);
        memory->free(one, k_chunk_bytes);
        memory->free(five, 5 * k_chunk_bytes);
    }
}

TEST(region, is_made_smaller_where_the_system_refuses) {
    child limited([] {
        rlimit space{};
        if (getrlimit(RLIMIT_AS, &space) != 0) {
            return 2;
        }
        space.rlim_cur = rlim_t{8} << 30;
        if (setrlimit(RLIMIT_AS, &space) != 0) {
            return 3;
        }
        std::unique_ptr<region> made;
        if (!region::create(std::size_t{64} << 30, made)) {
            return 4;
        }
        const std::size_t bytes = made->usage().reserved_bytes;
        return bytes > std::size_t{1} << 30 && bytes <= std::size_t{8} << 30 && made->allocate(1, 7) != 0 ? 0 : 1;
    });
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    limited.kill();
    GTEST_SKIP() << "a sanitizer's shadow needs more address space than the limit";
#else
    EXPECT_EQ(limited.wait(), 0);
#endif
}

TEST(region, says_why_when_not_even_the_smallest_is_granted) {
    child limited([] {
        const rlimit nothing{0, 0};
        if (setrlimit(RLIMIT_AS, &nothing) != 0) {
            return 2;
        }
        std::unique_ptr<region> made;
        const xpar::status refused = region::create(k_chunk_bytes, made);
        return refused.code() == ENOMEM && made == nullptr ? 0 : 1;
    });
    EXPECT_EQ(limited.wait(), 0);
}

TEST(region, default_size_is_whole_chunks) {
    EXPECT_GE(xpar::default_region_bytes(), region::k_minimum_bytes);
    EXPECT_EQ(xpar::default_region_bytes() % k_chunk_bytes, 0U);
}

// Allocates and frees at random; every chunk is stamped with its owner's number while it is held.
// 0, or the number of the check that failed.
int churn(region& memory, heap_id heap, std::uint64_t seed, int steps) {
    struct run {
        region_offset place;
        std::size_t chunks;
    };
    std::mt19937_64 random(seed);
    std::vector<run> held;
    for (int step = 0; step < steps; ++step) {
        if (held.size() < 12 && random() % 2 == 0) {
            const std::size_t chunks = 1 + random() % 6;
            const region_offset place = memory.allocate(chunks * k_chunk_bytes, heap);
            if (place == 0) {
                continue; // full for now
            }
            for (std::size_t i = 0; i < chunks; ++i) {
                auto* const stamp = memory.as<volatile std::uint64_t>(place + i * k_chunk_bytes);
                if (*stamp != 0) {
                    return 1; // not zeroed, or somebody else's
                }
                *stamp = heap;
            }
            held.push_back({place, chunks});
        } else if (!held.empty()) {
            std::swap(held[random() % held.size()], held.back());
            const run gone = held.back();
            held.pop_back();
            for (std::size_t i = 0; i < gone.chunks; ++i) {
                if (*memory.as<volatile std::uint64_t>(gone.place + i * k_chunk_bytes) != heap) {
                    return 2; // handed to two
                }
            }
            memory.free(gone.place, gone.chunks * k_chunk_bytes);
        }
    }
    std::size_t bytes = 0;
    for (const run& left : held) {
        bytes += left.chunks * k_chunk_bytes;
    }
    return memory.release(heap) == bytes ? 0 : 3;
}

TEST(region, processes_never_share_a_chunk) {
    auto random = xpar::test::seeded_random();
    const auto memory = make_region(96); // small enough to be full, and fought over, often
    const std::size_t own = memory->usage().chunks;
    std::vector<child> churners;
    for (heap_id heap = 100; heap < 104; ++heap) {
        churners.emplace_back([&, heap, seed = random()] { return churn(*memory, heap, seed, 5000); });
    }
    for (child& churner : churners) {
        EXPECT_EQ(churner.wait(), 0);
    }
    EXPECT_EQ(memory->usage().chunks, own);
}

TEST(region, a_sweep_finds_all_that_a_killed_process_held) {
    auto random = xpar::test::seeded_random();
    const auto memory = make_region(96);
    const std::size_t own = memory->usage().chunks;
    std::size_t swept = 0;
    for (int round = 0; round < 100; ++round) {
        child survivor([&, seed = random()] { return churn(*memory, 200, seed, 300); });
        child victim([&, seed = random()] { return churn(*memory, 201, seed, 1'000'000); });
        usleep(static_cast<useconds_t>(random() % 2000)); // the instant of the kill
        ASSERT_EQ(victim.kill(), -SIGKILL);
        ASSERT_EQ(survivor.wait(), 0);
        swept += memory->release(201);
        ASSERT_EQ(memory->usage().chunks, own);
        // All free chunks can be had again, zeroed.
        const std::size_t left = (96 - own) * k_chunk_bytes;
        const region_offset all = memory->allocate(left, 202);
        ASSERT_NE(all, 0U);
        ASSERT_TRUE(all_zero(*memory, all, left));
        memory->free(all, left);
    }
    EXPECT_GT(swept, 0U) << "no kill came while the victim held anything";
}

} // namespace

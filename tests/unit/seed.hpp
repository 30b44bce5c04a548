// Randomness that can be repeated: the seed is printed, and XPAR_TEST_SEED sets it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace xpar::test {

inline std::mt19937_64 seeded_random() {
    const char* const given = std::getenv("XPAR_TEST_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::printf("XPAR_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout); // not once more from every child
    return std::mt19937_64(seed);
}

} // namespace xpar::test

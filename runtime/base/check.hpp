// Broken invariants end the process, with the place and the reason on standard error.
// Not for failures of the system or of a caller's input: those are `status` (status.hpp).
// Any process, any thread, also after fork and in signal handlers: allocates nothing and takes no lock.
#pragma once

namespace xpar::detail {

[[noreturn, gnu::cold]] void check_failed(const char* file, int line, const char* condition,
                                          const char* message) noexcept;

} // namespace xpar::detail

#define XPAR_CHECK(condition, message)                                                                                 \
    (__builtin_expect(static_cast<bool>(condition), 1)                                                                 \
         ? static_cast<void>(0)                                                                                        \
         : ::xpar::detail::check_failed(__FILE__, __LINE__, #condition, message))

// The same where a release build cannot afford the branch. The condition is compiled, so that it does not rot, but not
// run.
#ifdef NDEBUG
#define XPAR_ASSERT(condition, message) static_cast<void>(sizeof(static_cast<bool>(condition)))
#else
#define XPAR_ASSERT(condition, message) XPAR_CHECK(condition, message)
#endif

// numpy's ufuncs (np.add, np.fft's, scipy.special's, numba's that are registered as such): objects that write to what
// is given as `out=`, or follows their inputs. One gate in their type, wherever the objects are.
#pragma once

namespace xpar::guard {

// In the main process, when modules have been imported.
void find_ufuncs() noexcept;

// In a zygote.
void guard_ufuncs() noexcept;

} // namespace xpar::guard

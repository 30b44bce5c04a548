// How many processors this process may keep busy.
#pragma once

namespace xpar {

// The processors of the affinity mask, but no more than the control groups' quota, rounded up; at least 1.
unsigned usable_processors();

} // namespace xpar

// The limit of Linux's control groups on CPU time, as containers have it.
#pragma once

#include <string>

namespace elman {

// `cpus`, or the whole CPUs of the lowest limit on this process if that is lower, at least 1. `root` stands before
// /proc and /sys; files that are absent set no limit.
int cgroup_cpus(const std::string& root, int cpus);

}  // namespace elman

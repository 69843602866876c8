// The share of the CPUs that Linux's control groups allow, in both versions. Documentation/admin-guide/cgroup-v2.rst
// and Documentation/scheduler/sched-bwc.rst of the kernel define the files.
#include "cgroups.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <vector>

namespace elman {
namespace {

// Quota over period; infinite without a limit.
double limit_of(const std::string& folder, bool unified) {
    double quota = 0, period = 0;
    if (unified) {
        std::ifstream(folder + "/cpu.max") >> quota >> period;  // "max 100000" leaves both at 0
    } else {
        std::ifstream(folder + "/cpu.cfs_quota_us") >> quota;  // -1: no limit
        std::ifstream(folder + "/cpu.cfs_period_us") >> period;
    }
    return quota > 0 && period > 0 ? quota / period : HUGE_VAL;
}

// The lowest limit of a group and of those that hold it. A container may show the path of its host, which it has not.
double lowest_limit(const std::string& mount, std::string path, bool unified) {
    double lowest = limit_of(mount, unified);
    for (; path.size() > 1; path.resize(path.rfind('/'))) lowest = std::min(lowest, limit_of(mount + path, unified));
    return lowest;
}

bool names(const std::string& list, const std::string& controller) {
    return ("," + list + ",").find("," + controller + ",") != std::string::npos;
}

}  // namespace

int cgroup_cpus(const std::string& root, int cpus) {
    std::ifstream groups(root + "/proc/self/cgroup");
    double lowest = HUGE_VAL;
    for (std::string line; std::getline(groups, line);) {  // number:controllers:path
        const auto first = line.find(':'), second = line.find(':', first + 1);
        if (first == std::string::npos || line.compare(second + 1, 1, "/") != 0) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
        const bool unified = controllers.empty();
        if (!unified && !names(controllers, "cpu")) continue;
        std::vector<std::string> mounts{""};
        if (!unified) mounts = {"/" + controllers, "/cpu"};
        for (const std::string& mount : mounts)
            lowest = std::min(lowest, lowest_limit(root + "/sys/fs/cgroup" + mount, path, unified));
    }
    return lowest < cpus ? std::max(1, static_cast<int>(lowest)) : cpus;
}

}  // namespace elman

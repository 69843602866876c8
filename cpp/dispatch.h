// Chooses the kernel table for this CPU.
#pragma once

#include <string>
#include <vector>

#include "kernels/table.h"

namespace elman {

// The table in use: the best level of this CPU, or the one named by ELMAN_ISA, or the last use_isa().
const KernelTable& kernels();

// The kernels of that level for weights of 8 bits. Level v4 has a second set, for CPUs with AVX-512 VNNI; the bits are the same.
const NarrowKernels& int8_kernels();

// Whether to use that second set; tests turn it off to run the first.
void use_vnni(bool wanted);

// How kernels read memory on this CPU: on Intel's ahead of time, because their L2 and L3 caches answer late.
Reading reading();

// Replaces it for every later call; tests run both ways on every CPU.
void use_reading(const Reading& wanted);

// Names of the levels that were compiled and that this CPU can run, slowest first.
std::vector<std::string> isa_levels();

// Switches every later call. False if there is no such level here.
bool use_isa(const std::string& name);

}  // namespace elman

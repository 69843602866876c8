// Memory that outlives a call: 64-byte aligned, freed with its owner.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include "platform.h"

namespace elman {

using Memory = std::unique_ptr<void, void (*)(void*)>;

// Weights that fill much of the L2 cache request a large page: scattered small pages would compete for the same cache sets.
inline Memory allocate(std::size_t bytes) {
    constexpr std::size_t line = 64, page = std::size_t{1} << 21;
    const bool large = bytes >= page / 4;
    const std::size_t unit = large ? page : line, rounded = (bytes + unit - 1) / unit * unit;
    Memory memory(allocate_aligned(unit, rounded), free_aligned);
    if (!memory) throw std::bad_alloc();
    if (large) ask_for_large_pages(memory.get(), rounded);
    return memory;
}

}  // namespace elman

#include "dispatch.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "platform.h"

extern "C" {
#if defined(ELMAN_HAS_GENERIC)
extern const elman::KernelTable elman_kernels_generic;
#endif
#if defined(ELMAN_HAS_V2)
extern const elman::KernelTable elman_kernels_v2;
#endif
#if defined(ELMAN_HAS_V3)
extern const elman::KernelTable elman_kernels_v3;
#endif
#if defined(ELMAN_HAS_V4)
extern const elman::KernelTable elman_kernels_v4;
extern const elman::NarrowKernels elman_int8_vnni;
#endif
#if defined(ELMAN_HAS_NEON)
extern const elman::KernelTable elman_kernels_neon;
#endif
}

namespace elman {
namespace {

std::vector<const KernelTable*> usable_tables() {
    std::vector<const KernelTable*> tables;
#if defined(ELMAN_HAS_GENERIC)
    tables.push_back(&elman_kernels_generic);
#endif
#if defined(ELMAN_HAS_V2)
    if (x86_64_level() >= 2) tables.push_back(&elman_kernels_v2);
#endif
#if defined(ELMAN_HAS_V3)
    if (x86_64_level() >= 3) tables.push_back(&elman_kernels_v3);
#endif
#if defined(ELMAN_HAS_V4)
    if (x86_64_level() >= 4) tables.push_back(&elman_kernels_v4);
#endif
#if defined(ELMAN_HAS_NEON)
    tables.push_back(&elman_kernels_neon);  // part of every 64-bit ARM CPU
#endif
    return tables;
}

const std::vector<const KernelTable*>& tables() {
    static const std::vector<const KernelTable*> usable = usable_tables();
    return usable;
}

const KernelTable* find(const char* name) {
    for (const KernelTable* table : tables()) {
        if (std::strcmp(table->isa, name) == 0) return table;
    }
    return nullptr;
}

std::atomic<const KernelTable*> chosen{nullptr};
std::atomic<bool> vnni_wanted{true};

// AMD's CPUs with AVX-512 read fast without help (kernels/README.md, "Makers").
Reading reading_of_cpu() {
    const int64_t l2 = l2_bytes();
    const bool needs_help = maker_of_cpu() == Maker::intel || x86_64_level() < 4;
    return l2 > 0 && needs_help ? Reading{l2 / 2, true} : Reading{};
}

Reading& reading_in_use() {
    static Reading used = reading_of_cpu();
    return used;
}

}  // namespace

const KernelTable& kernels() {
    const KernelTable* table = chosen.load(std::memory_order_acquire);
    if (!table) {
        const char* wanted = std::getenv("ELMAN_ISA");
        table = wanted ? find(wanted) : nullptr;
        if (!table) table = tables().back();
        chosen.store(table, std::memory_order_release);
    }
    return *table;
}

std::vector<std::string> isa_levels() {
    std::vector<std::string> names;
    for (const KernelTable* table : tables()) names.emplace_back(table->isa);
    return names;
}

const NarrowKernels& int8_kernels() {
    const KernelTable& table = kernels();
#if defined(ELMAN_HAS_V4)
    static const bool vnni = has_avx512_vnni();
    if (vnni && vnni_wanted && &table == &elman_kernels_v4) return elman_int8_vnni;
#endif
    return *table.int8;
}

void use_vnni(bool wanted) { vnni_wanted = wanted; }

Reading reading() { return reading_in_use(); }

void use_reading(const Reading& wanted) { reading_in_use() = wanted; }

bool use_isa(const std::string& name) {
    const KernelTable* table = find(name.c_str());
    if (table) chosen.store(table, std::memory_order_release);
    return table != nullptr;
}

}  // namespace elman

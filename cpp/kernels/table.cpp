// The one translation unit of an ISA level. Everything it includes has internal linkage; its only symbol is the table.
#include "table.h"

#include "batches.h"
#include "bfloat16.h"
#include "dense.h"
#include "dense_cross_entropy.h"
#include "gru.h"
#include "losses.h"
#include "lstm.h"
#include "narrow.h"
#include "optimizers.h"
#include "pointwise.h"
#include "readout.h"
#include "rnn.h"

namespace {

using elman::Cell;

// Calls f with the forward step of the layer's cell.
template <class T, class F> auto for_cell(const Forward<T>& layer, F&& f) {
    switch (layer.cell) {
        case Cell::rnn: return f(RnnForwardStep<T>{{layer}});
        case Cell::lstm: return f(LstmForwardStep<T>{{layer}});
        default: return f(GruForwardStep<T>{{layer}});
    }
}

template <class T> void forward(const Forward<T>& f, const Run& run) {
    for_cell(f, [&](auto cell) { forward_in_time<T>(cell, f, run); });
}

template <class T> int64_t packed_size(const Forward<T>& f) {
    return for_cell(f, [](auto cell) { return cell.packed_size(); });
}

template <class T> void pack_layer(const Forward<T>& f, T* packed) {
    for_cell(f, [&](auto cell) { cell.pack(packed); });
}

template <class T> void step(const Forward<T>& f, const T* packed, bool from_last, const Run& run) {
    for_cell(f, [&](auto cell) { step_in_place<T>(cell, f, packed, from_last, run); });
}

template <class T> void backward(const Backward<T>& b, const Run& run) {
    switch (b.cell) {
        case Cell::rnn: return backward_in_time<T>(RnnBackwardStep<T>{b}, b, run);
        case Cell::lstm: return backward_in_time<T>(LstmBackwardStep<T>{b}, b, run);
        case Cell::gru: return backward_in_time<T>(GruBackwardStep<T>{b}, b, run);
    }
}

// As many independent sums as a register tile has.
template <class T> double fma_loop(int64_t rounds, T* sink) {
    constexpr int R = kRows<4>, G = 4;
    Vec<T> acc[R][G], factor = broadcast<T>(*sink), term = broadcast<T>(*sink / 2);
    for (auto& row : acc)
        for (auto& sum : row) sum = factor;
    for (int64_t i = 0; i < rounds; ++i) {
        ELMAN_UNROLL(8)
        for (int r = 0; r < R; ++r) {
            ELMAN_UNROLL(8)
            for (int g = 0; g < G; ++g) acc[r][g] = fma(acc[r][g], factor, term);
        }
    }
    Vec<T> total = {};
    for (auto& row : acc)
        for (auto& sum : row) total += sum;
    *sink = sum_of<T>(total);
    return 2.0 * R * G * kLanes<T> * static_cast<double>(rounds);
}

template <class T> constexpr elman::Kernels<T> kernels() {
    return {forward<T>,
            packed_size<T>,
            pack_layer<T>,
            step<T>,
            backward<T>,
            dense_forward<T>,
            dense_backward<T>,
            activation_forward<T>,
            activation_backward<T>,
            silu_forward<T>,
            silu_backward<T>,
            softplus_forward<T>,
            softplus_backward<T>,
            draw<T>,
            loss<T>,
            dense_cross_entropy<T>,
            mixing_forward<T>,
            mixing_backward<T>,
            quantile_loss<T>,
            embedding_forward<T>,
            embedding_backward<T>,
            sgd_step<T>,
            rmsprop_step<T>,
            adam_step<T>,
            clip_by_norm<T>,
            clip_by_value<T>,
            dropout_mask<T>,
            gather_windows<T>,
            fma_loop<T>};
}

}  // namespace

extern "C" const elman::NarrowKernels ELMAN_JOIN(elman_int8_, ELMAN_LEVEL);

extern "C" constinit const elman::KernelTable ELMAN_JOIN(elman_kernels_, ELMAN_LEVEL) = {
    ELMAN_TEXT(ELMAN_LEVEL), kernels<float>(), kernels<double>(), narrow_kernels<Bfloat16>(activation_forward<float>),
    &ELMAN_JOIN(elman_int8_, ELMAN_LEVEL)};

// The one translation unit of an ISA level. Everything it includes has internal linkage; its only symbol is the table.
#include "table.h"

#include "batches.h"
#include "dense.h"
#include "gru.h"
#include "losses.h"
#include "lstm.h"
#include "optimizers.h"
#include "rnn.h"

namespace {

using elman::Cell;

template <class T> void forward(const Forward<T>& f, const Run& run) {
    switch (f.cell) {
        case Cell::rnn: return forward_in_time<T>(RnnForwardStep<T>{f}, f, run);
        case Cell::lstm: return forward_in_time<T>(LstmForwardStep<T>{f}, f, run);
        case Cell::gru: return forward_in_time<T>(GruForwardStep<T>{f}, f, run);
    }
}

template <class T> void backward(const Backward<T>& b, const Run& run) {
    switch (b.cell) {
        case Cell::rnn: return backward_in_time<T>(RnnBackwardStep<T>{b}, b, run);
        case Cell::lstm: return backward_in_time<T>(LstmBackwardStep<T>{b}, b, run);
        case Cell::gru: return backward_in_time<T>(GruBackwardStep<T>{b}, b, run);
    }
}

template <class T> constexpr elman::Kernels<T> kernels() {
    return {forward<T>,        backward<T>,           dense_forward<T>,
            dense_backward<T>, activation_forward<T>, activation_backward<T>,
            loss<T>,           embedding_forward<T>,  embedding_backward<T>,
            sgd_step<T>,       rmsprop_step<T>,       adam_step<T>,
            clip_by_norm<T>,   clip_by_value<T>,      dropout_mask<T>,
            gather_windows<T>};
}

}  // namespace

#define ELMAN_TEXT_OF(x) #x
#define ELMAN_TEXT(x) ELMAN_TEXT_OF(x)
#define ELMAN_JOIN_OF(a, b) a##b
#define ELMAN_JOIN(a, b) ELMAN_JOIN_OF(a, b)

extern "C" constinit const elman::KernelTable ELMAN_JOIN(elman_kernels_, ELMAN_LEVEL) = {
    ELMAN_TEXT(ELMAN_LEVEL), kernels<float>(), kernels<double>()};

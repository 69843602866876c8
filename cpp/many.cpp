// Many networks of one architecture: whole updates of each, without a return to Python between them.
//
// A model is updated by the kernels that train it alone, in the order in which elman.network calls them, so its bits do not depend on
// the other models. Workers take one model after another; a single model has all threads.
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "bindings.h"
#include "memory.h"

namespace elman::bindings {
namespace {

constexpr int64_t kMostUnits = int64_t{1} << 20;

// Words of the dropout counter, as in elman.network.dropout.
std::uint32_t output_site(std::size_t layer) { return static_cast<std::uint32_t>(4 * layer + 1); }
std::uint32_t recurrent_site(std::size_t layer) { return static_cast<std::uint32_t>(4 * layer + 2); }

// Where the parameters of a network stand in theta, in the order of elman.network.ParameterLayout; -1: absent.
struct LayerPlaces {
    int64_t D, H, W_x, W_h, b = -1, b_hn = -1;
};
struct Places {
    std::vector<LayerPlaces> layers;
    int64_t W_y, b_y = -1, W_k = -1, size = 0;

    Places(Cell cell, const std::vector<int64_t>& hidden_sizes, int64_t D, int64_t K, bool bias, bool skip) {
        const CellKind& kind = kind_of(cell);
        const auto take = [&](int64_t n) { return std::exchange(size, size + n); };
        int64_t width = D;
        for (int64_t H : hidden_sizes) {
            if (H < 1 || H > kMostUnits) throw nb::value_error("hidden_sizes out of range");
            LayerPlaces layer{width, H, 0, 0};
            layer.W_x = take(width * kind.blocks * H), layer.W_h = take(H * kind.blocks * H);
            if (bias) layer.b = take(kind.blocks * H);
            if (bias && kind.has_b_hn) layer.b_hn = take(H);
            layers.push_back(layer);
            width = H;
        }
        W_y = take(width * K);
        if (bias) b_y = take(K);
        if (skip) W_k = take(D * K);
    }
};

// What all models have in common.
struct Rules {
    Cell cell;
    int activation;
    double dropout, recurrent_dropout;
    elman::Loss loss;
    double loss_parameter;
    bool mean, one_step, weight_per_component;
    std::string optimizer;
    std::vector<double> options;
    double clip_norm, clip_value;  // infinity: none
    int64_t U, T_, N, D, K;
};

// A model: its parameters, the vectors of its optimizer, its batches, and what comes out.
template <class T> struct Model {
    T *theta, *first, *second;
    const T *x, *y, *weight;       // (U, T, N, D), (U, T, N, K), (U, T, N, K) or (U, T, N) or null
    const int64_t* lengths;        // (U, N) or null
    const double* learning_rates;  // (U)
    int64_t seed, step;            // of the dropout masks; updates done before
    double *losses, *norms;        // (U) out
    int64_t* done;                 // out
};

// Hands out pieces of a block, each on a cache line of its own; without a block it counts.
struct Block {
    char* memory = nullptr;
    std::size_t used = 0;
    template <class T> T* take(int64_t n) {
        char* piece = memory ? memory + used : nullptr;
        used += (static_cast<std::size_t>(n) * sizeof(T) + 63) / 64 * 64;
        return reinterpret_cast<T*>(piece);
    }
};

template <class T> void multiply(int64_t n, const T* a, const T* mask, T* out) {
    for (int64_t i = 0; i < n; ++i) out[i] = a[i] * mask[i];
}

// The memory of a worker, in which it updates one model after another.
template <class T> class Worker {
  public:
    Worker(const Rules& rules, const Places& places, Block& block)
        : rules_(rules), places_(places), table_(kernels().of<T>()), rows_(rules.T_ * rules.N) {
        const CellKind& kind = kind_of(rules.cell);
        const int64_t states = rows_ + rules.N;
        const bool drops = rules.dropout > 0;
        for (const LayerPlaces& at : places.layers) {
            Layer layer{};
            layer.h = block.take<T>(states * at.H);
            layer.c = kind.has_c ? block.take<T>(states * at.H) : nullptr;
            layer.gates = kind.has_gates ? block.take<T>(rows_ * 4 * at.H) : nullptr;
            layer.h_mask = rules.recurrent_dropout > 0 ? block.take<T>(rules.N * at.H) : nullptr;
            layer.mask = drops ? block.take<T>(rows_ * at.H) : nullptr;
            layer.dropped = drops ? block.take<T>(rows_ * at.H) : nullptr;
            layer.dy = block.take<T>(rows_ * at.H);
            layer.unread = at.b < 0 ? block.take<T>((kind.blocks + 1) * at.H) : nullptr;
            layers_.push_back(layer);
        }
        o_ = block.take<T>(rows_ * rules.K), d_o_ = block.take<T>(rows_ * rules.K);
        weight_ = block.take<T>(rows_ * rules.K), x_ = block.take<T>(places.W_k < 0 ? 0 : rows_ * rules.D);
        gradient_ = block.take<T>(places.size);
    }

    // All updates of a model, up to one whose loss or norm is not finite; that one changes nothing.
    void train(const Model<T>& model, const Run& run) {
        const Rules& r = rules_;
        for (int64_t u = 0; u < r.U; ++u) {
            const Batch batch = batch_of(model, u);
            forward(model, batch, run);
            model.losses[u] = loss(batch);
            if (run.stopped() || !std::isfinite(model.losses[u])) return;
            backward(model, batch, run);
            if (run.stopped()) return;
            model.norms[u] = step(model, u);
            if (!std::isfinite(model.norms[u])) return;
            *model.done = u + 1;
        }
    }

  private:
    struct Layer {
        T *h, *c, *gates, *h_mask, *mask, *dropped, *dy, *unread;
    };
    struct Batch {
        const T *x, *y, *weight;
        const int64_t* lengths;  // null where all rows have all steps
        std::uint32_t seed, update;
    };

    Batch batch_of(const Model<T>& m, int64_t u) const {
        const Rules& r = rules_;
        const int64_t* lengths = m.lengths ? m.lengths + u * r.N : nullptr;
        if (lengths && std::all_of(lengths, lengths + r.N, [&](int64_t n) { return n == r.T_; })) lengths = nullptr;
        const int64_t weights = rows_ * (r.weight_per_component ? r.K : 1);
        return {m.x + u * rows_ * r.D,
                m.y + u * rows_ * r.K,
                m.weight ? m.weight + u * weights : nullptr,
                lengths,
                static_cast<std::uint32_t>(m.seed),
                static_cast<std::uint32_t>(m.step + u)};
    }

    static const T* at(const T* theta, int64_t place) { return place < 0 ? nullptr : theta + place; }
    static T* at(T* theta, int64_t place) { return place < 0 ? nullptr : theta + place; }

    const T* input(const Batch& batch, std::size_t layer) const { return layer == 0 ? batch.x : outputs(layer - 1); }

    // The states of all steps, after dropout.
    const T* outputs(std::size_t layer) const {
        const Layer& own = layers_[layer];
        return own.dropped ? own.dropped : own.h + rules_.N * places_.layers[layer].H;
    }

    void draw(T* mask, double rate, int64_t steps, int64_t H, const Batch& batch, std::uint32_t site) const {
        table_.dropout_mask({steps, rules_.N, H, rate, batch.seed, batch.update, site, 0, 0, mask});
    }

    void forward(const Model<T>& m, const Batch& batch, const Run& run) {
        const Rules& r = rules_;
        for (std::size_t i = 0; i < layers_.size(); ++i) {
            const LayerPlaces& p = places_.layers[i];
            Layer& layer = layers_[i];
            if (layer.h_mask) draw(layer.h_mask, r.recurrent_dropout, 1, p.H, batch, recurrent_site(i));
            elman::Forward<T> f{};
            f.cell = r.cell, f.activation = r.activation, f.T_ = r.T_, f.N = r.N, f.D = p.D, f.H = p.H;
            f.x = input(batch, i), f.lengths = batch.lengths, f.h_mask = layer.h_mask;
            f.W_x = m.theta + p.W_x, f.W_h = m.theta + p.W_h, f.b = at(m.theta, p.b), f.b_hn = at(m.theta, p.b_hn);
            f.h = layer.h, f.c = layer.c, f.gates = layer.gates;
            table_.forward(f, run);
            if (!layer.mask) continue;
            draw(layer.mask, r.dropout, r.T_, p.H, batch, output_site(i));
            multiply(rows_ * p.H, layer.h + r.N * p.H, layer.mask, layer.dropped);
        }
        const int64_t H = places_.layers.back().H;
        const T* b_y = at(m.theta, places_.b_y);
        table_.dense_forward({rows_, H, r.K, false, outputs(layers_.size() - 1), m.theta + places_.W_y, b_y, o_}, run);
        if (places_.W_k < 0) return;
        const T* x = skipped(batch);
        table_.dense_forward({rows_, r.D, r.K, true, x, m.theta + places_.W_k, nullptr, o_}, run);
    }

    // The input of the skip, with padding set to zero.
    const T* skipped(const Batch& batch) const {
        if (!batch.lengths) return batch.x;
        const int64_t D = rules_.D;
        for (int64_t row = 0; row < rows_; ++row) {
            if (valid(batch, row)) std::copy_n(batch.x + row * D, D, x_ + row * D);
            else std::fill_n(x_ + row * D, D, T(0));
        }
        return x_;
    }

    bool valid(const Batch& batch, int64_t row) const { return row / rules_.N < batch.lengths[row % rules_.N]; }

    // The weights of the targets, with those of padding set to zero.
    const T* weights(const Batch& batch, bool per_component) const {
        if (!batch.lengths) return batch.weight;
        const int64_t K = per_component ? rules_.K : 1;
        for (int64_t row = 0; row < rows_; ++row)
            for (int64_t k = row * K; k < (row + 1) * K; ++k)
                weight_[k] = valid(batch, row) ? (batch.weight ? batch.weight[k] : T(1)) : T(0);
        return weight_;
    }

    double loss(const Batch& batch) const {
        const bool per_component = batch.weight && rules_.weight_per_component;
        elman::LossArguments<T> l{};
        l.loss = rules_.loss, l.M = rows_, l.K = rules_.K, l.mean = rules_.mean, l.parameter = rules_.loss_parameter;
        l.o = o_, l.y = batch.y, l.weight = weights(batch, per_component), l.weight_per_component = per_component;
        l.d_o = d_o_;
        return table_.loss(l);
    }

    void backward(const Model<T>& m, const Batch& batch, const Run& run) {
        const Rules& r = rules_;
        if (places_.W_k >= 0) {
            const T* x = batch.lengths ? x_ : batch.x;
            T* dW_k = gradient_ + places_.W_k;
            table_.dense_backward(
                {rows_, r.D, r.K, false, false, d_o_, x, m.theta + places_.W_k, nullptr, dW_k, nullptr}, run);
        }
        const Layer& top = layers_.back();
        const int64_t H = places_.layers.back().H;
        table_.dense_backward({rows_, H, r.K, false, false, d_o_, outputs(layers_.size() - 1), m.theta + places_.W_y,
                               top.dy, gradient_ + places_.W_y, at(gradient_, places_.b_y)},
                              run);
        for (std::size_t i = layers_.size(); i-- > 0;) {
            const LayerPlaces& p = places_.layers[i];
            const Layer& layer = layers_[i];
            if (layer.mask) multiply(rows_ * p.H, layer.dy, layer.mask, layer.dy);
            elman::Backward<T> b{};
            b.cell = r.cell, b.activation = r.activation, b.one_step = r.one_step;
            b.T_ = r.T_, b.N = r.N, b.D = p.D, b.H = p.H;
            b.dh = layer.dy, b.x = input(batch, i), b.h = layer.h, b.c = layer.c, b.gates = layer.gates;
            b.W_x = m.theta + p.W_x, b.W_h = m.theta + p.W_h, b.lengths = batch.lengths, b.h_mask = layer.h_mask;
            b.dx = i > 0 ? layers_[i - 1].dy : nullptr;
            b.dW_x = gradient_ + p.W_x, b.dW_h = gradient_ + p.W_h;
            b.db = p.b < 0 ? layer.unread : gradient_ + p.b;
            b.db_hn = p.b < 0 ? layer.unread + kind_of(r.cell).blocks * p.H : at(gradient_, p.b_hn);
            table_.backward(b, run);
        }
    }

    // Clips, and takes the step of the optimizer; returns the norm before.
    double step(const Model<T>& m, int64_t u) const {
        const int64_t n = places_.size;
        double norm = 0;
        const bool by_value = std::isfinite(rules_.clip_value);
        if (by_value) {
            norm = table_.clip_by_norm(n, gradient_, std::numeric_limits<double>::infinity());
            if (!std::isfinite(norm)) return norm;
            table_.clip_by_value(n, gradient_, rules_.clip_value);
        }
        const double before = optimize(n, m, m.learning_rates[u], m.step + u + 1);
        return by_value ? norm : before;
    }

    double optimize(int64_t n, const Model<T>& m, double rate, int64_t count) const {
        const std::vector<double>& o = rules_.options;
        if (rules_.optimizer == "adam")
            return table_.adam_step(n, m.theta, gradient_, m.first, m.second, count, rate, o[0], o[1], o[2], o[3],
                                    rules_.clip_norm);
        if (rules_.optimizer == "rmsprop")
            return table_.rmsprop_step(n, m.theta, gradient_, m.first, rate, o[0], o[1], rules_.clip_norm);
        return table_.sgd_step(n, m.theta, gradient_, m.first, rate, o[0], o[1] != 0, o[2], rules_.clip_norm);
    }

    const Rules& rules_;
    const Places& places_;
    const elman::Kernels<T>& table_;
    int64_t rows_;
    std::vector<Layer> layers_;
    T *o_, *d_o_, *weight_, *x_, *gradient_;
};

// Workers on as many threads as there are, each with memory of its own; each takes the next model when it is done with one.
template <class T>
void train(const Rules& rules, const Places& places, const std::vector<Model<T>>& models, int n_threads) {
    const int threads = n_threads > 0 ? n_threads : elman::default_threads();
    const int count = static_cast<int>(std::min<std::size_t>(models.size(), threads));
    std::vector<Worker<T>> workers;
    Block measure;
    { Worker<T>(rules, places, measure); }
    const Memory memory = allocate(measure.used * count + 64);
    Block block{static_cast<char*>(memory.get())};
    for (int i = 0; i < count; ++i) workers.emplace_back(rules, places, block);
    execute(threads, [&](const Run& run) {
        Run own = run;
        if (count > 1) own.n_threads = 1;
        std::atomic<std::size_t> next{0};
        auto body = [&](int worker) {
            for (std::size_t i = next++; i < models.size() && !run.stopped(); i = next++)
                workers[worker].train(models[i], own);
        };
        if (count == 1) body(0);
        else run.parallel(count, [](void* f, int part) { (*static_cast<decltype(body)*>(f))(part); }, &body);
    });
}

std::size_t options_of(const std::string& optimizer) {
    if (optimizer == "adam") return 4;
    if (optimizer == "rmsprop") return 2;
    if (optimizer == "sgd") return 3;
    throw nb::value_error(("unknown optimizer " + optimizer).c_str());
}

void check_rate(double rate) {
    if (!(rate >= 0 && rate < 1)) throw nb::value_error("a dropout rate must lie in [0, 1)");
}

}  // namespace

void bind_many(nb::module_& m) {
    m.def(
        "update_many",
        [](const std::string& cell, const std::string& activation, const std::vector<int64_t>& hidden_sizes, bool bias,
           bool linear_skip, double dropout, double recurrent_dropout, Out theta, Out first, Out second, In x, In y,
           In weight, In lengths, const std::string& loss, double loss_parameter, const std::string& reduction,
           bool one_step, const std::string& optimizer, const std::vector<double>& options, double clip_norm,
           double clip_value, In learning_rate, In seed, In step, Out losses, Out norms, Out done, int n_threads) {
            for_dtype(theta, [&]<class T>() {
                const int64_t M = size(x, 0), U = size(x, 1), steps = size(x, 2), N = size(x, 3), D = size(x, 4),
                              K = size(y, 4);
                const Places places(cell_of(cell), hidden_sizes, D, K, bias, linear_skip);
                if (places.layers.empty()) throw nb::value_error("hidden_sizes must name a layer");
                if (options.size() != options_of(optimizer)) throw nb::value_error("options are not the optimizer's");
                check_rate(dropout), check_rate(recurrent_dropout);
                const bool per_component = weight.is_valid() && weight.ndim() == 5;
                const Rules rules{cell_of(cell),
                                  activation_of(activation, 4),
                                  dropout,
                                  recurrent_dropout,
                                  loss_of(loss),
                                  loss_parameter,
                                  is_mean(reduction),
                                  one_step,
                                  per_component,
                                  optimizer,
                                  options,
                                  clip_norm,
                                  clip_value,
                                  U,
                                  steps,
                                  N,
                                  D,
                                  K};
                if (per_component && rules.loss == elman::Loss::categorical_cross_entropy)
                    throw nb::value_error("weight must have one value per row for categorical_cross_entropy");
                const int64_t P = places.size, rows = steps * N;
                constexpr auto any = std::numeric_limits<int64_t>();
                const Checked lengths_ =
                    lengths.is_valid() ? Checked(lengths, "lengths", {M, U, N}, 0, steps) : Checked();
                const Checked seeds(seed, "seed", {M}, 0, any.max()), steps_(step, "step", {M}, 0, any.max() - U);
                const bool adam = optimizer == "adam";
                Model<T> a{out<T>(theta, "theta", {M, P}),
                           out<T>(first, "first", {M, P}),
                           adam ? out<T>(second, "second", {M, P}) : nullptr,
                           in<T>(x, "x", {M, U, steps, N, D}),
                           in<T>(y, "y", {M, U, steps, N, K}),
                           per_component ? in<T>(weight, "weight", {M, U, steps, N, K})
                                         : maybe<T>(weight, "weight", {M, U, steps, N}),
                           lengths_,
                           in<double>(learning_rate, "learning_rate", {M, U}),
                           0,
                           0,
                           out<double>(losses, "losses", {M, U}),
                           out<double>(norms, "norms", {M, U}),
                           out<int64_t>(done, "done", {M})};
                std::vector<Model<T>> models;
                for (int64_t i = 0; i < M; ++i) {
                    a.seed = seeds[i], a.step = steps_[i], *a.done = 0;
                    models.push_back(a);
                    a.theta += P, a.first += P, a.second += a.second ? P : 0;
                    a.x += U * rows * D, a.y += U * rows * K,
                        a.weight += a.weight ? U * rows * (per_component ? K : 1) : 0;
                    a.lengths += a.lengths ? U * N : 0, a.learning_rates += U, a.losses += U, a.norms += U, ++a.done;
                }
                if (M > 0 && U > 0) train<T>(rules, places, models, n_threads);
            });
        },
        "cell"_a, "activation"_a, "hidden_sizes"_a, "bias"_a, "linear_skip"_a, "dropout"_a, "recurrent_dropout"_a,
        "theta"_a.noconvert(), "first"_a.noconvert(), "second"_a.noconvert().none(), "x"_a.noconvert(),
        "y"_a.noconvert(), "weight"_a.noconvert().none(), "lengths"_a.noconvert().none(), "loss"_a, "loss_parameter"_a,
        "reduction"_a, "one_step"_a, "optimizer"_a, "options"_a, "clip_norm"_a, "clip_value"_a,
        "learning_rate"_a.noconvert(), "seed"_a.noconvert(), "step"_a.noconvert(), "losses"_a.noconvert(),
        "norms"_a.noconvert(), "done"_a.noconvert(), "n_threads"_a = 0);
}

}  // namespace elman::bindings

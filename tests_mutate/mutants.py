"""The sabotages: small changes to the source, each of which some test must notice.

A mutant is (room, what it does, file, [(old text, new text), …], tests that must fail), and the instruction-set levels
for which the extension is built if the file is native. Every old text stands in its file exactly once.
"""

# ruff: noqa: E501 - what is replaced stands here as it stands in its file
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

Gate = TypeVar("Gate")


class Mutant(NamedTuple):
    """One sabotage."""

    room: str
    what: str
    file: str
    changes: tuple[tuple[str, str], ...]
    tests: str
    levels: str = "generic"


def _one(room: str, what: str, file: str, old: str, new: str, tests: str, levels: str = "generic") -> Mutant:
    return Mutant(room, what, file, ((old, new),), tests, levels)


LSTM, GRU = "src/elman/reference/lstm.py", "src/elman/reference/gru.py"
REFERENCE = " ".join(
    f"tests/reference/test_{name}.py"
    for name in ("by_hand", "oracles", "gradients", "layers", "losses", "optimizers", "properties", "paths")
)


def _swapped(usual: Sequence[Gate]) -> Iterator[tuple[Gate, ...]]:
    """Yield the orders in which two neighbours are exchanged: they are the nearest to the right one."""
    for i in range(len(usual) - 1):
        yield (*usual[:i], usual[i + 1], usual[i], *usual[i + 2 :])


def _gate_orders() -> list[Mutant]:
    """Wrong orders of gates, the same in both directions of time, so that gradients still fit the outputs."""
    found = []
    for order in _swapped("ifgo"):
        names, das = ", ".join(f"a_{gate}" for gate in order), ", ".join(f"da_{gate}" for gate in order)
        changes = (
            ("a_i, a_f, a_g, a_o = np.split(x[t - 1]", f"{names} = np.split(x[t - 1]"),
            ("da = np.concatenate([da_i, da_f, da_g, da_o]", f"da = np.concatenate([{das}]"),
        )
        found.append(Mutant("reference", f"LSTM gates in the order {'|'.join(order)}", LSTM, changes, REFERENCE))
    parts = {"r": "h_in.T @ da_r", "z": "h_in.T @ da_z", "n": "dW_hn"}
    for rzn in _swapped("rzn"):
        changes = (
            ("a_r, a_z, a_n = np.split(", ", ".join(f"a_{gate}" for gate in rzn) + " = np.split("),
            ("W_hr, W_hz, W_hn = np.split(W_h, 3, axis=1)\n\n    h, gates",
             ", ".join(f"W_h{gate}" for gate in rzn) + " = np.split(W_h, 3, axis=1)\n\n    h, gates"),
            ("W_hr, W_hz, W_hn = np.split(W_h, 3, axis=1)\n    dx, dW_x",
             ", ".join(f"W_h{gate}" for gate in rzn) + " = np.split(W_h, 3, axis=1)\n    dx, dW_x"),
            ("da = np.concatenate([da_r, da_z, da_n]",
             "da = np.concatenate([" + ", ".join(f"da_{gate}" for gate in rzn) + "]"),
            ("np.concatenate([h_in.T @ da_r, h_in.T @ da_z, dW_hn]",
             "np.concatenate([" + ", ".join(parts[gate] for gate in rzn) + "]"),
        )  # fmt: skip
        found.append(Mutant("reference", f"GRU gates in the order {'|'.join(rzn)}", GRU, changes, REFERENCE))
    return found


def _exchanged_orders() -> list[Mutant]:
    """Wrong orders of gates on the way from and to ONNX, the same both ways, so that a round trip still fits."""
    file, tests = "src/elman/interop/onnx_layers.py", "tests/interop/test_onnx_graphs.py"
    found = []
    for cell, usual in (("lstm", (0, 3, 1, 2)), ("gru", (1, 0, 2))):
        for order in _swapped(usual):
            change = (f'"{cell}": {usual}', f'"{cell}": {order}')
            found.append(Mutant("interchange", f"ONNX {cell.upper()} gates as {order}", file, (change,), tests))
    return found


_READOUT = "src/elman/reference/readout.py"
REFERENCE_MUTANTS = [
    _one("reference", "peepholes of i and f swapped", LSTM, "P_i, P_f, P_o = np.zeros((3, H)) if peepholes is None else"
         " peepholes\n    mask = np.ones((N, H)) if h_mask is None else h_mask\n\n",
         "P_f, P_i, P_o = np.zeros((3, H)) if peepholes is None else peepholes\n    mask = np.ones((N, H)) if h_mask is"
         " None else h_mask\n\n", REFERENCE),
    _one("reference", "peephole of o sees the old cell", LSTM, "o = sigmoid(a_o + P_o * c_t)",
         "o = sigmoid(a_o + P_o * c[t - 1])", REFERENCE),
    _one("reference", "peephole missing in the way back", LSTM, "dc_t * f + da_i * P_i + da_f * P_f",
         "dc_t * f + da_i * P_i", REFERENCE),
    _one("reference", "gradients of peepholes swapped", LSTM, "dP[...] += [(da_i * c[t - 1]).sum(axis=0), (da_f *",
         "dP[...] += [(da_f * c[t - 1]).sum(axis=0), (da_i *", REFERENCE),
    _one("reference", "sign of the forget gate's gradient", LSTM, "da_f = dc_t * c[t - 1] * f",
         "da_f = -dc_t * c[t - 1] * f", REFERENCE),
    _one("reference", "cell state masked by recurrent dropout", LSTM, "c_t = f * c[t - 1] + i * g",
         "c_t = f * c[t - 1] * mask + i * g", REFERENCE),
    _one("reference", "biases of the GRU's candidate swapped", GRU, "            q = h_in @ W_hn + b_hn\n"
         "            n = np.tanh(a_n + r * q)", "            q = h_in @ W_hn\n"
         "            n = np.tanh(a_n + b_hn + r * q)", REFERENCE),
    _one("reference", "GRU: z and 1 - z swapped", GRU, "(1 - z) * n + z * h[t - 1]", "z * n + (1 - z) * h[t - 1]",
         REFERENCE),
    _one("reference", "GRU: reset before instead of after", GRU, 'if reset == "after":\n            q = h_in',
         'if reset != "after":\n            q = h_in', REFERENCE),
    _one("reference", "GRU: kept state masked", GRU, "z * h[t - 1], 0.0)", "z * h_in, 0.0)", REFERENCE),
    _one("reference", "GRU: gradient of the hidden bias", GRU, "db_hn[...] += dq.sum(axis=0)",
         "db_hn[...] += da_n.sum(axis=0)", REFERENCE),
    _one("reference", "simple RNN: mask forgotten in the way back", "src/elman/reference/rnn.py",
         "np.asarray((da_t @ W_h.T) * mask)", "np.asarray(da_t @ W_h.T)", REFERENCE),
    _one("reference", "a valid step too many", "src/elman/reference/_time.py", "<= lengths[:, np.newaxis]",
         "<= lengths[:, np.newaxis] + 1", REFERENCE),
    _one("reference", "a valid step too few", "src/elman/reference/_time.py", "<= lengths[:, np.newaxis]",
         "< lengths[:, np.newaxis]", REFERENCE),
    _one("reference", "final adjoint after the last step of the batch", "src/elman/reference/_time.py",
         "ds[T if lengths is None else lengths, np.arange(N)] += d_last", "ds[T] += d_last", REFERENCE),
    _one("reference", "depth of truncation off by one", "src/elman/reference/_time.py", "max(t - bptt_depth, 0)",
         "max(t - bptt_depth - 1, 0)", REFERENCE),
    _one("reference", "clip by norm dropped", "src/elman/reference/optimizers.py", "gradient *= max_norm / norm",
         "gradient *= 1.0", REFERENCE),
    _one("reference", "repeated words counted once", "src/elman/reference/embedding.py",
         "np.add.at(dE, indices.reshape(-1), dx.reshape(-1, D))", "dE[indices.reshape(-1)] += dx.reshape(-1, D)",
         REFERENCE),
    _one("reference", "dropout not scaled up", "src/elman/reference/dropout.py", "1.0 / (1.0 - rate), 0.0)",
         "1.0, 0.0)", REFERENCE),
    _one("reference", "dropout with the same mask in every row", "src/elman/reference/dropout.py",
         "first_row + np.arange(N), np", "first_row + 0 * np.arange(N), np", "tests/reference/test_layers.py tests/kernels/test_twins_updates.py"),
    _one("reference", "sign of the squared error's gradient", "src/elman/reference/losses.py",
         "return _reduce(e**2, 2 * e, weight, reduction)", "return _reduce(e**2, -2 * e, weight, reduction)",
         REFERENCE),
    _one("reference", "mixing readout: a lower quantile's gap is its upper neighbour's", _READOUT, "q[..., i + 1] - gaps[..., i]",
         "q[..., i + 1] - gaps[..., i + 1]", "tests/reference/test_readout.py"),
    _one("reference", "mixing readout: gaps below the median do not reach it", _READOUT, "d_median = dq.sum(axis=-1)",
         "d_median = dq[..., M:].sum(axis=-1)", "tests/reference/test_readout.py"),
    _one("reference", "SiLU: derivative without the sigmoid's own", "src/elman/reference/activations.py",
         "sigmoid(a) * (1.0 + a * sigmoid(-a))", "sigmoid(a)", "tests/reference/test_readout.py"),
]  # fmt: skip

_TIMELINE = "src/elman/network/timeline.py"
NETWORK_MUTANTS = [
    _one("masks", "reversal of a row one step off", _TIMELINE, "np.where(step < self.lengths, self.lengths - 1 - step",
         "np.where(step < self.lengths, self.lengths - step", "tests/network"),
    _one("masks", "reversal moves the padding", _TIMELINE, "np.where(step < self.lengths, self.lengths - 1 - step, step)",
         "np.broadcast_to(self.steps - 1 - step, (self.steps, self.rows))", "tests/network"),
    _one("masks", "last state one step early", _TIMELINE, "self.lengths * self.rows + np.arange(self.rows), 0, out",
         "(self.lengths - 1).clip(0) * self.rows + np.arange(self.rows), 0, out", "tests/network"),
    _one("masks", "padding one step late", _TIMELINE, "[:, np.newaxis] >= self.lengths",
         "[:, np.newaxis] > self.lengths", "tests/network"),
    _one("masks", "means over all steps", _TIMELINE, "return np.maximum(self.lengths, 1)[:, np.newaxis]",
         "return np.full((self.rows, 1), max(self.steps, 1))", "tests/network"),
    _one("masks", "windows of the skip one step off", _TIMELINE, "+ np.arange(-count, 0)", "+ np.arange(-count, 0) - 1",
         "tests/network"),
    _one("masks", "padding reaches the skip", "src/elman/network/output.py",
         "self.skipped[timeline.padding()] = 0.0", "pass", "tests/network"),
    _one("network", "gradient of tied weights half", "src/elman/network/output.py", "self.dE += self.dW_y.T", "pass",
         "tests/network"),
    _one("training", "clipping dropped", "src/elman/training/optimizers.py",
         "inf if clip_norm is None else clip_norm", "inf", "tests/training"),
    _one("training", "padding weighs in the cross-entropy of classes", "src/elman/training/passes.py",
         "weight = self._objective.weights(shape, batch.weight, batch.lengths)",
         "weight = self._objective.weights(shape, batch.weight, None)", "tests/training"),
    _one("network", "gradient of the cross-entropy keeps an old depth", "src/elman/network/tape.py",
         "lengths), n_threads, dropout_key, one_step)", "lengths), n_threads, dropout_key)", "tests/network"),
    _one("training", "order of an epoch does not change", "src/elman/training/sequences.py",
         "generator(self.seed, epoch)", "generator(self.seed, 0)", "tests/training"),
    _one("training", "carried state forgotten", "src/elman/training/loop.py",
         "start = self._final_state() if batch.carry else None", "start = None", "tests/training"),
    _one("training", "a run taken up forgets the best parameters", "src/elman/training/loop.py",
         "self._best = None if state.best is None else state.best.copy()", "self._best = None", "tests/training"),
    _one("training", "a run taken up forgets the optimizer", "src/elman/training/loop.py",
         "{name: vector.copy() for name, vector in state.vectors.items()}",
         "{name: 0 * vector for name, vector in state.vectors.items()}", "tests/training"),
    _one("training", "a run taken up by another", "src/elman/training/checkpoints.py",
         "if different := differences(metadata[\"run\"], self.run):", "if different := \"\":", "tests/training"),
    _one("training", "a state not kept at the end", "src/elman/training/ensemble.py",
         "        if keeper is not None:\n            keeper.save(trainer)\n    finally", "    finally",
         "tests/training"),
]  # fmt: skip

_SCALING = "src/elman/data/scaling.py"
FILE_MUTANTS = [
    _one("files", "digest not compared", "src/elman/persistence/__init__.py", "if digest(data) != data[DIGEST]:",
         "if False:", "tests/persistence"),
    _one("files", "newer formats accepted", "src/elman/persistence/header.py", "if version > FORMAT_VERSION:",
         "if version > FORMAT_VERSION + 1:", "tests/persistence"),
    _one("files", "holes between tensors accepted", "src/elman/persistence/header.py", "if begin != position:",
         "if begin < position:", "tests/persistence"),
    _one("files", "keys twice accepted", "src/elman/persistence/header.py", "if name in result:", "if False:",
         "tests/persistence"),
    _one("files", "links followed", "src/elman/persistence/files.py", 'flags | getattr(os, "O_NOFOLLOW", 0)', "flags",
         "tests/persistence"),
    _one("files", "written in place", "src/elman/persistence/files.py", "os.replace(temporary, target)",
         "target.write_bytes(data); temporary.unlink()", "tests/persistence"),
    _one("files", "temporary file left behind", "src/elman/persistence/files.py", "            temporary.unlink()",
         "            pass", "tests/persistence"),
    _one("files", "not forced to the disk", "src/elman/persistence/files.py", "os.fsync(handle.fileno())", "pass",
         "tests/persistence"),
    _one("files", "NaN loaded", "src/elman/persistence/__init__.py", "        if not _is_finite(array):\n            raise"
         " FileFormatError", "        if False:\n            raise FileFormatError", "tests/persistence"),
    _one("scaling", "wrong scaling at load: scales all one", "src/elman/forecasting/saving_network.py",
         "network, scales=scales, names=names, running",
         "network, scales=scales * 0 + 1.5, names=names, running", "tests/forecasting/test_saving.py tests/golden"),
    _one("scaling", "sequences centered twice as far", "src/elman/sequences/preparation.py",
         "np.clip((values - self.center) / self.scale", "np.clip((values - 2 * self.center) / self.scale",
         "tests/sequences tests/golden"),
    _one("scaling", "forecasts not scaled back", _SCALING, 'return values * scale if kind == "scale"',
         'return values if kind == "scale"', "tests/data/test_scaling.py tests/forecasting/test_forecaster.py"),
    _one("interchange", "ONNX: halves of the GRU's biases swapped", "src/elman/interop/onnx_layers.py",
         "second[-architecture.layer_size(layer) :] = parameters[prefix + \"b_hn\"]",
         "H = architecture.layer_size(layer); first[-H:], second[-H:] = parameters[prefix + \"b_hn\"], first[-H:].copy()", "tests/interop/test_onnx_graphs.py"),
    _one("interchange", "ONNX: second half of the biases lost", "src/elman/interop/onnx_layers.py",
         'found[prefix + "b"] = first + second', 'found[prefix + "b"] = first', "tests/interop/test_onnx_graphs.py"),
    _one("interchange", "ONNX: peepholes of o and f swapped", "src/elman/interop/onnx_cells.py",
         "P_i, P_o, P_f = np.split(own[\"P\"], 3)", "P_i, P_f, P_o = np.split(own[\"P\"], 3)", "tests/interop/test_onnx_cells.py"),
    _one("interchange", "ONNX: clip dropped", "src/elman/interop/onnx_cells.py",
         "return a if node.clip is None else np.clip(a, -node.clip, node.clip)", "return a", "tests/interop/test_onnx_cells.py"),
    _one("interchange", "ONNX: a mask off by one", "src/elman/interop/onnx_cells.py", "valid = (t < lengths)",
         "valid = (t <= lengths)", "tests/interop/test_onnx_cells.py"),
    _one("interchange", "PyTorch: hidden bias of the candidate lost", "src/elman/interop/torch/state_dict.py",
         'found["bias_hh"][2 * len(b_hn) :] = b_hn', "pass", "tests/interop/test_torch_state_dict.py"),
    _one("interchange", "PyTorch: directions swapped", "src/elman/interop/torch/state_dict.py",
         '("_reverse" if direction else "")', '("" if direction else "_reverse")', "tests/interop/test_torch_state_dict.py"),
]  # fmt: skip

_LSTM_H, _GRU_H = "cpp/kernels/lstm.h", "cpp/kernels/gru.h"
_TIME_H, _OPTIMIZERS_H = "cpp/kernels/recurrent.h", "cpp/kernels/optimizers.h"
_GRADIENT_H = "cpp/kernels/weight_gradient.h"
_LOSSES_H = "cpp/kernels/losses.h"
KERNEL_TESTS = "tests/kernels/test_twins_layers.py tests/kernels/test_twins_updates.py tests/kernels/test_twins.py"
KERNEL_MUTANTS = [
    _one("kernels", "LSTM: i and f swapped", _LSTM_H, "const Vec<T> i = sigmoid_of<T>(a[0]), forget = sigmoid_of<T>(a[1]);",
         "const Vec<T> i = sigmoid_of<T>(a[1]), forget = sigmoid_of<T>(a[0]);", KERNEL_TESTS),
    _one("kernels", "LSTM: g and o swapped in the way back", _LSTM_H, "store_first(da + 2 * H + j, dc * i",
         "store_first(da + 3 * H + j, dc * i", KERNEL_TESTS),
    _one("kernels", "LSTM: sign of the cell's adjoint", _LSTM_H, "fma(dh * o, one - tanh_c * tanh_c,",
         "fma(-dh * o, one - tanh_c * tanh_c,", KERNEL_TESTS),
    _one("kernels", "GRU: reset applied to the input's part", _GRU_H, "a[2] = fma(reset, q, from_x[cell]);",
         "a[2] = fma(reset, from_x[cell], q);", KERNEL_TESTS),
    _one("kernels", "GRU: hidden bias not read", _GRU_H, "f.b_hn ? load_first(f.b_hn + unit, units(unit)) : Vec<T>{}",
         "Vec<T>{}", KERNEL_TESTS),
    _one("kernels", "GRU: nothing carried past the candidate", _GRU_H, "store_first(rec + j, dh * z, n);",
         "store_first(rec + j, dh * (one - z), n);", KERNEL_TESTS),
    _one("kernels", "a valid step too many", _TIME_H, "if (length > t) {", "if (length >= t) {",
         KERNEL_TESTS),
    _one("kernels", "past the end not zeroed", _TIME_H, "{ zero(h_next + row * f.H, count * f.H); }",
         "{ (void)row, (void)count, (void)h_next; }",
         KERNEL_TESTS),
    _one("kernels", "recurrent mask forgotten in the way back", _TIME_H, "work.rec[j] = product[j] * b.h_mask[j] +",
         "work.rec[j] = product[j] +", KERNEL_TESTS),
    _one("kernels", "depth 1 forgotten", _TIME_H, "if (b.one_step) {", "if (b.one_step && !b.h_mask) {",
         KERNEL_TESTS),
    _one("kernels", "Adam: second correction without its root", _OPTIMIZERS_H, "1 / square_root(1 - power_2)",
         "1 / (1 - power_2)", KERNEL_TESTS),
    _one("kernels", "windows one value late", "cpp/kernels/batches.h", "w.values + (origin + w.first) * w.C",
         "w.values + (origin + w.first + (t > 0)) * w.C", KERNEL_TESTS),
    _one("kernels", "dropout: row and step of the counter swapped", "cpp/kernels/batches.h",
         "d.first_step + static_cast<std::uint32_t>(t),", "d.first_row + static_cast<std::uint32_t>(t),", KERNEL_TESTS),
    _one("kernels", "cross-entropy: blocks of rows overwrite each other's gradient", "cpp/kernels/dense_cross_entropy.h",
         "const bool go_on = d.accumulate || end < d.M;", "const bool go_on = d.accumulate;", KERNEL_TESTS),
    _one("kernels", "cross-entropy: mean of a block, not of all rows", "cpp/kernels/dense_cross_entropy.h",
         "const T scale = static_cast<T>(1 / (divide ? weight : 1.0));",
         "const T scale = static_cast<T>(1 / (divide ? static_cast<double>(depth) : 1.0));", KERNEL_TESTS),
    _one("kernels", "single row: last panels left out when they come first", _TIME_H, "if (from_last) others();",
         "if (from_last && groups == 0) others();", KERNEL_TESTS),
    _one("kernels", "weight gradient: second side packed over the first", _GRADIENT_H, "place += rows;",
         "place += rows / 2;", KERNEL_TESTS),
    _one("kernels", "weight gradient: rows of A in the order of B's places", _GRADIENT_H,
         "BlockRows<T>{tile.side.A + tile.m, order,",
         "BlockRows<T>{tile.side.A + tile.m, kAscending.at,", KERNEL_TESTS),
    _one("kernels", "gradient of the bias twice", _GRADIENT_H, "if (tile.bias) panel[j * R + columns] = 1;",
         "if (tile.bias) panel[j * R + columns] = 2;", KERNEL_TESTS),
    _one("kernels", "bias without rows of W beside it lost", _TIME_H, "if (part == 0 && count == 0) count = 1;", "",
         KERNEL_TESTS),
    _one("kernels", "rows too long to be read where they stand: panels of B in place of its rows", _GRADIENT_H,
         "GatheredRows<T, kPanel<T, G>>{b_panel}", "GatheredRows<T, kPanel<T, kWide>>{b_panel}", KERNEL_TESTS),
    _one("kernels", "gathered columns written beyond their tile", _GRADIENT_H,
         "store_first(panel + j * R + r, values, lanes);", "store(panel + j * R + r, values);", "tests/kernels/test_exact.py"),
    _one("kernels", "each piece of a long panel starts anew", "cpp/kernels/gemm.h", "accumulate || piece.first > 0",
         "accumulate", "tests/kernels/test_exact.py"),
    _one("kernels", "a value left out where a line is fetched", "cpp/kernels/gemm.h", "ahead->fetch();", "ahead->fetch(), ++k;",
         "tests/kernels/test_exact.py", levels="v3"),
    _one("kernels", "LSTM: h from the input gate", _LSTM_H, "a[0] = c, a[3] = o;", "a[0] = c, a[3] = i;", KERNEL_TESTS),
    _one("kernels", "hoisted sums of a step before", _TIME_H, "if (ahead && t % ahead == 0) enter(t);",
         "if (ahead && t == 0) enter(t);", "tests/kernels/test_exact.py"),
    _one("kernels", "ones of another step", "cpp/kernels/panels.h", "f.ones[t * f.N + rows[r]]", "f.ones[rows[r]]",
         "tests/kernels/test_twins.py"),
    _one("kernels", "gradients of ones summed from the first row on", _GRADIENT_H,
         "for (int64_t i = rows.count - 1; i >= 0; --i) {\n        T* to", "for (int64_t i = 0; i < rows.count; ++i) {\n        T* to",
         "tests/kernels/test_exact.py"),
    _one("kernels", "gradients of ones of chunks forget the later ones", _TIME_H, "v < b.D && !go_on; ++v)", "v < b.D; ++v)",
         "tests/kernels/test_exact.py"),
    _one("kernels", "draw: an index of no probability", "cpp/kernels/dense.h", "if (sum > u * whole)", "if (sum >= u * whole)",
         "tests/kernels/test_twins_layers.py"),
    _one("kernels", "stream: what was drawn does not enter", "cpp/stepper.cpp", "steps.put(i > 0 ? drawn[i - 1] : index);",
         "steps.put(index);", "tests/network/test_stream.py"),
    _one("kernels", "from zeros: no step meets W_h", "cpp/kernels/panels.h", "s.from_zeros && t == 0 ? 0 : f.H",
         "s.from_zeros ? 0 : f.H", "tests/kernels/test_exact.py"),
    _one("kernels", "without dh_0 no step passes its adjoint on", _TIME_H, "if (t == 0 && !b.dh_0) return;",
         "if (!b.dh_0) continue;", "tests/kernels/test_exact.py"),
    _one("kernels", "SGD does not clip what it reads", _OPTIMIZERS_H, "const T step = clip * g[i] + lambda * theta[i];",
         "const T step = g[i] + lambda * theta[i];", KERNEL_TESTS),
    _one("kernels", "mixing readout: every step ahead is the first", "cpp/kernels/readout.h",
         "k = f.k[m % f.J], root", "k = f.k[0], root", "tests/kernels/test_readout.py"),
    _one("kernels", "mixing readout: gap of the quantile itself, not of those beyond it", "cpp/kernels/readout.h",
         "above += dq[i + 1], gaps[i] = above", "gaps[i] = above, above += dq[i + 1]", "tests/kernels/test_readout.py"),
    _one("kernels", "quantile loss: importance not counted in the mean", _LOSSES_H, "total = weights * importances;",
         "total = weights * static_cast<double>(l.Q);", "tests/kernels/test_readout.py"),
]  # fmt: skip

_INTEGERS_H, _NARROW_H, _BFLOAT16_H = "cpp/kernels/integers.h", "cpp/kernels/narrow.h", "cpp/kernels/bfloat16.h"
_INT8, _MANY = "cpp/kernels/int8.cpp", "cpp/many.cpp"
NARROW_TESTS = "tests/kernels/test_narrow.py"
MANY_TESTS = "tests/kernels/test_many.py"
NARROW_MUTANTS = [
    _one("kernels", "8 bits: integers in odd places lose their sign", _INTEGERS_H, "odd = _mm_srai_epi16(all, 8);",
         "odd = _mm_srli_epi16(all, 8);", NARROW_TESTS),
    _one("kernels", "8 bits: sums with VNNI start from zero", _INT8, "sum *= -kOffset;", "sum = 0;", NARROW_TESTS,
         "generic v4"),
    _one("kernels", "8 bits: half to even from another multiple", _INT8, "* by + shift) + kOffset;",
         "* by + broadcast(0.4999f) + shift) + kOffset;", NARROW_TESTS),
    _one("kernels", "8 bits: the scale of a row without that of the column", _INT8, "(scale * load(part + at(g)));",
         "scale;", NARROW_TESTS),
    _one("kernels", "narrow weights: every row recurs from the first", _NARROW_H, "(acc[0], h[n], part, f.H,",
         "(acc[0], h[0], part, f.H,", NARROW_TESTS),
    _one("kernels", "narrow weights: GRU without the hidden bias", _NARROW_H,
         "f.b_hn ? load_first(f.b_hn + unit, this->units(unit)) : Vec<float>{}", "Vec<float>{}", NARROW_TESTS),
    _one("kernels", "narrow weights: the skip is multiplied by the bias's line", _NARROW_H,
         "packed + p * this->panel_size() + Base::kLine;", "packed + p * this->panel_size();", NARROW_TESTS),
    _one("kernels", "bfloat16: the odd weight takes bits of the even one", _BFLOAT16_H, "from_bits<float>(word & 0xffff0000u)",
         "from_bits<float>(word)", NARROW_TESTS),
    _one("kernels", "bfloat16: the last of an odd number of weights is lost", _BFLOAT16_H, "if (k == K) return;", "return;",
         NARROW_TESTS),
    _one("kernels", "many networks: rate of the first update for all", _MANY, "m.learning_rates[u]", "m.learning_rates[0]",
         MANY_TESTS),
    _one("kernels", "many networks: Adam counts from the first update", _MANY, "m.step + u + 1);", "u + 1);", MANY_TESTS),
    _one("kernels", "many networks: masks of the update before", _MANY, "static_cast<std::uint32_t>(m.step + u)}",
         "static_cast<std::uint32_t>(m.step)}", MANY_TESTS),
    _one("kernels", "many networks: padding weighs in the loss", _MANY,
         "weight_[k] = valid(batch, row) ? (batch.weight ? batch.weight[k] : T(1)) : T(0);",
         "weight_[k] = batch.weight ? batch.weight[k] : T(1);", MANY_TESTS),
    _one("kernels", "many networks: the next network has the lengths of the one before", _MANY,
         "a.lengths += a.lengths ? U * N : 0, ", "", MANY_TESTS),
    _one("reference", "many networks: a mask of the state for the outputs", "src/elman/reference/many.py",
         "layer=4 * layer + 1", "layer=4 * layer + 2", MANY_TESTS),
    _one("reference", "8 bits: rows rounded towards zero", "src/elman/reference/quantization.py",
         "q = np.rint(np.where(finite[:, np.newaxis]", "q = np.trunc(np.where(finite[:, np.newaxis]",
         "tests/reference/test_quantization.py"),
    _one("reference", "8 bits: LSTM forgets by the input gate", "src/elman/reference/streaming.py",
         "sigmoid_single(f) * c", "sigmoid_single(i) * c", NARROW_TESTS),
]  # fmt: skip

_STARTING, _SMOOTHING = "src/elman/forecasting/starting.py", "src/elman/forecasting/smoothing.py"
_DEPENDENCE, _RECORDED = "src/elman/forecasting/dependence.py", "src/elman/explain/page/recorded.py"
_SIMPLE = "src/elman/sequences/simple_models.py"
STARTING_TESTS, PATH_TESTS = "tests/forecasting/test_starting.py", "tests/forecasting/test_paths.py"
PAGE_TESTS, SIMPLE_TESTS = "tests/explain/test_page.py", "tests/sequences/test_simple_files.py"
TASK_MUTANTS = [
    _one("forecasting", "start at a regression: the intercept is penalized", _STARTING, "penalty[-1] = 0.0", "penalty[-1] *= 1e3",
         STARTING_TESTS),
    _one("forecasting", "start at a regression: weights of the windows do not count", _STARTING, "(x * weight[:, None]).T", "x.T",
         STARTING_TESTS),
    _one("forecasting", "start at a regression: the output layer keeps its random weights", _STARTING,
         'network.parameters["output.W_y"][...] = 0.0', 'network.parameters["output.W_y"][...] *= 1.0', STARTING_TESTS),
    _one("forecasting", "damped trend: a block forgets the older of two errors", _SMOOTHING,
         "following * newer + twos * answer[1:] * older", "following * newer", "tests/forecasting/test_smoothing.py"),
    _one("forecasting", "smoothing: the grid is tried whole", _SMOOTHING, "return min(points, -(-points * n // most))", "return 1",
         "tests/forecasting/test_smoothing.py"),
    _one("forecasting", "sample paths: no gain between 0 and 0.2", _DEPENDENCE, "(0.02, 0.0), (0.05, 0.0), (0.1, 0.0)",
         "(0.0, 0.0), (0.0, 0.0), (0.2, 0.0)", PATH_TESTS),
    _one("training", "draws: the numbers of the first block for all", "src/elman/training/draws.py",
         "draw(seed, number, self.batch_size)", "draw(seed, 0, self.batch_size)", "tests/training/test_stretches.py"),
    _one("network", "initial values: small networks share those of one seed", "src/elman/network/initialization.py",
         "return draw(architecture, scheme, seed, half_width)", "return draw(architecture, scheme, 0, half_width)",
         "tests/network/test_initialization.py"),
    _one("explain", "page: recorded numbers are rounded to 32 bits", _RECORDED, 'np.asarray(value, "<f8")',
         'np.asarray(np.float32(value), "<f8")', PAGE_TESTS),
    _one("explain", "page: no recorded number is ever left out", "src/elman/explain/page/__init__.py",
         "if len(text.encode()) <= most:", "if text:", PAGE_TESTS),
    _one("sequences", "files of simple methods: weights beyond float32 are read", _SIMPLE,
         "or not (np.abs(array) <= _LARGEST).all()", "", SIMPLE_TESTS),
    _one("sequences", "files of simple methods: lengths that do not fit the steps are read", _SIMPLE,
         " and self.lengths.sum() == len(self.steps)", "", SIMPLE_TESTS),
]  # fmt: skip

MUTANTS = [
    *_gate_orders(),
    *REFERENCE_MUTANTS,
    *NETWORK_MUTANTS,
    *FILE_MUTANTS,
    *_exchanged_orders(),
    *KERNEL_MUTANTS,
    *NARROW_MUTANTS,
    *TASK_MUTANTS,
]

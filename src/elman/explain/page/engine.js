// The arithmetic of one recurrent layer and an output layer: forward pass, backpropagation through time path by path,
// gradient descent. Read from top to bottom: each section uses only the sections above it.
//
// Vectors are rows: a_t = x_t W_x + h_{t-1} W_h + b. Every example is computed alone; the loss sums over the examples.
// dv means ∂L/∂v and has the shape of v. T steps, N examples, D inputs, H hidden units, K outputs.
//
// net   cell "rnn" | "lstm" | "gru", activation (of the RNN), output (activation of the output layer), loss,
//       reduction "sum" | "mean", readout "every" | "last", depth (null: no limit), rate, trained (names), slips (a Set)
//       weights { W_x (D, G H), W_h (H, G H), b (G H), b_hn (H), W_y (H, K), b_y (K) }; biases may be missing
// data  x (T, N, D); y (T, N, K), or (N, K) if only the last state is read; h0 (N, H); c0 (N, H) for an LSTM

// --- Linear algebra on arrays of numbers ---

export const zeros = (size) => new Array(size).fill(0);
const plus = (u, v) => u.map((value, i) => value + v[i]);
const times = (u, v) => u.map((value, i) => value * v[i]);
const sum = (v) => v.reduce((total, value) => total + value, 0);

/** v M: a row vector times a matrix. */
export function rowTimes(v, M) {
  const product = zeros(M[0].length);
  for (let i = 0; i < v.length; i += 1) for (let j = 0; j < product.length; j += 1) product[j] += v[i] * M[i][j];
  return product;
}

/** v Mᵀ: how an adjoint passes back through a matrix. */
export function rowTimesTransposed(v, M) {
  return M.map((row) => {
    let product = 0;
    for (let j = 0; j < v.length; j += 1) product += v[j] * row[j];
    return product;
  });
}

/** uᵀ v: the gradient of a matrix M in u M, where v is the adjoint of the product. */
const outer = (u, v) => u.map((left) => v.map((right) => left * right));

/** Sum of two numbers, vectors or matrices. */
export const added = (u, v) => (Array.isArray(u) ? u.map((part, i) => added(part, v[i])) : u + v);
export const scaled = (u, factor) => (Array.isArray(u) ? u.map((part) => scaled(part, factor)) : u * factor);
export const norm = (value) => Math.hypot(...[value].flat(Infinity));
const split = (v, parts) =>
  Array.from({ length: parts }, (_, g) => v.slice((g * v.length) / parts, ((g + 1) * v.length) / parts));

// --- Activations, and their slopes in terms of the output y = f(a) ---

function sigmoid(a) {
  const e = Math.exp(-Math.abs(a)); // never above 1: cannot overflow
  return (a >= 0 ? 1 : e) / (1 + e);
}

const ACTIVATIONS = {
  tanh: { f: Math.tanh, slope: (y) => 1 - y * y },
  sigmoid: { f: sigmoid, slope: (y) => y * (1 - y) },
  relu: { f: (a) => Math.max(a, 0), slope: (y) => (y > 0 ? 1 : 0) },
  identity: { f: (a) => a, slope: () => 1 },
};
const { slope: sigmoidSlope } = ACTIVATIONS.sigmoid;
const { slope: tanhSlope } = ACTIVATIONS.tanh;

function softmax(o) {
  const largest = Math.max(...o);
  const e = o.map((value) => Math.exp(value - largest));
  const total = sum(e);
  return e.map((value) => value / total);
}

/** ŷ = g(o). */
const activated = (output, o) => (output === "softmax" ? softmax(o) : o.map(ACTIVATIONS[output].f));

/** ∂L/∂o from ∂L/∂ŷ. The Jacobian of softmax is diag(ŷ) − ŷᵀŷ; the other activations work number by number. */
export function throughOutput(output, yhat, dyhat) {
  if (output !== "softmax") return times(dyhat, yhat.map(ACTIVATIONS[output].slope));
  const mean = sum(times(dyhat, yhat));
  return yhat.map((p, j) => p * (dyhat[j] - mean));
}

// --- Losses of one output, before the division by the count of a mean ---

const LOSSES = {
  half_squared_error: {
    value: (o, yhat, y) => sum(yhat.map((p, j) => (p - y[j]) ** 2)) / 2,
    slope: (yhat, y) => yhat.map((p, j) => p - y[j]),
  },
  mean_squared_error: {
    value: (o, yhat, y) => sum(yhat.map((p, j) => (p - y[j]) ** 2)),
    slope: (yhat, y) => yhat.map((p, j) => 2 * (p - y[j])),
  },
  binary_cross_entropy: {
    value: (o, yhat, y) => sum(o.map((a, j) => Math.max(a, 0) - a * y[j] + Math.log1p(Math.exp(-Math.abs(a))))),
    slope: (yhat, y) => yhat.map((p, j) => (p - y[j]) / (p * (1 - p))),
    short: (yhat, y) => yhat.map((p, j) => p - y[j]), // ∂L/∂o with ŷ = σ(o)
  },
  categorical_cross_entropy: {
    value(o, yhat, y) {
      const largest = Math.max(...o);
      const logarithm = largest + Math.log(sum(o.map((a) => Math.exp(a - largest))));
      return sum(o.map((a, j) => (logarithm - a) * y[j]));
    },
    slope: (yhat, y) => yhat.map((p, j) => (y[j] === 0 ? 0 : -y[j] / p)),
    short: (yhat, y) => yhat.map((p, j) => p * sum(y) - y[j]), // ∂L/∂o with ŷ = softmax(o)
  },
};

/** The number by which a mean divides: all components, or all rows for the categorical cross-entropy. */
export function countOf(net, T, N, K) {
  if (net.reduction === "sum") return 1;
  return (net.readout === "every" ? T : 1) * N * (net.loss === "categorical_cross_entropy" ? 1 : K);
}

/** One output: o = h W_y + b_y, ŷ = g(o), its loss and the adjoints dŷ and do. */
function outputOf(net, h, y, count) {
  const { W_y, b_y } = net.weights;
  const product = rowTimes(h, W_y);
  const o = b_y ? plus(product, b_y) : product;
  const yhat = activated(net.output, o);
  const { value, slope, short } = LOSSES[net.loss];
  const lost = net.slips?.has("factor-two") && net.loss === "mean_squared_error" ? 2 : 1;
  const dyhat = slope(yhat, y).map((d) => d / count / lost);
  const back = short ? short(yhat, y).map((d) => d / count) : throughOutput(net.output, yhat, dyhat);
  return { h, o, yhat, y, L: value(o, yhat, y) / count, dyhat, do: back };
}

// --- Cells: one step forward, and the adjoints of one step back ---
//
// forward(x, before) returns the new state and everything between. back(step, dh, dc) takes the adjoints of h_t and c_t
// to da (of the pre-activations), dk (of the products h_{t-1} W_h) and the direct parts of dh_{t-1} and dc_{t-1}.

/** x W_x + b and h W_h, by gates: they are added for every gate but the GRU's candidate. */
function products({ W_x, W_h, b }, x, h) {
  const fromInput = rowTimes(x, W_x);
  return [b ? plus(fromInput, b) : fromInput, rowTimes(h, W_h)];
}

const CELLS = {
  rnn: {
    gates: [""],
    forward(net, x, before) {
      const outside = net.slips?.has("bias-outside") && net.weights.b;
      const a = plus(...products(outside ? { ...net.weights, b: null } : net.weights, x, before.h));
      const h = a.map(ACTIVATIONS[net.activation].f);
      return { a, h: outside ? plus(h, net.weights.b) : h };
    },
    back(net, step, dh) {
      if (net.slips?.has("linear-backward")) return { da: dh, dk: dh };
      const da = times(dh, step.h.map(ACTIVATIONS[net.activation].slope));
      return { da, dk: da };
    },
  },
  lstm: {
    gates: ["i", "f", "g", "o"],
    forward(net, x, before) {
      const [a_i, a_f, a_g, a_o] = split(plus(...products(net.weights, x, before.h)), 4);
      const [i, f, o] = [a_i, a_f, a_o].map((a) => a.map(sigmoid));
      const g = a_g.map(Math.tanh);
      const c = plus(times(f, before.c), times(i, g));
      return { a_i, a_f, a_g, a_o, i, f, g, o, c, h: times(o, c.map(Math.tanh)) };
    },
    back(net, { i, f, g, o, c, before }, dh, dc) {
      const squashed = c.map(Math.tanh);
      const whole = plus(dc, times(times(dh, o), squashed.map(tanhSlope))); // c_t also acts through h_t
      const da_i = times(times(whole, g), i.map(sigmoidSlope));
      const da_f = times(times(whole, before.c), f.map(sigmoidSlope));
      const da_g = times(times(whole, i), g.map(tanhSlope));
      const da_o = times(times(dh, squashed), o.map(sigmoidSlope));
      const da = [...da_i, ...da_f, ...da_g, ...da_o];
      return { da, dk: da, dcWhole: whole, dc: times(whole, f) };
    },
  },
  gru: {
    gates: ["r", "z", "n"],
    forward(net, x, before) {
      const [[x_r, x_z, x_n], [h_r, h_z, h_n]] = products(net.weights, x, before.h).map((all) => split(all, 3));
      const [a_r, a_z] = [plus(x_r, h_r), plus(x_z, h_z)];
      const [r, z] = [a_r.map(sigmoid), a_z.map(sigmoid)];
      const q = net.weights.b_hn ? plus(h_n, net.weights.b_hn) : h_n;
      const a_n = plus(x_n, times(r, q));
      const n = a_n.map(Math.tanh);
      return { a_r, a_z, a_n, r, z, q, n, h: n.map((value, j) => (1 - z[j]) * value + z[j] * before.h[j]) };
    },
    back(net, { r, z, q, n, before }, dh) {
      const da_z = dh.map((d, j) => d * (before.h[j] - n[j]) * z[j] * (1 - z[j]));
      const da_n = dh.map((d, j) => d * (1 - z[j]) * tanhSlope(n[j]));
      const da_r = da_n.map((d, j) => d * q[j] * r[j] * (1 - r[j]));
      const dq = times(da_n, r);
      return { da: [...da_r, ...da_z, ...da_n], dk: [...da_r, ...da_z, ...dq], dq, direct: times(dh, z) };
    },
  },
};
export const gatesOf = (cell) => CELLS[cell].gates;

// --- Forward pass ---

/**
 * steps[n][t] holds the numbers of step t of example n, steps[n][0] the initial state; outputs[n][t] those of output t.
 * terms[t] is the loss of output t over all examples, loss their sum.
 */
export function forward(net, data) {
  const [T, N] = [data.x.length, data.x[0].length];
  const every = net.readout === "every";
  const reads = every ? Array.from({ length: T }, (_, i) => i + 1) : [T];
  const count = countOf(net, T, N, net.weights.W_y[0].length);
  const steps = [];
  const outputs = [];
  for (let n = 0; n < N; n += 1) {
    const row = [{ h: data.h0[n], c: data.c0?.[n] }];
    for (let t = 1; t <= T; t += 1) {
      const [x, before] = [data.x[t - 1][n], row[t - 1]];
      row.push({ x, before, ...CELLS[net.cell].forward(net, x, before) });
    }
    const out = {};
    for (const t of reads) out[t] = outputOf(net, row[t].h, every ? data.y[t - 1][n] : data.y[n], count);
    steps.push(row);
    outputs.push(out);
  }
  const terms = Object.fromEntries(reads.map((t) => [t, sum(outputs.map((out) => out[t].L))]));
  return { net, data, T, N, reads, steps, outputs, count, terms, loss: sum(Object.values(terms)) };
}

// --- Backward: one step, one path, all paths ---

/** Take the adjoints of h_t and c_t of one example back through step t: to da, dq, and dh and dc of step t − 1. */
export function stepBack(net, step, dh, dc) {
  const back = CELLS[net.cell].back(net, step, dh, dc);
  const through = rowTimesTransposed(back.dk, net.weights.W_h);
  return { ...back, dh: back.direct ? plus(through, back.direct) : through, arrived: dh };
}

/** The adjoints of h_t (and c_t) that come from output t itself. */
export function fromOutput(net, { do: d }) {
  const dh = rowTimesTransposed(d, net.weights.W_y);
  return { dh, dc: net.cell === "lstm" ? zeros(dh.length) : undefined };
}

/** The derivative of a parameter's own use at one step, the previous state held constant: ∂⁺ of the chain rule. */
export function ofStep(net, name, step, { da, dk, dq }) {
  if (name === "W_x") return outer((net.slips?.has("earlier-input") && step.before.x) || step.x, da);
  if (name === "W_h") return outer(net.slips?.has("later-state") ? step.h : step.before.h, dk);
  return name === "b" ? da : dq; // b_hn is added to q
}

/** The derivative of a parameter of the output layer in one output. */
export const ofOutput = (name, out) => (name === "W_y" ? outer(out.h, out.do) : out.do);

export const inOutput = (name) => name === "W_y" || name === "b_y";

/**
 * Every path from an output at step t back to a step k ≤ t. adjoints[n] is the product of the factors up to s_k,
 * backs[n] the result of the step from there. Paths of bptt depth or more are not kept.
 */
export function paths(run) {
  const { net, steps, outputs } = run;
  const found = [];
  for (const t of run.reads) {
    let adjoints = outputs.map((out) => fromOutput(net, out[t]));
    for (let k = t; k >= 1; k -= 1) {
      const backs = adjoints.map(({ dh, dc }, n) => stepBack(net, steps[n][k], dh, dc));
      found.push({ t, k, kept: net.depth === null || t - k < net.depth, adjoints, backs });
      adjoints = backs;
    }
  }
  return found;
}

/** What a path adds to the gradient of a parameter: of all examples, or of example n alone. */
export function contribution(run, path, name, n = null) {
  const rows = n === null ? path.backs.map((_, i) => i) : [n];
  return rows.map((i) => ofStep(run.net, name, run.steps[i][path.k], path.backs[i])).reduce(added);
}

/** What output t adds to the gradient of a parameter of the output layer, without a state in between. */
export function direct(run, t, name, n = null) {
  const rows = n === null ? run.outputs : [run.outputs[n]];
  return rows.map((out) => ofOutput(name, out[t])).reduce(added);
}

// --- Gradients ---

/** One pass back through time: the adjoints of all outputs travel together. backs[n][t] is the step from s_t to s_{t-1}. */
export function onePassBack(run) {
  const { net, T } = run;
  return run.steps.map((row, n) => {
    const backs = [];
    let [dh, dc] = [zeros(row[0].h.length), net.cell === "lstm" ? zeros(row[0].h.length) : undefined];
    for (let t = T; t >= 1; t -= 1) {
      const out = run.outputs[n][t];
      backs[t] = stepBack(net, row[t], out ? plus(fromOutput(net, out).dh, dh) : dh, dc);
      ({ dh, dc } = backs[t]);
    }
    return backs;
  });
}

/** The gradient of every parameter; with a limited depth, the sum of the kept paths. */
export function gradient(run, every = false) {
  const { net } = run;
  const found = {};
  const whole = every || net.depth === null;
  const [backs, kept] = whole ? [onePassBack(run)] : [null, paths(run).filter((path) => path.kept)];
  for (const name of Object.keys(net.weights)) {
    if (inOutput(name)) found[name] = run.reads.map((t) => direct(run, t, name)).reduce(added);
    else if (whole)
      found[name] = run.steps
        .flatMap((row, n) => row.slice(1).map((step, i) => ofStep(net, name, step, backs[n][i + 1])))
        .reduce(added);
    else found[name] = kept.map((path) => contribution(run, path, name)).reduce(added);
  }
  return found;
}

/** Central differences of order 6: the gradient without any chain rule. */
export function differences(net, data, name) {
  const kinks = net.activation === "relu" || net.output === "relu";
  const size = kinks ? 1e-5 : 1e-3;
  const lossAt = (value) => forward({ ...net, weights: { ...net.weights, [name]: value } }, data).loss;
  const put = (M, i, j, by) =>
    M.map((row, r) => (r !== i ? row : j === null ? row + by : row.map((v, c) => (c === j ? v + by : v))));
  const slope = (i, j) => {
    const f = (by) => lossAt(put(net.weights[name], i, j, by * size));
    return (45 * (f(1) - f(-1)) - 9 * (f(2) - f(-2)) + f(3) - f(-3)) / (60 * size);
  };
  return net.weights[name].map((row, i) => (Array.isArray(row) ? row.map((_, j) => slope(i, j)) : slope(i, null)));
}

// --- Gradient descent ---

/** θ ← θ − η ∂L/∂θ for the trained parameters; all gradients are taken before any update. */
export function descend(net, slopes, rate = net.rate) {
  const weights = { ...net.weights };
  for (const name of net.trained) if (weights[name]) weights[name] = added(weights[name], scaled(slopes[name], -rate));
  return { ...net, weights };
}

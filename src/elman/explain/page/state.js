// Changes of a network: every function returns a new model and leaves the old one as it is, so that undo keeps it.
//
// A model is { net, data, words, rowNames, channels }: net and data of engine.js, the vocabulary of one-hot inputs or
// null, the names of the examples or null, and the names of the inputs or null.

import { countOf, gatesOf, zeros } from "./engine.js";
import { longName, lossEquation } from "./forward_nodes.js";
import { SLIPS } from "./slips.js";
import { symbol } from "./writing.js";

export const MOST = { T: 50, H: 4 };
export const LOSSES = {
  half_squared_error: "half squared error",
  mean_squared_error: "mean squared error",
  binary_cross_entropy: "binary cross-entropy",
  categorical_cross_entropy: "categorical cross-entropy",
};
export const OUTPUTS = {
  half_squared_error: ["identity", "tanh", "sigmoid", "relu", "softmax"],
  mean_squared_error: ["identity", "tanh", "sigmoid", "relu", "softmax"],
  binary_cross_entropy: ["sigmoid"],
  categorical_cross_entropy: ["softmax"],
};

export const sizesOf = ({ net, data }) => ({
  T: data.x.length,
  N: data.x[0].length,
  D: data.x[0][0].length,
  H: data.h0[0].length,
  K: net.weights.W_y[0].length,
});

/** What decides about drawing and tables: networks of the same form differ only in numbers. */
export const formOf = (model) =>
  [model.net.cell, model.net.readout, model.net.depth === null, ...Object.values(sizesOf(model))].join(" ");

/** Everything about a model but its numbers, as text. */
export function settingsOf(model) {
  const { activation, output, loss, reduction, depth, slips } = model.net;
  return JSON.stringify([
    formOf(model),
    activation,
    output,
    loss,
    reduction,
    depth,
    [...(slips ?? [])],
    model.words,
    model.rowNames,
  ]);
}

const put = (value, [first, ...rest], number) =>
  first === undefined ? number : value.map((part, i) => (i === first ? put(part, rest, number) : part));

const DATA = ["x", "y", "h0", "c0"];

/** The number at a place such as ["x", t, n, j], ["W_h", i, j] or ["rate"]. */
export function numberAt({ net, data }, [name, ...indices]) {
  if (name === "rate") return net.rate;
  return indices.reduce((value, i) => value[i], DATA.includes(name) ? data[name] : net.weights[name]);
}

export function withNumber(model, [name, ...indices], number) {
  if (name === "rate") return { ...model, net: { ...model.net, rate: number } };
  if (DATA.includes(name)) return { ...model, data: { ...model.data, [name]: put(model.data[name], indices, number) } };
  return withWeights(model, { [name]: put(model.net.weights[name], indices, number) });
}

const withWeights = (model, weights) => ({
  ...model,
  net: { ...model.net, weights: { ...model.net.weights, ...weights } },
});

/** Numbers of one decimal between -0.8 and 0.8, the same for the same seed (a 32-bit mixing generator). */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.round((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * 16 - 8) / 10;
  };
}
const matrix = (rows, columns, next) => Array.from({ length: rows }, () => Array.from({ length: columns }, next));

/** New weights for all parameters of a cell; the forget gate of an LSTM begins with the bias 1. */
export function freshWeights(cell, { D, H, K }, bias, seed) {
  const next = generator(seed);
  const G = gatesOf(cell).length;
  const weights = { W_x: matrix(D, G * H, next), W_h: matrix(H, G * H, next) };
  if (bias) weights.b = zeros(G * H).map((_, j) => (cell === "lstm" && j >= H && j < 2 * H ? 1 : 0));
  if (bias && cell === "gru") weights.b_hn = zeros(H);
  weights.W_y = matrix(H, K, next);
  if (bias) weights.b_y = zeros(K);
  return weights;
}

/** Old entries where both have them: as many gates as before, each with its columns. */
function kept(fresh, old, gates) {
  if (!old || gates === 0) return fresh;
  const width = (M) => (Array.isArray(M[0]) ? M[0].length : M.length) / gates;
  const [now, before] = [width(fresh), width(old)];
  const line = (row, known) =>
    row.map((value, j) => {
      const [gate, unit] = [Math.floor(j / now), j % now];
      return unit < before ? known[gate * before + unit] : value;
    });
  if (!Array.isArray(fresh[0])) return line(fresh, old);
  return fresh.map((row, i) => (i < old.length ? line(row, old[i]) : row));
}

/** The model with other sizes or another cell: old numbers stay where they fit, new ones are drawn from a fixed seed. */
export function withSizes(model, { cell = model.net.cell, ...changed }) {
  const { net } = model;
  const sizes = { ...sizesOf(model), ...changed };
  const fresh = freshWeights(cell, sizes, "b" in net.weights || "b_y" in net.weights, 7);
  const gates = cell === net.cell ? gatesOf(cell).length : 0;
  const weights = Object.fromEntries(
    Object.entries(fresh).map(([name, value]) => {
      const own = name === "W_y" || name === "b_y" ? 1 : name === "b_hn" ? Math.min(gates, 1) : gates;
      return [name, kept(value, net.weights[name], own)];
    }),
  );
  const stretched = (rows) => rows.map((row) => Array.from({ length: sizes.H }, (_, j) => row[j] ?? 0));
  const h0 = stretched(model.data.h0);
  const c0 = cell === "lstm" ? stretched(model.data.c0 ?? h0.map(() => [])) : null;
  const trained = net.trained.filter((name) => name in weights);
  const added = Object.keys(weights).filter((name) => !(name in net.weights));
  return { ...model, net: { ...net, cell, weights, trained: [...trained, ...added] }, data: { ...model.data, h0, c0 } };
}

export const withCell = (model, cell) => (cell === model.net.cell ? model : withSizes(model, { cell }));
export const withHidden = (model, H) => withSizes(model, { H });
export const withActivation = (model, activation) => ({ ...model, net: { ...model.net, activation } });
export const withDepth = (model, depth) => ({ ...model, net: { ...model.net, depth } });

/** T steps: cut, or continued with the first steps again. */
export function withSteps(model, T) {
  const { net, data } = model;
  const around = (rows) => Array.from({ length: T }, (_, t) => rows[t % rows.length]);
  const y = net.readout === "every" ? around(data.y) : data.y;
  const depth = net.depth === null ? null : Math.min(net.depth, T);
  return { ...model, net: { ...net, depth }, data: { ...data, x: around(data.x), y } };
}

/** An output at every step, or one at the end. */
export function withReadout(model, readout) {
  const { net, data } = model;
  if (readout === net.readout) return model;
  const y = readout === "last" ? data.y.at(-1) : data.x.map(() => data.y);
  return { ...model, net: { ...net, readout }, data: { ...data, y } };
}

/** Another loss: the cross-entropies bring their own output activation, and targets that fit. */
export function withLoss(model, loss) {
  const K = sizesOf(model).K;
  const output = OUTPUTS[loss].includes(model.net.output) ? model.net.output : OUTPUTS[loss][0];
  const wide = loss === "categorical_cross_entropy" && K === 1 ? withSizes(model, { K: 2 }) : model;
  const fitting = {
    binary_cross_entropy: (y) => y.map((v) => Math.min(1, Math.max(0, v))),
    categorical_cross_entropy: (y) => (K === 1 ? oneHot(y[0] >= 0.5 ? 1 : 0, 2) : oneHot(y.indexOf(Math.max(...y)), K)),
  }[loss];
  const each = (f, y) => (Array.isArray(y[0]) ? y.map((part) => each(f, part)) : f(y));
  const y = fitting ? each(fitting, model.data.y) : model.data.y;
  return { ...wide, net: { ...wide.net, loss, output }, data: { ...wide.data, y } };
}
export const withOutput = (model, output) => ({ ...model, net: { ...model.net, output } });
export const oneHot = (index, size) => Array.from({ length: size }, (_, j) => (j === index ? 1 : 0));

// --- The model in an address ---

const toBase64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const fromBase64 = (code) => new TextDecoder().decode(Uint8Array.from(atob(code), (letter) => letter.charCodeAt(0)));

/** A model and what is shown of it, as text for an address. */
export function toAddress(model, shown) {
  const net = { ...model.net, slips: [...(model.net.slips ?? [])] };
  return toBase64(JSON.stringify({ ...model, net, shown }))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** The model of an address, or null if the text does not describe one. */
export function fromAddress(code) {
  try {
    const { shown, ...model } = JSON.parse(fromBase64(code.replaceAll("-", "+").replaceAll("_", "/")));
    const whole = { ...model, net: { ...model.net, slips: new Set(model.net.slips) } };
    return fits(whole) ? { model: whole, shown } : null;
  } catch {
    return null;
  }
}

const isShape = (value, [size, ...rest]) =>
  size === undefined
    ? Number.isFinite(value)
    : Array.isArray(value) && value.length === size && value.every((part) => isShape(part, rest));

/** Whether all sizes of a model fit together and all numbers are finite. */
export function fits(model) {
  const { net, data } = model;
  const { T, N, D, H, K } = sizesOf(model);
  const known = LOSSES[net.loss] && OUTPUTS[net.loss].includes(net.output) && ["every", "last"].includes(net.readout);
  const named = ["tanh", "sigmoid", "relu", "identity"].includes(net.activation);
  const slipped = [...net.slips].every((id) => SLIPS.some((slip) => slip.id === id));
  if (!known || !named || !slipped || !["rnn", "lstm", "gru"].includes(net.cell) || T > MOST.T) return false;
  const G = gatesOf(net.cell).length;
  const shapes = { W_x: [D, G * H], W_h: [H, G * H], b: [G * H], b_hn: [H], W_y: [H, K], b_y: [K] };
  return (
    Object.entries(net.weights).every(([name, value]) => shapes[name] && isShape(value, shapes[name])) &&
    isShape(data.x, [T, N, D]) &&
    isShape(data.y, net.readout === "every" ? [T, N, K] : [N, K]) &&
    isShape(data.h0, [N, H]) &&
    (net.cell !== "lstm" || isShape(data.c0, [N, H])) &&
    Number.isFinite(net.rate)
  );
}

// --- The model in the form of a trace, for the drawing and the tables ---

export function traceOf(model, title) {
  const { net } = model;
  const { T, N, D, H, K } = sizesOf(model);
  const names = net.cell === "lstm" ? ["h", "c"] : ["h"];
  const state = symbol(names[0], "t");
  const pair = { ml: `<mrow><mo>(</mo>${state.ml}<mo>,</mo>${symbol("c", "t").ml}<mo>)</mo></mrow>`, t: "(h_t, c_t)" };
  return {
    title,
    architecture: {
      cell: net.cell,
      activation: net.activation,
      output: net.output,
      hidden_size: H,
      num_layers: 1,
      bidirectional: false,
      input_size: D,
    },
    mode: net.readout === "every" ? "sequence-to-sequence" : "sequence-to-vector",
    steps: T,
    rows: N,
    outputs: K,
    words: model.words,
    row_names: model.rowNames,
    loss: { name: net.loss, reduction: net.reduction, count: countOf(net, T, N, K), equation: lossEquation(net, T, N) },
    bptt_depth: net.depth,
    learning_rate: net.rate,
    states: [
      {
        chain: "forward",
        symbol: names.length > 1 ? pair : state,
        parts: names.map((name, i) => ({ name, layer: 1, size: H, first: i * H })),
      },
    ],
    parameters: Object.entries(net.weights).map(([name, value]) => ({
      name: longName(name),
      symbol: symbol(name),
      shape: Array.isArray(value[0]) ? [value.length, value[0].length] : [value.length],
      trained: net.trained.includes(name),
    })),
  };
}

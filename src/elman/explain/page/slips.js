// The errors of printed calculations as switches: some change what the engine computes, others the update.

import { added, contribution, descend, forward, gradient, inOutput, paths, scaled } from "./engine.js";
import { dot, lessThanOne, minus, partial, plus, square, symbol } from "./writing.js";

const curved = ({ cell, activation }) => cell === "rnn" && activation !== "identity";
const recurrent = ({ cell }) => cell === "rnn";
const always = () => true;

const [W_x, W_h, W_y, h_t, h_before, x_before] = [
  symbol("W_x"),
  symbol("W_h"),
  symbol("W_y"),
  symbol("h", "t"),
  symbol("h", "t−1"),
  symbol("x", "t−1"),
];
const slope = (weight) => partial(symbol("L"), weight);
const sum = plus(dot(symbol("x", "t"), W_x), dot(h_before, W_h));

/** id, note, what is printed and what is right (words and formulas), and the networks to which it applies. */
export const SLIPS = [
  [
    "linear-backward",
    "D",
    ["the backward pass leaves out the slope of tanh"],
    [partial(h_t, symbol("a", "t")), " = ", lessThanOne(square(h_t))],
    curved,
  ],
  [
    "no-rate",
    "D",
    ["the update leaves out the learning rate: ", minus(W_x, slope(W_x))],
    [minus(W_x, dot(symbol("eta"), slope(W_x)))],
    always,
  ],
  [
    "signs",
    "D",
    ["the update has the signs ", W_x, " − (a) + (c) + (e)"],
    [W_x, " − ", symbol("eta"), " ((a) + (c) + (e))"],
    always,
  ],
  [
    "later-state",
    "D",
    [h_t, " stands in place of ", h_before, ": ", partial(h_t, W_h, true), " = ", h_t],
    [partial(h_t, W_h, true), " = ", h_before],
    recurrent,
  ],
  [
    "earlier-input",
    "D",
    [x_before, " stands in place of ", symbol("x", "t"), ": ", partial(h_t, W_x, true), " = ", x_before],
    [partial(h_t, W_x, true), " = ", symbol("x", "t")],
    recurrent,
  ],
  [
    "state-for-weight",
    "D",
    ["two and more steps back, a state stands in place of the last ", W_h, ": ", partial(h_t, h_before), " = ", h_t],
    [partial(h_t, h_before), " = ", W_h],
    ({ cell, weights }) => cell === "rnn" && weights.W_h.length === 1,
  ],
  [
    "factor-two",
    "D",
    ["the derivative of the square loses its factor 2"],
    [partial(symbol("L"), symbol("yhat")), " = 2 (", minus(symbol("yhat"), symbol("y")), ") / n"],
    ({ loss, output }) => loss === "mean_squared_error" && output !== "softmax",
  ],
  [
    "newest-first",
    "B",
    ["the values before a target are read from the newest to the oldest"],
    ["the oldest first"],
    always,
  ],
  ["doubled", "A", [slope(W_x), " is counted twice"], [slope(W_x), " once"], always],
  ["one-step", "A", [h_before, " is held constant: one step back"], ["all paths back to step 1"], always],
  [
    "early-output",
    "A",
    [W_y, " is updated before ", slope(W_x), " is computed"],
    ["all gradients before any update"],
    always,
  ],
  [
    "bias-outside",
    "E",
    ["the bias stands outside of f: ", h_t, " = f(", sum, ") + ", symbol("b")],
    [h_t, " = f(", plus(sum, symbol("b")), ")"],
    ({ cell, weights }) => cell === "rnn" && Boolean(weights.b),
  ],
].map(([id, note, printed, right, applies]) => ({ id, note, printed, right, applies }));

const has = (net, id) => Boolean(net.slips?.has(id));

/** The slips that are switched on and act on the update of a parameter, or on what one use adds to its gradient. */
export const ofUpdate = (net, name) => on(net, inOutput(name) ? ["no-rate"] : [...OF_UPDATE, ...OF_PARAMETER[name]]);
export const ofUse = (net, name) => on(net, USES[name] ?? []);
export const ofPath = (net, name) => on(net, ["factor-two", ...(inOutput(name) ? [] : [...OF_STEPS, ...(USES[name] ?? [])])]);
const on = (net, ids) => ids.filter((id) => has(net, id));
const OF_STEPS = ["linear-backward", "one-step"];
const OF_UPDATE = ["no-rate", "signs", "state-for-weight", "early-output"];
const OF_PARAMETER = { W_x: ["doubled"], W_h: [], b: [], b_hn: [] };
const USES = { W_x: ["earlier-input"], W_h: ["later-state"] };

/** The model with one slip more or less. */
export function switched(model, id, on) {
  if (has(model.net, id) === on) return model;
  const slips = new Set(model.net.slips);
  if (on) slips.add(id);
  else slips.delete(id);
  const depth = id === "one-step" ? (on ? 1 : null) : model.net.depth;
  const x = id === "newest-first" ? [...model.data.x].reverse() : model.data.x;
  return { ...model, net: { ...model.net, slips, depth }, data: { ...model.data, x } };
}

/** The model without slips. */
export const without = (model) => [...(model.net.slips ?? [])].reduce((one, id) => switched(one, id, false), model);

/** The factor that slips put before the path of one example: a sign, and h_(k+1) in place of the last W_h. */
function slipFactor({ net, steps }, { t, k }, n) {
  const sign = has(net, "signs") && t > k ? -1 : 1;
  const state = has(net, "state-for-weight") && t > k + 1 ? steps[n][k + 1].h[0] / net.weights.W_h[0][0] : 1;
  return sign * state;
}

/** The recurrent gradients as sums of paths with these factors. */
function pathByPath(run, slopes) {
  const all = paths(run).filter(({ kept }) => kept);
  const part = (name, path, n) => scaled(contribution(run, path, name, n), slipFactor(run, path, n));
  const total = (name) => all.flatMap((path) => run.steps.map((_, n) => part(name, path, n))).reduce(added);
  return Object.fromEntries(
    Object.entries(slopes).map(([name, value]) => [name, inOutput(name) ? value : total(name)]),
  );
}

/** The recurrent gradients, computed with an output layer that is updated already. */
function afterOutput(run, slopes) {
  const { net } = run;
  const outputs = { ...net, trained: net.trained.filter(inOutput) };
  const later = gradient({ ...run, net: { ...net, weights: descend(outputs, slopes).weights } });
  return Object.fromEntries(
    Object.entries(slopes).map(([name, value]) => [name, inOutput(name) ? value : later[name]]),
  );
}

/** The gradients that an update subtracts, with the slips that are switched on. */
export function subtracted(run, slopes) {
  const { net } = run;
  let used = slopes;
  if (has(net, "early-output")) used = afterOutput(run, used);
  if (has(net, "signs") || has(net, "state-for-weight")) used = pathByPath(run, used);
  if (has(net, "doubled") && used.W_x) used = { ...used, W_x: scaled(used.W_x, 2) };
  return used;
}

/** One update of gradient descent, with the slips that are switched on. */
export const step = (run, slopes) =>
  descend(run.net, subtracted(run, slopes), has(run.net, "no-rate") ? 1 : run.net.rate);

/** The loss before and after one update. */
export function effect({ net, data }) {
  const run = forward(net, data);
  return [run.loss, forward(step(run, gradient(run)), data).loss];
}

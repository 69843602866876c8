// The errors of printed calculations as switches: some change what the engine computes, others the update.

import { added, contribution, descend, forward, gradient, inOutput, paths, scaled } from "./engine.js";
import { dot, lessThanOne, minus, partial, plus, square, symbol } from "./writing.js";

const curved = ({ cell, activation }) => cell === "rnn" && activation !== "identity";
const recurrent = ({ cell }) => cell === "rnn";
const always = () => true;

const [W_x, W_h, W_y, h_t, h_before] = [
  symbol("W_x"),
  symbol("W_h"),
  symbol("W_y"),
  symbol("h", "t"),
  symbol("h", "t−1"),
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
    "factor-two",
    "D",
    ["the derivative of the square loses its factor 2"],
    [partial(symbol("L"), symbol("yhat")), " = 2 (", minus(symbol("yhat"), symbol("y")), ") / n"],
    ({ loss, output }) => loss === "mean_squared_error" && output !== "softmax",
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
const OF_UPDATE = ["no-rate", "signs", "doubled", "early-output"];
export const inUpdate = (net) => OF_UPDATE.some((id) => has(net, id));

/** The model with one slip more or less. */
export function switched(model, id, on) {
  const slips = new Set(model.net.slips);
  if (on) slips.add(id);
  else slips.delete(id);
  const depth = id === "one-step" ? (on ? 1 : null) : model.net.depth;
  return { ...model, net: { ...model.net, slips, depth } };
}

/** The paths of one step with their sign, those of more steps with the opposite one. */
function wrongSigns(run, slopes) {
  const all = paths(run).filter(({ kept }) => kept);
  const turned = (name) =>
    all.map((path) => scaled(contribution(run, path, name), path.t === path.k ? 1 : -1)).reduce(added);
  return Object.fromEntries(
    Object.entries(slopes).map(([name, value]) => [name, inOutput(name) ? value : turned(name)]),
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

/** One update of gradient descent, with the slips that are switched on. */
export function step(run, slopes) {
  const { net } = run;
  let used = slopes;
  if (has(net, "early-output")) used = afterOutput(run, used);
  if (has(net, "signs")) used = wrongSigns(run, used);
  if (has(net, "doubled") && used.W_x) used = { ...used, W_x: scaled(used.W_x, 2) };
  return descend(net, used, has(net, "no-rate") ? 1 : net.rate);
}

/** The loss before and after one update. */
export function effect({ net, data }) {
  const run = forward(net, data);
  return [run.loss, forward(step(run, gradient(run)), data).loss];
}

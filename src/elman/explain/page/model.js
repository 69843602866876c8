// The network of a trace for the engine, and the comparison of the page's arithmetic with the recorded numbers.

import { forward, gradient } from "./engine.js";
import { step } from "./slips.js";
import { longName, shortName } from "./forward_nodes.js";
import { largest, Worked } from "./worked.js";

/** Whether a trace came without formulas: then this page computes it (see computable in compact.py). */
export const computable = (trace) => trace.loss.equation === undefined;

const oneHot = (index, size) => Array.from({ length: size }, (_, j) => (j === index ? 1 : 0));
const depthOf = (value) => (Array.isArray(value) ? 1 + depthOf(value[0]) : 0);
const deepMap = (value, f) => (Array.isArray(value) ? value.map((part) => deepMap(part, f)) : f(value));

/** The network and the data of a trace's epoch 0. */
export function modelOf(trace) {
  const a = trace.architecture;
  const initial = (name) =>
    trace.epochs[0].detail.forward.find(({ id }) => id === `forward/${name}/1/0`)?.value ?? null;
  const known = Object.entries(trace.epochs[0].parameters).map(([name, value]) => [shortName(name), value]);
  const classes = depthOf(trace.y) < (a.readout === "every" ? 3 : 2);
  const net = {
    cell: a.cell,
    activation: a.activation,
    output: a.output,
    loss: trace.loss.name,
    reduction: trace.loss.reduction,
    readout: a.readout,
    depth: trace.bptt_depth,
    rate: trace.learning_rate ?? 0.1,
    weights: Object.fromEntries(known),
    trained: trace.parameters.filter(({ trained }) => trained).map(({ name }) => shortName(name)),
  };
  const data = {
    x: a.vocabulary_size === null ? trace.x : deepMap(trace.x, (index) => oneHot(index, a.vocabulary_size)),
    y: classes ? deepMap(trace.y, (index) => oneHot(index, a.output_size)) : trace.y,
    h0: initial("h"),
    c0: initial("c"),
  };
  return { net, data };
}

/** Epochs of gradient descent, computed when they are asked for: each has its network, run, gradient and loss. */
export class Epochs {
  constructor({ net, data }) {
    this.data = data;
    this.list = [{ net }];
  }
  at(index) {
    while (this.list.length <= index) {
      const last = this.at(this.list.length - 1);
      this.list.push({ net: step(last.run, this.gradient(this.list.length - 1)) });
    }
    const epoch = this.list[index];
    epoch.run ??= forward(epoch.net, this.data);
    return epoch;
  }
  gradient(index) {
    const epoch = this.at(index);
    epoch.gradient ??= gradient(epoch.run);
    return epoch.gradient;
  }
  loss(index) {
    return this.at(index).run.loss;
  }
  /** Every number of one epoch; kept until another epoch is asked for. */
  worked(index) {
    if (this.shown?.index !== index) this.shown = { index, detail: new Worked(this.at(index).run, this.data) };
    return this.shown.detail;
  }
}

/** A trace with its numbers as lists: in the page, an array is { f64: "1x4 …" }, its shape and float64 in base64. */
export function unpacked(value) {
  if (Array.isArray(value)) return value.map(unpacked);
  if (value === null || typeof value !== "object") return value;
  if (value.f64 === undefined)
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, unpacked(part)]));
  const [shape, code] = value.f64.split(" ");
  const bytes = Uint8Array.from(atob(code), (letter) => letter.charCodeAt(0));
  return shaped([...new Float64Array(bytes.buffer)], shape.split("x").map(Number));
}

function shaped(numbers, [, ...rest]) {
  if (rest.length === 0) return numbers;
  const size = rest.reduce((product, n) => product * n);
  return Array.from({ length: numbers.length / size }, (_, i) =>
    shaped(numbers.slice(i * size, (i + 1) * size), rest),
  );
}

const flat = (value) => [value].flat(Infinity);

/** The largest difference between two arrays, relative to a size: the largest number of the second, if not given. */
export function gap(own, known, size = largest(known)) {
  const [a, b] = [flat(own), flat(known)];
  if (own === null || a.length !== b.length) return Infinity;
  const difference = a.reduce((most, v, i) => Math.max(most, Number.isNaN(v) ? Infinity : Math.abs(v - b[i])), 0);
  return difference === 0 ? 0 : difference / (size || 1);
}

/** What is compared, the largest difference, and how many numbers there are. */
const compared = (what, own, known, size) => [what, gap(own, known, size), flat(known).length];

/** The model with the weights of a recorded epoch. */
const withRecorded = (net, { parameters }) => ({
  ...net,
  weights: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [shortName(name), value])),
});

/**
 * Yield [what, gap, count] for every recorded array of a trace that engine.js computes too. Every epoch is computed from
 * its recorded weights, and they from those of the epoch before: an update may enlarge the rounding errors of all before.
 */
export function* comparisons(trace) {
  const { net: first, data } = modelOf(trace);
  let next = null;
  for (const [index, known] of trace.epochs.entries()) {
    if (!known.parameters) {
      next = null;
      continue;
    }
    const at = `epoch ${index}`;
    if (next)
      for (const [name, value] of Object.entries(known.parameters))
        yield compared(`${at} ${name}`, next.weights[shortName(name)], value);
    const run = forward(withRecorded(first, known), data);
    const slopes = gradient(run);
    next = step(run, slopes);
    yield compared(`${at} loss`, run.loss, known.loss);
    yield compared(`${at} predictions`, predictions(run), known.predictions);
    const steepest = largest(Object.values(known.gradient)); // of all parameters: where training ends, terms cancel
    for (const [name, value] of Object.entries(known.gradient))
      yield compared(`${at} ∂L/∂${name}`, slopes[shortName(name)], value, steepest);
    if (known.detail)
      for (const [what, ...found] of detailComparisons(new Worked(run, data), known.detail))
        yield [`${at} ${what}`, ...found];
  }
}

/** The first epoch at which the page's own training is further from the recorded weights than a limit, or null. */
export function departure(trace, limit = 1e-9) {
  const own = new Epochs(modelOf(trace));
  const apart = ({ parameters }, index) =>
    Object.entries(parameters ?? {}).some(
      ([name, value]) => !(gap(own.at(index).net.weights[shortName(name)], value) <= limit),
    );
  const index = trace.epochs.findIndex(apart);
  return index < 0 ? null : index;
}

const predictions = (run) =>
  run.net.readout === "every"
    ? run.reads.map((t) => run.outputs.map((out) => out[t].yhat))
    : run.outputs.map((out) => out[run.T].yhat);

/** The largest number among the values of the same name at all steps, by name. */
function sizesOfNames(entries) {
  const sizes = {};
  for (const [id, { value }] of entries) sizes[nameIn(id)] = Math.max(sizes[nameIn(id)] ?? 0, largest(value));
  return sizes;
}
const nameIn = (id) => id.replace(/\d+/g, "");
const normsOf = ({ running }) => running.map(({ norm }) => norm);

function* detailComparisons(own, known) {
  for (const view of ["forward", "backward", "updates"]) {
    const sizes = sizesOfNames(known[view].map((node) => [node.id, node]));
    for (const [i, { id, value }] of known[view].entries())
      yield compared(id, own[view][i]?.id === id ? own[view][i].value : null, value, sizes[nameIn(id)]);
  }
  for (const [i, chain] of known.chains.entries()) {
    yield compared(`path ${chain.id}`, own.chains[i].adjoint, chain.adjoint);
    if (chain.running.length > 0) yield compared(`norms ${chain.id}`, normsOf(own.chains[i]), normsOf(chain));
  }
  const sizes = sizesOfNames(Object.entries(known.factors));
  for (const [id, { value }] of Object.entries(known.factors))
    yield compared(id, own.factor(id).value, value, sizes[nameIn(id)]);
  for (const [i, gradient_] of known.gradients.entries()) {
    const mine = own.gradients[i];
    for (const [j, { contribution }] of gradient_.paths.entries()) {
      const { t, k, contribution: value } = mine.paths[j];
      yield compared(`${longName(mine.name)} ${t} ${k}`, value, contribution);
    }
    const longest = largest(mine.paths.map(({ contribution }) => contribution)); // the terms of the sums
    for (const key of ["sum", "all_paths", "backpropagation"])
      yield compared(`${mine.parameter} ${key}`, mine[key], gradient_[key], longest);
  }
}

/** The largest of all differences, the place where it is, and how many numbers are compared. */
export function largestGap(trace) {
  let [found, count] = [{ where: "", size: 0 }, 0];
  for (const [where, size, numbers] of comparisons(trace)) {
    count += numbers;
    if (!(size <= found.size)) found = { where, size };
  }
  return { ...found, count };
}

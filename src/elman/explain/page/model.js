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

const flat = (value) => [value].flat(Infinity);

/** The largest difference between two arrays, relative to a size: the largest number of the second, if not given. */
export function gap(own, known, size = largest(known)) {
  const [a, b] = [flat(own), flat(known)];
  if (a.length !== b.length) return Infinity;
  const difference = a.reduce((most, v, i) => Math.max(most, Number.isNaN(v) ? Infinity : Math.abs(v - b[i])), 0);
  return difference === 0 ? 0 : difference / (size || 1);
}

/** Yield [what, gap] for every array of a trace that engine.js computes too. */
export function* comparisons(trace, epochs = new Epochs(modelOf(trace))) {
  for (const [index, known] of trace.epochs.entries()) {
    const { net, run } = epochs.at(index);
    yield [`epoch ${index} loss`, gap(run.loss, known.loss)];
    yield [`epoch ${index} predictions`, gap(predictions(run), known.predictions)];
    for (const [name, value] of Object.entries(known.parameters))
      yield [`epoch ${index} ${name}`, gap(net.weights[shortName(name)], value)];
    const slopes = epochs.gradient(index);
    const steepest = largest(Object.values(known.gradient)); // of all parameters: where training ends, terms cancel
    for (const [name, value] of Object.entries(known.gradient))
      yield [`epoch ${index} ∂L/∂${name}`, gap(slopes[shortName(name)], value, steepest)];
    if (known.detail)
      for (const [what, size] of detailComparisons(epochs.worked(index), known.detail))
        yield [`epoch ${index} ${what}`, size];
  }
}

const predictions = (run) =>
  run.net.readout === "every"
    ? run.reads.map((t) => run.outputs.map((out) => out[t].yhat))
    : run.outputs.map((out) => out[run.T].yhat);

function* detailComparisons(own, known) {
  for (const view of ["forward", "backward", "updates"])
    for (const [i, node] of known[view].entries())
      yield [node.id, own[view][i]?.id === node.id ? gap(own[view][i].value, node.value) : Infinity];
  for (const [i, chain] of known.chains.entries()) {
    yield [`path ${chain.id}`, gap(own.chains[i].adjoint, chain.adjoint)];
    yield [
      `norms ${chain.id}`,
      gap(
        own.chains[i].running.map((step) => step.norm),
        chain.running.map((step) => step.norm),
      ),
    ];
  }
  for (const [id, { value }] of Object.entries(known.factors)) yield [id, gap(own.factor(id).value, value)];
  for (const [i, gradient_] of known.gradients.entries()) {
    const mine = own.gradients[i];
    for (const [j, path] of gradient_.paths.entries())
      yield [`${longName(mine.name)} ${path.t} ${path.k}`, gap(mine.paths[j].contribution, path.contribution)];
    const longest = largest(gradient_.paths.map(({ contribution }) => contribution)); // the terms of the sums
    for (const key of ["sum", "all_paths", "backpropagation"])
      yield [`${mine.parameter} ${key}`, gap(mine[key], gradient_[key], longest)];
  }
}

/** The largest of all differences, and the place where it is. */
export function largestGap(trace) {
  let found = { where: "", size: 0 };
  for (const [where, size] of comparisons(trace)) if (!(size <= found.size)) found = { where, size };
  return found;
}

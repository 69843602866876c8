// Every number of one epoch as nodes, factors and paths, in the form of a recorded trace's detail (docs/trace-schema.md).
// The numbers come from engine.js. Equations are written when they are shown, for one example or for all of them.

import {
  added,
  contribution,
  differences,
  direct,
  gradient,
  inOutput,
  norm,
  ofOutput,
  ofStep,
  paths,
  scaled,
  stepBack,
  zeros,
} from "./engine.js";
import { dot, minus, of, partial, printed, product, slipped, summed, symbol } from "./writing.js";
import { constant, ForwardNodes, longName, MOST_TERMS, Node, outputSum, shortName } from "./forward_nodes.js";
import { ofUpdate, step, subtracted } from "./slips.js";
import { Adjoints, BackwardNodes, jacobianOf } from "./backward_nodes.js";

// --- Detail: nodes, factors, paths and sums of one epoch ---

const LIMIT = 1e-9; // of the checks, relative to the largest number of the gradient
const OF_LOSS = 1e-3; // differences of losses have rounding errors of the size of the loss
const SMALLEST = 1e-4; // but not to less: the gradient of a trained network may be as small as rounding errors
export const largest = (value) => [value].flat(Infinity).reduce((most, v) => Math.max(most, Math.abs(v)), 0);

export class Worked {
  constructor(run, data) {
    Object.assign(this, { run, net: run.net, data, live: true });
    this.paths = run.net.depth === null ? null : paths(run);
    const forward = new ForwardNodes(run);
    this.forwardNodes = forward;
    this.forward = forward.nodes;
    this.cache = new Map();
    this.names = Object.keys(run.net.weights).filter((name) => run.net.trained.includes(name));
  }

  once(key, compute) {
    if (!this.cache.has(key)) this.cache.set(key, compute());
    return this.cache.get(key);
  }

  get allPaths() {
    this.paths ??= paths(this.run);
    return this.paths;
  }
  get backward() {
    return this.once("backward", () => new BackwardNodes(this.forwardNodes, new Adjoints(this.run, this.paths)).nodes);
  }
  get slopes() {
    return this.once("slopes", () => gradient(this.run));
  }
  get everySlope() {
    return this.net.depth === null ? this.slopes : this.once("every", () => gradient(this.run, true));
  }
  /** Whether the finite differences of a parameter are computed: they take longer than an edit should. */
  knowsDifferences(name) {
    return this.cache.has(`differences/${name}`);
  }
  differences(name) {
    return this.once(`differences/${name}`, () => differences(this.net, this.data, name));
  }
  sumOfPaths(name, dropped) {
    const { run } = this;
    if (inOutput(name)) return run.reads.map((t) => direct(run, t, name)).reduce(added);
    const kept = this.allPaths.filter((path) => dropped || path.kept);
    return kept.map((path) => contribution(run, path, name)).reduce(added);
  }

  /** One entry per trained parameter; its paths are computed when they are looked at. */
  get gradients() {
    return this.once("gradients", () => this.names.map((name) => new Gradient(this, name)));
  }

  get chains() {
    return this.once("chains", () => this.allPaths.map((path) => this.chain(path)));
  }
  chain(path) {
    const steps = this.allPaths.filter(({ t, k }) => t === path.t && k >= path.k);
    return {
      id: `forward:${path.t}:${path.k}`,
      factors: [
        `dL/dy:${path.t}`,
        `dy/ds:forward:${path.t}`,
        ...steps.slice(0, -1).map(({ k }) => `ds/ds:forward:${k}`),
      ],
      running: steps.map(({ k, adjoints }) => ({
        step: k,
        norm: norm(adjoints.map(stateOf)),
        rows: adjoints.map((one) => norm(stateOf(one))),
      })),
      adjoint: path.adjoints.map(stateOf),
    };
  }

  /** A factor of the chain rule by its id: symbol and value, one entry per example. */
  factor(id) {
    return this.once(id, () => {
      const [kind, , step, name] = id.split(":");
      if (kind === "dL/dy" || kind === "dy/do") return this.ofOutput(kind, Number(id.split(":")[1]));
      const t = Number(step);
      if (kind === "dy/ds")
        return new Factor(partial(symbol("yhat", t), this.state(t)), () =>
          this.run.outputs.map((out) => this.outputByState(out[t])),
        );
      const units = () => this.run.steps.map((row) => this.units(row[t]));
      if (kind === "ds/ds")
        return new Factor(partial(this.state(t), this.state(t - 1)), () => units().map((all) => all.map(stateOf)));
      const short = shortName(name);
      return new Factor(partial(this.state(t), symbol(short), true), () =>
        units().map((all, n) => all.map((one) => ofStep(this.net, short, this.run.steps[n][t], one))),
      );
    });
  }
  ofOutput(kind, t) {
    const { net, run } = this;
    if (kind === "dL/dy")
      return { symbol: partial(symbol("L", t), symbol("yhat", t)), value: run.outputs.map((out) => out[t].dyhat) };
    const value = run.outputs.map((out) => jacobianOf(net.output, out[t].yhat));
    return { symbol: partial(symbol("yhat", t), outputSum(net, t)), value };
  }
  outputByState({ yhat, h }) {
    const { W_y } = this.net.weights;
    const nothing_ = this.net.cell === "lstm" ? zeros(h.length) : [];
    return jacobianOf(this.net.output, yhat).map((row) => [
      ...W_y.map((line) => line.reduce((total, w, j) => total + w * row[j], 0)),
      ...nothing_,
    ]);
  }
  /** One step back for every unit vector of the state. */
  units(step) {
    const H = step.h.length;
    const unit = (j) => zeros(H).map((_, i) => (i === j ? 1 : 0));
    const nothing_ = this.net.cell === "lstm" ? zeros(H) : undefined;
    const ofH = step.h.map((_, j) => stepBack(this.net, step, unit(j), nothing_));
    return nothing_ ? [...ofH, ...step.h.map((_, j) => stepBack(this.net, step, zeros(H), unit(j)))] : ofH;
  }
  state(t) {
    return symbol(this.net.cell === "lstm" ? "s" : "h", t);
  }

  /** The sums of all paths compared with two other ways to the gradient. */
  get checks() {
    return this.once("checks", () => {
      const sums = this.gradients.map((one) => one.all_paths);
      const size = Math.max(SMALLEST, OF_LOSS * Math.abs(this.run.loss), largest(sums));
      const compare = (name, others) => {
        const difference = Math.max(0, ...sums.map((sum, i) => largest(added(sum, scaled(others[i], -1))))) / size;
        return { name: `sum of all paths = ${name}`, difference, limit: LIMIT, passed: difference <= LIMIT };
      };
      return [
        compare(
          "one pass back through time",
          this.gradients.map((one) => one.backpropagation),
        ),
        compare(
          "finite differences",
          this.gradients.map((one) => one.finite_differences),
        ),
      ];
    });
  }

  /** θ ← θ − η ∂L/∂θ as nodes. */
  get updates() {
    const [next, used] = [step(this.run, this.slopes).weights, subtracted(this.run, this.slopes)];
    const withoutRate = this.net.slips?.has("no-rate");
    const eta = withoutRate ? [] : [constant("learning_rate", symbol("eta"), [[this.net.rate]])];
    const rule = withoutRate ? minus : (theta, rate, slope) => minus(theta, dot(rate, slope));
    return this.names.map((name) => {
      const theta = symbol(name);
      const slope = partial(symbol("L"), theta);
      const wrong = largest(added(used[name], scaled(this.slopes[name], -1))) > 0;
      const operands = [
        constant(longName(name), theta, this.net.weights[name]),
        ...eta,
        constant(`gradient/${longName(name)}`, wrong ? slipped(slope) : slope, used[name]),
      ];
      return new Node({
        id: `update/${longName(name)}`,
        kind: "update",
        name: longName(name),
        sign: theta,
        value: next[name],
        rule,
        operands,
        slips: ofUpdate(this.net, name),
      });
    });
  }
}

/** A factor of the chain rule; its value is computed when it is looked at. */
class Factor {
  constructor(symbol_, compute) {
    this.symbol = symbol_;
    this.compute = compute;
  }
  get value() {
    return (this.computed ??= this.compute());
  }
}

const stateOf = ({ dh, dc }) => (dc ? [...dh, ...dc] : dh);

/** The gradient of one parameter as the sum of its paths. */
class Gradient {
  constructor(worked, name) {
    Object.assign(this, { worked, name, parameter: longName(name), symbol: partial(symbol("L"), symbol(name)) });
  }
  get sum() {
    return this.worked.slopes[this.name];
  }
  get all_paths() {
    return this.worked.once(`every/${this.name}`, () => this.worked.sumOfPaths(this.name, true));
  }
  get backpropagation() {
    return this.worked.everySlope[this.name];
  }
  get finite_differences() {
    return this.worked.differences(this.name);
  }
  get paths() {
    const { worked, name } = this;
    return worked.once(`paths/${name}`, () =>
      inOutput(name)
        ? worked.run.reads.map((t) => new DirectPath(worked, name, t))
        : worked.allPaths.map((path) => new Path(worked, name, path)),
    );
  }
  /** The uses of a shared weight: its sum over steps k, one entry per step. */
  uses(n = null) {
    const steps = new Map();
    for (const path of this.paths.filter(({ kept }) => kept)) {
      const step = path.k ?? path.t;
      const value = n === null ? path.contribution : path.ofRow(n);
      steps.set(step, steps.has(step) ? added(steps.get(step), value) : value);
    }
    return [...steps].sort(([a], [b]) => a - b).map(([step, value]) => ({ step, value }));
  }
}

class DirectPath {
  constructor(worked, name, t) {
    Object.assign(this, { worked, name, t, k: null, chain: null, chain_id: null, kept: true, immediate: null });
    this.contribution = direct(worked.run, t, name);
    this.norm = norm(this.contribution);
  }
  get equation() {
    return product(
      partial(symbol("L", this.t), symbol("yhat", this.t)),
      partial(symbol("yhat", this.t), symbol(this.name)),
    );
  }
  numbers() {
    return null;
  }
  ofRow(n) {
    return ofOutput(this.name, this.worked.run.outputs[n][this.t]);
  }
}

class Path {
  constructor(worked, name, path) {
    Object.assign(this, { worked, name, path, t: path.t, k: path.k, kept: path.kept, chain: "forward" });
    this.chain_id = `forward:${path.t}:${path.k}`;
    this.immediate = `ds/dθ:forward:${path.k}:${longName(name)}`;
    this.contribution = contribution(worked.run, path, name);
    this.norm = norm(this.contribution);
  }
  get factors() {
    return [...this.worked.chain(this.path).factors, this.immediate];
  }
  get equation() {
    return product(...this.factors.map((id) => of(id, this.worked.factor(id).symbol)));
  }
  ofRow(n) {
    if (this.worked.run.steps.length === 1) return this.contribution;
    return contribution(this.worked.run, this.path, this.name, n);
  }
  /** The factors with numbers for one example; for all examples, a sum if every factor is one number. */
  numbers(row = null) {
    const rows = row === null ? this.worked.run.steps.map((_, n) => n) : [row];
    const products = rows.map((n) => this.written(n));
    const single = products.every((one) => one?.scalar);
    if (products.some((one) => one === null) || rows.length > MOST_TERMS || (rows.length > 1 && !single)) return null;
    return summed(products.map((one) => one.formula));
  }
  written(n) {
    const ids = this.factors;
    if (ids.length - 1 > MOST_TERMS) return null;
    const S = this.worked.net.cell === "lstm" ? 2 : 1;
    const values = ids.map((id) => this.worked.factor(id).value[n]);
    const last = values.at(-1).map((part) => [part].flat(Infinity));
    if (last.some((part) => part.length > 1)) return null; // the immediate derivative has too many axes
    values[0] = [values[0]];
    values[values.length - 1] = last;
    const pieces = values.map(printed);
    if (pieces.some((piece) => piece === null)) return null;
    return {
      formula: product(...pieces.map((piece, i) => of(ids[i], piece))),
      scalar: values.every((value) => value.length === 1 && value[0].length === 1) && S === 1,
    };
  }
}

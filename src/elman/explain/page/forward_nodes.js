// The forward pass as nodes: every number or matrix with its equation.

import { added, countOf, gatesOf, inOutput } from "./engine.js";
import {
  apply,
  dot,
  lessThanOne,
  minus,
  negative,
  numbers,
  of,
  over,
  plus,
  printed,
  scaledBy,
  scaledSum,
  square,
  summed,
  symbol,
  times,
} from "./writing.js";

/** Names of parameters: in the engine, and in documents. */
export const longName = (name) => (inOutput(name) ? `output.${name}` : `layers.0.${name}`);
export const shortName = (name) => name.split(".").at(-1);

/** The letter of a parameter, or of its columns for one gate. */
export function columnLetter(name, gate) {
  if (gate === "") return name;
  if (name === "b") return gate === "n" ? "b_xn" : `b_${gate}`;
  return name + gate;
}

export const at = (chain, name, t) => (chain === null ? `output/${name}/${t}` : `${chain}/${name}/1/${t}`);
export const columnsOf = (M, gate, gates) => {
  const width = (Array.isArray(M[0]) ? M[0].length : M.length) / gates.length;
  const first = gates.indexOf(gate) * width;
  return Array.isArray(M[0]) ? M.map((row) => row.slice(first, first + width)) : M.slice(first, first + width);
};

/** The letter of the output before its activation; o is the output gate of an LSTM. */
export const outputSum = ({ cell }, t, before = "") => symbol(before + (cell === "lstm" ? "a_y" : "o"), t);

/**
 * One number or matrix: rows are examples, unless it is a loss. Equations are functions of the example, null for all;
 * slips names the printed errors that they follow.
 */
export class Node {
  constructor({
    id,
    kind,
    name,
    chain = null,
    t = null,
    layer = null,
    sign,
    value,
    rule = null,
    operands = [],
    inputs = null,
    rows = null,
    slips = [],
  }) {
    Object.assign(this, { id, kind, name, chain, t, layer, value, rule, operands, rows, slips });
    this.symbol = sign;
    this.inputs = inputs ?? operands.map((operand) => operand.id);
  }
  get equation() {
    return this.rule && this.rule(...this.operands.map(({ id, sign }) => of(id, sign)));
  }
  /** The equation with numbers, for one example or all. */
  numbers(row = null) {
    if (!this.rule) return null;
    const pieces = this.operands.map((operand) => printed(valueOf(operand, row)));
    if (pieces.some((piece) => piece === null)) return null;
    return this.rule(...pieces.map((piece, i) => of(this.operands[i].id, piece)));
  }
  result(row = null) {
    return printed(valueOf(this, row));
  }
}

/** The value of an operand for one example; parameters and constants have no examples. */
const valueOf = ({ value, rows, fixed }, row) =>
  row === null || fixed ? value : rows ? rows[row] : Array.isArray(value) ? value[row] : value;

export const operandOf = (node) => ({ id: node.id, sign: node.symbol, value: node.value, rows: node.rows });
export const constant = (id, sign, value) => ({ id, sign, value, fixed: true });

export const asItIs = (d) => d;
export const SLOPES = { tanh: (h) => lessThanOne(square(h)), sigmoid: (h) => times(h, lessThanOne(h)) };
export const LOSS_TERMS = {
  half_squared_error: [(p, y) => square(minus(p, y)), (p, y) => minus(p, y), { half: true }],
  mean_squared_error: [(p, y) => square(minus(p, y)), (p, y) => dot(numbers(2), minus(p, y)), {}],
  binary_cross_entropy: [
    (p, y) => plus(dot(y, apply("ln", p)), dot(lessThanOne(y), apply("ln", lessThanOne(p)))),
    (p, y) => over(minus(p, y), times(p, lessThanOne(p))),
    { negated: true },
  ],
  categorical_cross_entropy: [(p, y) => dot(y, apply("ln", p)), (p, y) => negative(over(y, p)), { negated: true }],
};
export const MOST_TERMS = 12;

/** The whole loss in symbols. */
export function lossEquation(net, T, N) {
  const [term, , scale] = LOSS_TERMS[net.loss];
  return scaledSum(term(symbol("yhat"), symbol("y")), countOf(net, T, N, net.weights.W_y[0].length), scale);
}

// --- Forward pass ---

export class ForwardNodes {
  constructor(run) {
    Object.assign(this, { run, net: run.net, nodes: [], byId: new Map(), gates: gatesOf(run.net.cell) });
    this.weights = new Map();
    for (let t = 1; t <= run.T; t += 1)
      this.put({
        id: `forward/x/${t}`,
        kind: "input",
        name: "x",
        chain: "forward",
        t,
        value: this.values(t, "x"),
        sign: symbol("x", t),
      });
    for (const name of this.net.cell === "lstm" ? ["h", "c"] : ["h"])
      this.put({
        id: at("forward", name, 0),
        kind: "initial",
        name,
        chain: "forward",
        t: 0,
        layer: 1,
        value: this.values(0, name),
        sign: symbol(name, 0),
      });
    for (let t = 1; t <= run.T; t += 1) this[this.net.cell](t);
    for (const t of run.reads) this.output(t);
    if (run.reads.length > 1) this.total();
  }

  values(t, name) {
    return this.run.steps.map((row) => row[t][name]);
  }

  put(parts) {
    const node = new Node(parts);
    this.nodes.push(node);
    this.byId.set(node.id, node);
    return operandOf(node);
  }

  step(t, kind, name, rule, operands, slips = []) {
    return this.put({
      slips,
      id: at("forward", name, t),
      kind,
      name,
      chain: "forward",
      t,
      layer: 1,
      value: this.values(t, name),
      sign: symbol(name, t),
      rule,
      operands,
    });
  }

  operand(id) {
    return operandOf(this.byId.get(id));
  }

  /** A parameter, or its columns for one gate; null for a missing bias. */
  weight(name, gate = "") {
    const value = this.net.weights[name];
    if (!value) return null;
    const letter = columnLetter(name, gate);
    if (!this.weights.has(letter)) {
      const columns = gate === "" ? value : columnsOf(value, gate, this.gates);
      this.weights.set(letter, constant(longName(name), symbol(letter), columns));
    }
    return this.weights.get(letter);
  }

  affine(t, gate = "") {
    const [x, h] = [this.operand(`forward/x/${t}`), this.operand(at("forward", "h", t - 1))];
    const bias = this.biasOutside ? null : this.weight("b", gate);
    const operands = [x, this.weight("W_x", gate), h, this.weight("W_h", gate), ...(bias ? [bias] : [])];
    const rule = (x_t, W_x, h_t, W_h, b) => {
      const a = plus(dot(x_t, W_x), dot(h_t, W_h));
      return b ? plus(a, b) : a;
    };
    return this.step(t, "pre-activation", gate ? `a_${gate}` : "a", rule, operands);
  }

  gate(t, name) {
    const candidate = name === "g" || name === "n";
    const rule = (a) => apply(candidate ? "tanh" : "sigmoid", a);
    return this.step(t, candidate ? "candidate" : "gate", name, rule, [this.affine(t, name)]);
  }

  get biasOutside() {
    return this.net.cell === "rnn" && this.net.slips?.has("bias-outside") && this.weight("b");
  }

  rnn(t) {
    const activated = (a) => apply(this.net.activation, a);
    if (!this.biasOutside) this.step(t, "state", "h", activated, [this.affine(t)]);
    else {
      const operands = [this.affine(t), this.biasOutside];
      this.step(t, "state", "h", (a, b) => plus(activated(a), b), operands, ["bias-outside"]);
    }
  }

  lstm(t) {
    const [i, f, g, o] = ["i", "f", "g", "o"].map((name) => this.gate(t, name));
    const before = this.operand(at("forward", "c", t - 1));
    const c = this.step(t, "cell", "c", (f_t, c_t, i_t, g_t) => plus(times(f_t, c_t), times(i_t, g_t)), [
      f,
      before,
      i,
      g,
    ]);
    this.step(t, "state", "h", (o_t, c_t) => times(o_t, apply("tanh", c_t)), [o, c]);
  }

  gru(t) {
    const [r, z] = [this.gate(t, "r"), this.gate(t, "z")];
    const h = this.operand(at("forward", "h", t - 1));
    const present = (...operands) => operands.filter(Boolean);
    const q = this.step(t, "pre-activation", "q", affineRule, present(h, this.weight("W_h", "n"), this.weight("b_hn")));
    const operands = present(this.operand(`forward/x/${t}`), this.weight("W_x", "n"), r, q, this.weight("b", "n"));
    const a = this.step(t, "pre-activation", "a_n", candidateRule, operands);
    const n = this.step(t, "candidate", "n", (a_n) => apply("tanh", a_n), [a]);
    this.step(t, "state", "h", (z_t, n_t, h_t) => plus(times(lessThanOne(z_t), n_t), times(z_t, h_t)), [z, n, h]);
  }

  output(t) {
    const { run } = this;
    const values = (name) => run.outputs.map((out) => out[t][name]);
    const node = (kind, name, sign, rule, operands) =>
      this.put({ id: at(null, name, t), kind, name, t, value: values(name), sign, rule, operands });
    const bias = this.weight("b_y");
    const operands = [this.operand(at("forward", "h", t)), this.weight("W_y"), ...(bias ? [bias] : [])];
    const o = node("output-sum", "o", outputSum(this.net, t), affineRule, operands);
    const yhat = node("output", "yhat", symbol("yhat", t), (a) => apply(this.net.output, a), [o]);
    const y = node("input", "y", symbol("y", t), null, []);
    const loss = new LossNode(run, t, [yhat, y]);
    this.nodes.push(loss);
    this.byId.set(loss.id, loss);
  }

  total() {
    const terms = this.run.reads.map((t) => this.operand(at(null, "L", t)));
    const rows = this.run.outputs.map((out) => this.run.reads.map((t) => out[t].L).reduce(added));
    this.put({
      id: "output/L",
      kind: "total",
      name: "L",
      value: this.run.loss,
      rows,
      sign: symbol("L"),
      rule: (...all) => summed(all),
      operands: terms,
    });
  }
}

const affineRule = (h, W, b) => (b ? plus(dot(h, W), b) : dot(h, W));
const candidateRule = (x, W_x, r, q, b) =>
  b ? plus(plus(dot(x, W_x), b), times(r, q)) : plus(dot(x, W_x), times(r, q));

/** The loss of one output: a sum over components and examples. */
class LossNode extends Node {
  constructor(run, t, operands) {
    const rows = run.outputs.map((out) => out[t].L);
    super({
      id: at(null, "L", t),
      kind: "loss",
      name: "L",
      t,
      value: run.terms[t],
      rows,
      sign: symbol("L", t),
      operands,
    });
    [this.term, , this.scale] = LOSS_TERMS[run.net.loss];
    this.count = run.count;
    this.skips = run.net.loss === "categorical_cross_entropy"; // 0 ln p is left out
  }
  get equation() {
    const [yhat, y] = this.operands;
    return scaledSum(this.term(of(yhat.id, yhat.sign), of(y.id, y.sign)), this.count, this.scale);
  }
  numbers(row = null) {
    const [yhat, y] = this.operands.map((operand) => [valueOf(operand, row)].flat(Infinity));
    const kept = yhat.map((p, j) => [p, y[j]]).filter(([, q]) => !this.skips || q !== 0);
    const [first, second] = this.operands;
    const parts = kept
      .slice(0, MOST_TERMS)
      .map(([p, q]) => this.term(of(first.id, numbers(p)), of(second.id, numbers(q))));
    if (!parts.length) return numbers(0);
    if (kept.length > MOST_TERMS) parts.push({ ml: "<mo>⋯</mo>", t: "…", binding: 2, value: null });
    return scaledBy(summed(parts), this.count, this.scale);
  }
}

// The backward pass as nodes: every adjoint with its equation, from the last step to the first.

import { added, fromOutput, onePassBack, stepBack, throughOutput, zeros } from "./engine.js";
import {
  apply,
  dot,
  lessThanOne,
  minus,
  numbers,
  over,
  partial,
  square,
  summed,
  symbol,
  times,
  transposed,
} from "./writing.js";
import { asItIs, at, columnsOf, LOSS_TERMS, Node, operandOf, outputSum, SLOPES } from "./forward_nodes.js";

// --- Backward pass ---

const NATURAL = { binary_cross_entropy: "sigmoid", categorical_cross_entropy: "softmax" };
const back = (d, W) => dot(d, transposed(W));

export class BackwardNodes {
  constructor(forward, adjoints) {
    Object.assign(this, { forward, run: forward.run, net: forward.net, nodes: [], byId: new Map(), adjoints });
    for (const t of [...this.run.reads].reverse()) this.output(t);
    for (let t = this.run.T; t >= 1; t -= 1) this.step(t);
    this.initial();
  }

  operand(id) {
    return this.byId.has(id) ? operandOf(this.byId.get(id)) : this.forward.operand(id);
  }

  /** An adjoint as the sum of its terms [rule, operands]. */
  put(parts, value, terms) {
    const operands = terms.flatMap(([, own]) => own);
    const rule = (...values) => {
      let used = 0;
      return summed(terms.map(([one, own]) => one(...values.slice(used, (used += own.length)))));
    };
    const node = new Node({ ...parts, value, rule, operands });
    this.nodes.push(node);
    this.byId.set(node.id, node);
    return operandOf(node);
  }

  output(t) {
    const { net, run, forward } = this;
    const values = (name) => run.outputs.map((out) => out[t][name]);
    const put = (kind, name, value, terms, sign = symbol(name, t)) => {
      const slips = lost && name === "dyhat" ? ["factor-two"] : [];
      return this.put({ id: at(null, name, t), kind, name, t, sign, slips }, value, terms);
    };
    const [yhat, y] = [this.operand(at(null, "yhat", t)), this.operand(at(null, "y", t))];
    const lost = net.slips?.has("factor-two") && net.loss === "mean_squared_error";
    const slope = lost ? minus : LOSS_TERMS[net.loss][1];
    const perCount = (inner) => (run.count === 1 ? inner : over(inner, run.count));
    const dyhat = put("adjoint-output", "dyhat", values("dyhat"), [[(p, q) => perCount(slope(p, q)), [yhat, y]]]);
    const whole = y.value.every((row) => Math.abs(row.reduce(added) - 1) < 1e-8);
    let terms;
    if (NATURAL[net.loss] && (net.output === "sigmoid" || whole))
      terms = [[(p, q) => perCount(minus(p, q)), [yhat, y]]];
    else if (net.output === "identity") terms = [[asItIs, [dyhat]]];
    else if (SLOPES[net.output]) terms = [[(d, p) => times(d, SLOPES[net.output](p)), [dyhat, yhat]]];
    else if (net.output === "relu") terms = [[times, [dyhat, positive(yhat)]]];
    else terms = [[dot, [dyhat, this.jacobian(t)]]];
    const o = put("adjoint-sum", "do", values("do"), terms, outputSum(net, t, "d"));
    const dr = run.outputs.map((out) => fromOutput(net, out[t]).dh);
    put("adjoint-readout", "dr", dr, [[back, [o, forward.weight("W_y")]]]);
  }

  /** ∂ŷ/∂o: a matrix for every example. */
  jacobian(t) {
    const each = this.run.outputs.map((out) => jacobianOf(this.net.output, out[t].yhat));
    const sign = partial(symbol("yhat", t), outputSum(this.net, t));
    return { id: "output", sign, value: each.length === 1 ? each[0] : each, rows: each };
  }

  /** The position of an adjoint. */
  place(kind, name, t) {
    return { id: at("forward", name, t), kind, name, chain: "forward", t, layer: 1, sign: symbol(name, t) };
  }

  step(t) {
    const { net } = this;
    const backs = this.adjoints.backs(t);
    const values = (name) => backs.map((step) => step[name]);
    const own = this.run.reads.includes(t) ? [[asItIs, [this.operand(at(null, "dr", t))]]] : [];
    const terms = [...own, ...this.fromLater(t, "h")];
    const dh = this.put(
      this.place("adjoint-state", "dh", t),
      values("arrived"),
      terms.length ? terms : nothing(values("arrived")),
    );
    if (net.cell === "lstm") this.lstm(t, dh, values);
    else if (net.cell === "gru") this.gru(t, dh, values);
    else {
      const linear = net.slips?.has("linear-backward");
      const h = this.operand(at("forward", "h", t));
      const term = linear ? [asItIs, [dh]] : rnnTerm(net.activation, dh, h);
      const place = this.place("adjoint-pre-activation", "da", t);
      this.put({ ...place, slips: linear ? ["linear-backward"] : [] }, values("da"), [term]);
    }
  }

  /** The terms of dh_t or dc_t that come from step t + 1. With a limited depth the kept paths are summed instead. */
  fromLater(t, name) {
    if (t === this.run.T) return [];
    if (this.net.depth !== null) {
      const value = this.adjoints.later(t, name);
      if (value.every((row) => row.every((v) => v === 0))) return [];
      return [[asItIs, [{ id: "kept", sign: symbol(`d${name}_kept`, t), value }]]];
    }
    const later = (own) => this.operand(at("forward", own, t + 1));
    if (name === "c") return [[times, [later("dc"), later("f")]]];
    const direct_ = this.net.cell === "gru" ? [[times, [later("dh"), later("z")]]] : [];
    const products = this.forward.gates.map((gate) => {
      const da = gate === "n" ? "dq" : gate ? `da_${gate}` : "da";
      return [back, [later(da), this.forward.weight("W_h", gate)]];
    });
    return [...direct_, ...products];
  }

  lstm(t, dh, values) {
    const [i, f, g, o, c] = ["i", "f", "g", "o", "c"].map((name) => this.operand(at("forward", name, t)));
    const before = this.operand(at("forward", "c", t - 1));
    const through = [(d, o_t, c_t) => times(times(d, o_t), lessThanOne(square(apply("tanh", c_t)))), [dh, o, c]];
    const dc = this.put(this.place("adjoint-cell", "dc", t), values("dcWhole"), [through, ...this.fromLater(t, "c")]);
    const slope = (d, other, s) => times(times(times(d, other), s), lessThanOne(s));
    const terms = {
      i: [slope, [dc, g, i]],
      f: [slope, [dc, before, f]],
      g: [(d, i_t, g_t) => times(times(d, i_t), lessThanOne(square(g_t))), [dc, i, g]],
      o: [(d, c_t, o_t) => slope(d, apply("tanh", c_t), o_t), [dh, c, o]],
    };
    for (const gate of this.forward.gates) this.preActivation(t, `da_${gate}`, gate, values, [terms[gate]]);
  }

  preActivation(t, name, gate, values, terms) {
    const value = values("da").map((row) => columnsOf(row, gate, this.forward.gates));
    return this.put(this.place("adjoint-pre-activation", name, t), value, terms);
  }

  gru(t, dh, values) {
    const [r, z, n, q] = ["r", "z", "n", "q"].map((name) => this.operand(at("forward", name, t)));
    const before = this.operand(at("forward", "h", t - 1));
    const ofZ = (d, h, n_t, z_t) => times(times(times(d, minus(h, n_t)), z_t), lessThanOne(z_t));
    this.preActivation(t, "da_z", "z", values, [[ofZ, [dh, before, n, z]]]);
    const ofN = (d, z_t, n_t) => times(times(d, lessThanOne(z_t)), lessThanOne(square(n_t)));
    const da_n = this.preActivation(t, "da_n", "n", values, [[ofN, [dh, z, n]]]);
    this.put(this.place("adjoint-pre-activation", "dq", t), values("dq"), [[times, [da_n, r]]]);
    this.preActivation(t, "da_r", "r", values, [
      [(d, q_t, r_t) => times(times(times(d, q_t), r_t), lessThanOne(r_t)), [da_n, q, r]],
    ]);
  }

  initial() {
    for (const name of this.net.cell === "lstm" ? ["h", "c"] : ["h"]) {
      const value = this.adjoints.initial(name);
      const terms = this.fromLater(0, name);
      this.put(this.place("adjoint-initial", `d${name}`, 0), value, terms.length ? terms : nothing(value));
    }
  }
}

const nothing = (value) => [[asItIs, [{ id: "zero", sign: numbers(0), value }]]];

function rnnTerm(activation, dh, h) {
  if (activation === "identity") return [asItIs, [dh]];
  if (activation === "relu") return [times, [dh, positive(h)]];
  return [(d, h_t) => times(d, SLOPES[activation](h_t)), [dh, h]];
}

/** The derivative of a ReLU, through its output. */
function positive({ id, sign, value }) {
  const ml = `<mrow><mn>1</mn><mo>[</mo>${sign.ml}<mo>&gt;</mo><mn>0</mn><mo>]</mo></mrow>`;
  const slope = { ml, t: `1[${sign.t} > 0]`, binding: 2, value: null };
  return { id, sign: slope, value: value.map((row) => row.map((v) => (v > 0 ? 1 : 0))) };
}

/** ∂ŷ/∂o (K, K); row i holds the derivatives of ŷ_i. */
export function jacobianOf(output, yhat) {
  return yhat.map((_, i) =>
    throughOutput(
      output,
      yhat,
      yhat.map((__, j) => (i === j ? 1 : 0)),
    ),
  );
}

// --- Adjoints: of one pass back, or of the kept paths ---

export class Adjoints {
  constructor(run, allPaths) {
    const { net, T, N } = run;
    this.whole = net.depth === null;
    const H = run.steps[0][0].h.length;
    const nothing_ = () =>
      Array.from({ length: N }, () => ({ dh: zeros(H), dc: net.cell === "lstm" ? zeros(H) : undefined }));
    const add = (totals, states) =>
      totals.map(({ dh, dc }, n) => ({ dh: added(dh, states[n].dh), dc: dc && added(dc, states[n].dc) }));
    this.laters = Array.from({ length: T + 1 }, nothing_); // over kept paths from later outputs
    for (const path of this.whole ? [] : allPaths.filter(({ kept }) => kept)) {
      if (path.t !== path.k) this.laters[path.k] = add(this.laters[path.k], path.adjoints);
      if (path.k === 1 && path.t < net.depth) this.laters[0] = add(this.laters[0], path.backs);
    }
    if (this.whole) {
      const backs = onePassBack(run);
      this.backs = (t) => backs.map((row) => row[t]);
      this.laters[0] = backs.map((row) => row[1]);
    } else {
      const totals = (t) =>
        run.reads.includes(t)
          ? add(
              this.laters[t],
              run.outputs.map((out) => fromOutput(net, out[t])),
            )
          : this.laters[t];
      this.backs = (t) => totals(t).map(({ dh, dc }, n) => stepBack(net, run.steps[n][t], dh, dc));
    }
  }
  later(t, name) {
    return this.laters[t].map((state) => state[`d${name}`]);
  }
  initial(name) {
    return this.later(0, name);
  }
}

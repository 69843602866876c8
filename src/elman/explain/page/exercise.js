// Exercises: blank cells for states, for every path of every gradient, and for the sums; an answer is checked within
// rounding, a wrong one diagnosed.

import { added, contribution, direct, forward, inOutput, ofOutput, paths, stepBack } from "./engine.js";
import { entryOf } from "./names.js";
import { numberOf, plainNumber } from "./reading.js";
import { switched } from "./slips.js";
import { partial, symbol } from "./writing.js";

const MOST = 60; // cells of one gradient; of a larger one the paths of the first number alone are asked

const JUDGED = 4; // decimals; further ones depend on how the numbers before were rounded

/** Half a unit of the last judged decimal of a typed number. */
function roundingOf(text) {
  const [digits, power = "0"] = plainNumber(text).toLowerCase().split("e");
  const decimals = (digits.split(".")[1] ?? "").length - Number(power);
  return 0.5 * 10 ** -Math.min(decimals, JUDGED);
}

/** Whether a typed number is a value, within the rounding of its own digits, and within half a percent. */
export function matches(text, value) {
  const typed = numberOf(text);
  const allowed = Math.min(roundingOf(text), 0.005 * Math.max(Math.abs(value), 0.02));
  return typed !== null && Math.abs(typed - value) <= allowed + 1e-12;
}

/** The sentence for a wrong answer: the mistake that gives this number, if one is known. */
export function diagnosis(text, { value, mistakes }) {
  if (numberOf(text) === null) return `'${text.trim()}' is no number.`;
  if (Math.abs(numberOf(text) - value) <= roundingOf(text)) return "Right so far, but type more digits.";
  const found = mistakes().find(([, wrong]) => Math.abs(wrong - value) > 1e-9 && matches(text, wrong));
  return found ? `No: that is ${found[0]}.` : "No.";
}

/**
 * The blank cells of one example: its states, and every number of the gradient of every trained parameter, path by path
 * and as a sum. A cell is { group, key, sign, text, value, mistakes }; a group { sign, text }. Mistakes are computed
 * when they are asked for.
 */
export function cellsOf(model, n) {
  const run = forward(model.net, model.data);
  const trained = Object.keys(model.net.weights).filter((name) => model.net.trained.includes(name));
  return [...stateCells(run, n), ...trained.flatMap((name) => new GradientCells(model, run, name, n).all())];
}

function stateCells(run, n) {
  const H = run.steps[n][0].h.length;
  const group = { text: "States" };
  return run.steps[n].slice(1).flatMap((step, i) =>
    step.h.map((value, j) => ({
      group,
      key: H > 1 ? `h/${i + 1}/${j + 1}` : `h/${i + 1}`,
      sign: symbol("h", i + 1),
      text: H > 1 ? ` unit ${j + 1}` : "",
      value,
      mistakes: () => stateMistakes(run, n, i + 1, j),
    })),
  );
}

function stateMistakes(run, n, t, j) {
  const row = run.steps[n];
  const raw = row[t].a ? [[`a_${t}, without the activation`, row[t].a[j]]] : [];
  const steps = row.flatMap((other, k) => (k === t ? [] : [[`h_${k} in place of h_${t}`, other.h[j]]]));
  const units = row[t].h.flatMap((value, m) => (m === j ? [] : [[`the state of unit ${m + 1}`, value]]));
  const others = run.steps.flatMap((all, m) => (m === n ? [] : [[`h_${t} of example ${m + 1}`, all[t].h[j]]]));
  return [...raw, ["the right number with the wrong sign", -row[t].h[j]], ...steps, ...units, ...others];
}

/** The cells of the gradient of one parameter, for one example. */
class GradientCells {
  constructor(model, run, name, n) {
    Object.assign(this, { model, run, name, n, net: model.net });
    this.group = { sign: partial(symbol("L"), symbol(name)), text: "" }; // of the sums without their terms
    this.terms = inOutput(name)
      ? run.reads.map((t) => new OutputTerm(this, t))
      : paths(run)
          .filter(({ kept }) => kept)
          .map((path) => new PathTerm(this, path));
  }

  /** The places of all numbers of the parameter. */
  places() {
    const value = this.net.weights[this.name];
    return value.flatMap((row, i) => (Array.isArray(row) ? row.map((_, j) => [i, j]) : [[i]]));
  }

  all() {
    const places = this.places();
    const long = places.length * (this.terms.length + 1) > MOST;
    return places.flatMap((place, i) => this.ofPlace(place, places, this.terms.length > 1 && (i === 0 || !long)));
  }

  ofPlace(place, places, byTerm) {
    const { name, terms, run } = this;
    const { letter, entry } = entryOf(this.net, name, place);
    const sign = partial(symbol("L"), letter);
    const how = inOutput(name) ? ", output by output" : ", path by path";
    const group = byTerm ? { sign, text: `${entry}${how}` } : this.group;
    const key = `${name}${places.length > 1 ? `:${place.map((index) => index + 1).join(",")}` : ""}`;
    const values = terms.map((term) => term.value(place));
    const total = values.reduce(added);
    const parts = terms.map((term, i) => ({
      group,
      key: `${key}/${term.key}`,
      text: term.text,
      value: values[i],
      mistakes: () => [...term.mistakes(place), ...this.elsewhere(place, places, (other) => term.value(other))],
    }));
    const whole = {
      group,
      key: `${key}/sum`,
      sign,
      text: entry,
      value: total,
      mistakes: () => [
        ["the sum over all examples", at(terms.map((term) => term.ofAll()).reduce(added), place)],
        ["the sum with the wrong sign", -total],
        ["the sum with the signs (a) − (c) − (e)", 2 * values[0] - total],
        ...terms.map((term, i) => [`the sum without ${term.named}`, total - values[i]]),
        ...run.steps.flatMap((_, m) => (m === this.n ? [] : [[`the sum of example ${m + 1}`, this.sumOf(m, place)]])),
        ...this.elsewhere(place, places, (other) => this.sumOf(this.n, other)),
      ],
    };
    return byTerm ? [...parts, whole] : [whole];
  }

  sumOf(n, place) {
    return this.terms.map((term) => at(term.ofExample(n), place)).reduce(added);
  }

  /** The numbers of the same gradient at other places. */
  elsewhere(place, places, valueAt) {
    const called = (other) => {
      const { letter, entry } = entryOf(this.net, this.name, other);
      return `the number${entry}${letter.t === this.name ? "" : ` of ${letter.t}`}`;
    };
    return places.filter((other) => other !== place).map((other) => [called(other), valueAt(other)]);
  }
}

const at = (value, place) => place.reduce((part, index) => part[index], value);

/** What one loss term adds to the gradient; the mistakes that all terms share. */
class Term {
  value(place) {
    this.own ??= this.ofExample(this.cells.n);
    return at(this.own, place);
  }

  shared(place) {
    const { net, run, n, terms } = this.cells;
    const own = this.value(place);
    const found = [["the right number with the wrong sign", -own]];
    if (net.loss === "mean_squared_error") found.push(["the term without the factor 2 of the square", own / 2]);
    if (run.count > 1) found.push([`the term without the division by ${run.count}`, own * run.count]);
    for (const other of terms) if (other !== this) found.push([`the term of ${other.named}`, other.value(place)]);
    run.steps.forEach((_, m) => m !== n && found.push([`the term of example ${m + 1}`, at(this.ofExample(m), place)]));
    found.push(["the sum of this term over all examples", at(this.ofAll(), place)]);
    found.push([`the term times the learning rate ${net.rate}`, own * net.rate]);
    return found;
  }
}

class PathTerm extends Term {
  constructor(cells, path) {
    super();
    const { t, k } = path;
    Object.assign(this, { cells, path, key: `${t}/${k}`, named: `the path ${t} → ${k}`, text: `path ${t} → ${k}` });
  }
  ofExample(n) {
    return contribution(this.cells.run, this.path, this.cells.name, n);
  }
  ofAll() {
    return contribution(this.cells.run, this.path, this.cells.name);
  }

  mistakes(place) {
    const { net, name } = this.cells;
    const { t, k } = this.path;
    const [first, ...others] = this.shared(place);
    const found = [first];
    if (net.cell === "rnn" && name === "W_h")
      found.push([`the term with h_${k} in place of h_${k - 1}`, this.withSlip("later-state", place)]);
    if (net.cell === "rnn" && net.activation !== "identity")
      found.push([`the term without the slope of ${net.activation}`, this.withSlip("linear-backward", place)]);
    found.push(...others);
    if (t > k) found.push(["the term with one factor ∂h_j/∂h_(j−1) too many", this.tooFar(place)]);
    return found;
  }

  /** The term of a network that makes one of the errors of the notes. */
  withSlip(slip, place) {
    const { model, name, n } = this.cells;
    const other = forward(switched(model, slip, true).net, model.data);
    const same = paths(other).find(({ t, k }) => t === this.path.t && k === this.path.k);
    return at(contribution(other, same, name, n), place);
  }

  /** The adjoint taken back once more before the parameter's own derivative. */
  tooFar(place) {
    const { run, name, n } = this.cells;
    const { dh, dc } = this.path.backs[n];
    const step = run.steps[n][this.path.k];
    const further = { ...this.path, backs: [stepBack(run.net, step, dh, dc)] };
    return at(contribution({ ...run, steps: [run.steps[n]] }, further, name, 0), place);
  }
}

class OutputTerm extends Term {
  constructor(cells, t) {
    super();
    Object.assign(this, { cells, t, key: String(t), named: `output ${t}`, text: `output ${t}` });
  }
  ofExample(n) {
    return direct(this.cells.run, this.t, this.cells.name, n);
  }
  ofAll() {
    return direct(this.cells.run, this.t, this.cells.name);
  }

  mistakes(place) {
    const { net, run, name, n } = this.cells;
    const out = run.outputs[n][this.t];
    const before = { ...out, h: run.steps[n][this.t - 1].h };
    const found = this.shared(place);
    if (name === "W_y")
      found.push([`the term with h_${this.t - 1} in place of h_${this.t}`, at(ofOutput(name, before), place)]);
    if (net.output !== "identity")
      found.push([
        `the term without the derivative of ${net.output}`,
        at(ofOutput(name, { ...out, do: out.dyhat }), place),
      ]);
    return found;
  }
}

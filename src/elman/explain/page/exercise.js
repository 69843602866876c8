// Exercises: blank cells for states, paths and the update; an answer is checked within rounding, a wrong one diagnosed.

import { added, contribution, forward, paths, stepBack } from "./engine.js";
import { switched } from "./slips.js";
import { partial, symbol } from "./writing.js";

const first = (value) => [value].flat(Infinity)[0];

/** Whether a typed number is a value, within the rounding of its own digits. */
export function matches(text, value) {
  const typed = Number(text.trim().replace(",", ".").replace("−", "-"));
  if (text.trim() === "" || !Number.isFinite(typed)) return false;
  const digits = (text.split(/[.,]/)[1] ?? "").length;
  const rounding = 0.5 * 10 ** -digits;
  return Math.abs(typed - value) <= Math.min(rounding, 0.005 * Math.max(Math.abs(value), 0.02)) + 1e-12;
}

/** The sentence for a wrong answer: the mistake that gives this number, if one is known. */
export function diagnosis(text, { value, mistakes }) {
  const typed = text.trim().replace(",", ".").replace("−", "-");
  const found = mistakes.find(([, wrong]) => Math.abs(wrong - value) > 1e-9 && matches(typed, wrong));
  return found ? `No: that is ${found[0]}.` : "No.";
}

/** The blank cells of one example: states, the paths of W_x and W_h, their sums. One unit, or the first entry. */
export function cellsOf(model, n) {
  const run = forward(model.net, model.data);
  return [...stateCells(run, n), ...["W_x", "W_h"].flatMap((name) => pathCells(model, run, name, n))];
}

function stateCells(run, n) {
  return run.steps[n].slice(1).map((step, i) => {
    const t = i + 1;
    const others = run.steps.map((row, m) => [`h_${t} of example ${m + 1}`, row[t].h[0]]).filter((_, m) => m !== n);
    const steps = run.steps[n].flatMap((other, k) => (k === t ? [] : [[`h_${k} in place of h_${t}`, other.h[0]]]));
    const raw = step.a ? [[`a_${t}, without the activation`, step.a[0]]] : [];
    return {
      group: "States",
      key: `h/${t}`,
      sign: symbol("h", t),
      value: step.h[0],
      mistakes: [...raw, ...steps, ...others],
    };
  });
}

function pathCells(model, run, name, n) {
  const all = paths(run).filter(({ kept }) => kept);
  const of = (path) => first(contribution(run, path, name, n));
  const group = `∂L/∂${name}, path by path`;
  const cells = all.map((path) => {
    const sign = { ...partial(symbol("L", path.t), symbol(name)), t: `path ${path.t} → ${path.k}` };
    return {
      group,
      key: `${name}/${path.t}/${path.k}`,
      path,
      sign,
      value: of(path),
      mistakes: pathMistakes(model, run, path, name, n, all),
    };
  });
  const values = cells.map(({ value }) => value);
  const total = values.reduce(added);
  const alternating = [["the sum with the signs (a) − (c) − (e)", 2 * values[0] - total]];
  const whole = [["the sum over all examples", all.map((path) => first(contribution(run, path, name))).reduce(added)]];
  const missing = cells.map(({ path }, i) => [`the sum without the path ${path.t} → ${path.k}`, total - values[i]]);
  return [
    ...cells,
    {
      group,
      key: `${name}/sum`,
      sign: partial(symbol("L"), symbol(name)),
      value: total,
      mistakes: [...whole, ...alternating, ...missing],
    },
  ];
}

/** The numbers that common mistakes give for one path. */
function pathMistakes(model, run, path, name, n, all) {
  const own = first(contribution(run, path, name, n));
  const with_ = (slip) => {
    const other = forward(switched(model, slip, true).net, model.data);
    const same = paths(other).find(({ t, k }) => t === path.t && k === path.k);
    return first(contribution(other, same, name, n));
  };
  const { cell, loss, activation } = model.net;
  const found = [["the right number with the wrong sign", -own]];
  if (cell === "rnn" && name === "W_h")
    found.push([`the term with h_${path.k} in place of h_${path.k - 1}`, with_("later-state")]);
  if (cell === "rnn" && activation !== "identity")
    found.push([`the term without the slope of ${activation}`, with_("linear-backward")]);
  if (loss === "mean_squared_error") found.push(["the term without the factor 2 of the square", own / 2]);
  if (run.count > 1) found.push([`the term without the division by ${run.count}`, own * run.count]);
  for (const other of all)
    if (other !== path)
      found.push([`the term of the path ${other.t} → ${other.k}`, first(contribution(run, other, name, n))]);
  run.steps.forEach(
    (_, m) => m !== n && found.push([`the term of example ${m + 1}`, first(contribution(run, path, name, m))]),
  );
  found.push(["the sum of this path over all examples", first(contribution(run, path, name))]);
  if (path.t > path.k) found.push(["the term with one factor ∂h_j/∂h_(j−1) too many", tooFar(run, path, name, n)]);
  found.push([`the term times the learning rate ${model.net.rate}`, own * model.net.rate]);
  return found;
}

/** The adjoint taken back once more before the parameter's own derivative. */
function tooFar(run, path, name, n) {
  const { dh, dc } = path.backs[n];
  const step = run.steps[n][path.k];
  return first(
    contribution({ ...run, steps: [run.steps[n]] }, { ...path, backs: [stepBack(run.net, step, dh, dc)] }, name, 0),
  );
}

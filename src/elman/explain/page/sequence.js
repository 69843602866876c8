// A typed sequence as data: numbers, columns of numbers (channels), or words; cut into windows with the next value.

import { numberOf } from "./reading.js";
import { switched } from "./slips.js";
import { oneHot, sizesOf, withSizes } from "./state.js";

const MOST = { T: 50, windows: 24, width: 12 };
const STEP_NAMES = /^(step|steps|t|time|nr|no|index|#|date|day|week|month|quarter|year)$/i;
const DATE = /^\d{4}-\d\d?(-\d\d?)?$/;
const WITH_SIGN = /^[-−–+]?[$€£¥]?\d[\d.,]*[$€£¥%]?$/;
const THOUSANDS = /^[-−–+]?[1-9]\d{0,2},\d{3}$/;
const isNumber = (cell) => numberOf(cell) !== null;

/** Cells of a line: separated by tabs, semicolons or spaces; commas separate unless they are decimal. */
function cellsOf(line) {
  const cells = line.trim().split(/[\s;]+/);
  const parts = cells.flatMap((cell) =>
    !/^[-−–+]?\d+,\d+$/.test(cell) ? cell.split(",") : [cell],
  );
  return parts.filter((cell) => cell !== "");
}

/** Header and rows of a table with names in its first line and one separator; null if the text is no such table. */
function tableOf(text) {
  const lines = text.split("\n").filter((line) => line.trim());
  for (const separator of ["\t", ";", ","]) {
    const cut = lines.map((line) => line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")));
    if (cut.every((cells) => cells.length > 1 && cells.at(-1) === "")) cut.forEach((cells) => cells.pop());
    const [header, ...rows] = cut;
    const dated = rows.length > 0 && rows.every(([first]) => DATE.test(first));
    const fits = (cell, j) => cell === "" || isNumber(cell) || (dated && j === 0);
    if (rows.length && header.length > 1 && !header.some(isNumber) && rows.every((cells) => cells.every(fits)))
      return dated ? [header.slice(1), rows.map((cells) => cells.slice(1))] : [header, rows];
  }
  return null;
}

/** A table as channels; every cell must be there. */
function tableSteps([header, rows]) {
  const empty = rows.findIndex((cells) => cells.includes(""));
  if (empty >= 0) throw new Error(`Line ${empty + 2} has an empty cell; type a number in its place.`);
  const uneven = rows.findIndex((cells) => cells.length !== header.length);
  if (uneven >= 0)
    throw new Error(`Line ${uneven + 2} has ${rows[uneven].length} cells, the first line ${header.length}.`);
  const values = rows.map((cells) => cells.map(numberOf));
  return header.length > 1 ? channelsOf(values, header) : numbersOf(values.flat());
}

/** Kind, channels or vocabulary, and one vector per step. Throws an Error with a sentence for the reader. */
export function parseSequence(text) {
  const named = tableOf(text);
  if (named) return tableSteps(named);
  const lines = text
    .split("\n")
    .map(cellsOf)
    .filter((cells) => cells.length);
  if (!lines.length) throw new Error("Type numbers, columns of numbers, or words.");
  const numeric = (cells) => cells.every(isNumber);
  const header = lines.length > 1 && !numeric(lines[0]) && lines.slice(1).every(numeric) ? lines.shift() : null;
  if (!lines.every(numeric)) {
    checkMixture(lines);
    return wordsOf(lines);
  }
  checkThousands(lines.flat());
  const rows = lines.map((cells) => cells.map(numberOf));
  return rows.length > 1 && rows[0].length > 1 ? channelsOf(rows, header) : numbersOf(rows.flat());
}

/** Half or more are numbers: a slip, or a text? A first line without numbers may hold names. */
function checkMixture(lines) {
  const named = lines.length > 1 && !lines[0].some(isNumber);
  const cells = lines.slice(named ? 1 : 0).flat();
  const words = cells.filter((cell) => !isNumber(cell));
  const signed = words.filter((cell) => WITH_SIGN.test(cell));
  if (signed.length && 2 * (words.length - signed.length) <= cells.length)
    throw new Error(`'${signed[0]}' is no plain number; leave out signs such as % and $.`);
  if (2 * words.length <= cells.length)
    throw new Error(
      `'${words[0]}' stands among numbers; type a number in its place, or, if all are words, spell the numbers, such as 'one'.`,
    );
}

/** Refuse commas that may stand between thousands. */
function checkThousands(cells) {
  const commas = cells.filter((cell) => cell.includes(","));
  if (commas.length && commas.every((cell) => THOUSANDS.test(cell)))
    throw new Error(
      `'${commas[0]}' may be ${commas[0].replace(",", ".")} or ${commas[0].replace(",", "")}; write one of them.`,
    );
}

const numbersOf = (values) => ({ kind: "numbers", channels: null, words: null, steps: values.map((value) => [value]) });

/** Columns are channels and lines are steps; a column that counts the steps is no channel. */
function channelsOf(rows, header) {
  const width = rows[0].length;
  const uneven = rows.findIndex((row) => row.length !== width);
  if (uneven >= 0)
    throw new Error(
      `Line ${uneven + 1 + (header ? 1 : 0)} has ${rows[uneven].length} numbers, the first line ${width}.`,
    );
  const counts = header
    ? STEP_NAMES.test(header[0])
    : width > 2 && rows.every(([first], i) => first === rows[0][0] + i);
  const from = counts ? 1 : 0;
  const steps = rows.map((row) => row.slice(from));
  const channels = steps[0].map((_, j) => header?.[j + from] ?? `channel ${j + 1}`);
  if (steps[0].length === 1) return numbersOf(steps.flat());
  return { kind: "channels", channels, words: null, steps };
}

/** Every word gets an index in the order of its first appearance, and a one-hot vector. */
function wordsOf(lines) {
  const tokens = lines.flat();
  const words = [...new Set(tokens)];
  if (words.length > MOST.width)
    throw new Error(`The text has ${words.length} different words; the page takes ${MOST.width}.`);
  return {
    kind: "words",
    channels: null,
    words,
    tokens,
    steps: tokens.map((token) => oneHot(words.indexOf(token), words.length)),
  };
}

/** Windows of some steps, each with the step that follows; or one long window with the next value at every step. */
export function windowsOf({ steps, kind }, size, every) {
  const least = every ? 2 : size + 1;
  if (steps.length < least)
    throw new Error(
      `${steps.length === 1 ? "1 step is" : `${steps.length} steps are`} given; ${every ? "a next value" : `windows of ${size} and their next value`} need ${least}.`,
    );
  if (steps[0].length > MOST.width)
    throw new Error(`${steps[0].length} channels are given; the page takes ${MOST.width}.`);
  const target = (step) => (kind === "channels" ? step.slice(0, 1) : step);
  const starts = every ? [0] : Array.from({ length: steps.length - size }, (_, n) => n);
  const T = every ? steps.length - 1 : size;
  if (T > MOST.T || starts.length > MOST.windows)
    throw new Error(
      `${T} steps in ${starts.length} windows; the page takes ${MOST.T} steps and ${MOST.windows} windows: shorten the sequence.`,
    );
  const x = Array.from({ length: T }, (_, t) => starts.map((start) => steps[start + t]));
  const last = starts.map((start) => target(steps[start + T]));
  return { x, y: every ? x.map((_, t) => [target(steps[t + 1])]) : last };
}

/** The model with a typed sequence: weights stay where they fit; words bring softmax and the cross-entropy. */
export function withSequence(model, sequence, size, every) {
  const { x, y } = windowsOf(sequence, size, every);
  const [N, D, K] = [x[0].length, x[0][0].length, (every ? y[0][0] : y[0]).length];
  const { net, data } = withSizes(switched(model, "newest-first", false), { D, K });
  const [words, H] = [sequence.words, sizesOf(model).H];
  const squared = ["half_squared_error", "mean_squared_error"].includes(net.loss);
  const ends = words
    ? { output: "softmax", loss: "categorical_cross_entropy" }
    : {
        output: squared && net.output !== "softmax" ? net.output : "identity",
        loss: squared ? net.loss : "mean_squared_error",
      };
  const rows = (first) => Array.from({ length: N }, () => first.slice(0, H));
  return {
    ...model,
    words,
    channels: sequence.channels,
    rowNames: every || N === 1 ? null : Array.from({ length: N }, (_, n) => `window ${n + 1}`),
    net: { ...net, ...ends, readout: every ? "every" : "last", depth: null },
    data: { x, y, h0: rows(data.h0[0]), c0: data.c0 && rows(data.c0[0]) },
  };
}

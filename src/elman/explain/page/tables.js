// Matrices as small tables with their names and shapes.

const NARROW = 12; // displayed columns and rows of a large matrix

const asMatrix = (value) => (!Array.isArray(value) ? [[value]] : Array.isArray(value[0]) ? value : [value]);
const shapeOf = (value) => (Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : []);

/** The part of the largest number of a table, which the background of a cell shows. */
const strength = (value, largest) => `${largest > 0 ? Math.round((100 * Math.abs(value)) / largest) : 0}%`;

/**
 * A cell stores the exact number and shows a rounded one; its background shows size and sign. A number that can be
 * changed has a handle; a number that has just changed shows the old one.
 */
function cell(value, largest, { handle = null, was = null } = {}) {
  const sign = value < 0 ? "minus" : "plus";
  const changed = was !== null && number(was) !== number(value);
  return make(
    "td",
    {
      class: `${sign}${changed ? " changed" : ""}${handle ? " free" : ""}`,
      style: `--s:${strength(value, largest)}`,
      "data-value": String(value),
      title: changed ? `${was} → ${value}` : String(value),
    },
    changed ? make("s", { class: "was" }, number(was)) : null,
    handle ? handleOf(handle, value) : number(value),
  );
}

const shownPart = (matrix, most = NARROW) => matrix.slice(0, most).map((row) => row.slice(0, most));

/**
 * A table of numbers.
 * title: a formula of the document or text; rows, columns: headings or null.
 */
function matrixTable(
  title,
  value,
  { rows = null, columns = null, marked = null, shape = null, handle = null, was = null, most = NARROW } = {},
) {
  const scalar = !Array.isArray(value);
  const matrix = asMatrix(value);
  const old = was === null ? null : asMatrix(was);
  const shown = shownPart(matrix, most);
  const largest = Math.max(...shown.flat().map(Math.abs));
  const size = shape ?? (scalar ? "number" : shapeOf(value).join(" × "));
  const caption = make(
    "caption",
    {},
    typeof title === "string" ? title : math(title),
    make("span", { class: "shape" }, size),
  );
  const head = columns
    ? make(
        "thead",
        {},
        make(
          "tr",
          {},
          rows ? make("td", { class: "corner" }) : null,
          ...columns.slice(0, most).map((name) => make("th", { scope: "col" }, name)),
        ),
      )
    : null;
  const body = shown.map((row, i) =>
    make(
      "tr",
      { class: marked === i ? "marked" : null },
      rows ? make("th", { scope: "row" }, rows[i]) : null,
      ...row.map((v, j) => cell(v, largest, { handle: handle && handle(i, j), was: old?.[i]?.[j] ?? null })),
    ),
  );
  const cut = matrix.length > most || matrix[0].length > most;
  const more = cut ? make("p", { class: "more" }, `… of ${size}`) : null;
  return make(
    "div",
    { class: "matrix", role: "group", "aria-label": `${typeof title === "string" ? title : translatedText(title.t)}, ${size}` },
    make("table", { role: rows || columns ? null : "presentation" }, caption, head, make("tbody", {}, ...body)),
    more,
  );
}

/** Write new numbers into a cell; a number that has changed shows the old one, too. */
function refreshCell(element, value) {
  const old = Number(element.dataset.value);
  if (value === old) return false;
  const changed = number(value) !== number(old);
  const handle = element.querySelector(".handle");
  element.dataset.value = String(value);
  element.title = changed ? `${old} → ${value}` : String(value);
  element.classList.toggle("changed", changed);
  element.classList.toggle("minus", value < 0);
  element.classList.toggle("plus", value >= 0);
  if (handle) refreshHandle(handle, value);
  else element.replaceChildren(number(value));
  if (changed) element.prepend(make("s", { class: "was" }, number(old)));
  return true;
}

/** Write new numbers into the cells of a table: numberOf gives the number of a cell, counted by rows. */
function refreshTable(element, numberOf) {
  for (const one of element.querySelectorAll("td.changed")) {
    one.classList.remove("changed");
    one.querySelector(".was").remove();
  }
  const all = [...element.querySelectorAll("td[data-value]")];
  const changed = all.filter((one, i) => refreshCell(one, numberOf(one, i)));
  if (!changed.length) return;
  const largest = Math.max(...all.map((one) => Math.abs(Number(one.dataset.value))));
  for (const one of all) one.style.setProperty("--s", strength(Number(one.dataset.value), largest));
}

/** Headings for the columns of a parameter whose columns belong to gates. */
function gateColumns(trace, name, columns) {
  const gates = { lstm: ["i", "f", "g", "o"], gru: ["r", "z", "n"] }[trace.architecture.cell];
  if (!gates || !/^layers\..*\.(W_x|W_h|b)$/.test(name)) return null;
  const size = columns / gates.length;
  return gates.flatMap((gate) => Array.from({ length: size }, (_, j) => (size === 1 ? gate : `${gate}${j + 1}`)));
}

/** The words of a vocabulary as headings, if there is one entry per word. */
const wordsFor = (trace, count) => (trace.words && trace.words.length === count ? trace.words : null);

/** A parameter; on a board that computes, its entries are handles. */
function parameterTable(board, name, value) {
  const { trace } = board;
  const known = trace.parameters.find((parameter) => parameter.name === name);
  const vector = !Array.isArray(value[0]);
  const width = vector ? value.length : value[0].length;
  const rows = /^layers\.0\.(reverse\.)?W_x$|^embedding$/.test(name) ? wordsFor(trace, value.length) : null;
  const columns = /^output\./.test(name) ? wordsFor(trace, width) : gateColumns(trace, name, width);
  const short = shortName(name);
  const handle = board.model ? (i, j) => handleFor(board, vector ? [short, j] : [short, i, j]) : null;
  const element = matrixTable(known ? known.symbol : name, value, {
    rows,
    columns,
    handle,
    was: board.was(name),
    most: board.model ? 64 : NARROW,
  });
  element.dataset.weight = short;
  if (handle) element.dataset.kept = ""; // refreshHandles writes its numbers
  return element;
}

/** The numbers of a node: one row per example; of a loss also the sum over the examples. */
function rowsOf({ value, rows }, trace) {
  if (Array.isArray(value)) return value.map((part) => [part].flat(Infinity));
  return rows && trace.rows > 1 ? [...rows, value].map((v) => [v]) : [[value]];
}

/** The value of a node: one line per example; a loss is a sum over the examples. */
function valueTable(board, node) {
  const { trace, row } = board;
  const several = trace.rows > 1;
  const names = several ? Array.from({ length: trace.rows }, (_, i) => rowName(trace, i)) : null;
  const was = board.was(node.id);
  const all = rowsOf(node, trace);
  if (!Array.isArray(node.value) && node.rows && several)
    return matrixTable(node.symbol, all, {
      rows: [...names, "sum"],
      marked: row ?? trace.rows,
      shape: "number",
      was,
    });
  const flat = Array.isArray(node.value) ? all : node.value;
  const columns = node.layer === null && Array.isArray(flat) ? wordsFor(trace, flat[0].length) : null;
  const rows = Array.isArray(node.value) ? names : null;
  return matrixTable(node.symbol, flat, {
    rows,
    columns,
    marked: rows ? row : null,
    was,
    handle: board.model && handlesOf(board, node),
  });
}

/** The handles of an input, a target or an initial state; null for computed numbers. */
function handlesOf(board, { id, name, t }) {
  const every = board.trace.mode === "sequence-to-sequence";
  const first = { "forward/x": ["x", t - 1], "output/y": every ? ["y", t - 1] : ["y"] }[id.replace(/\/\d+$/, "")];
  const start = first ?? (/^forward\/[hc]\/1\/0$/.test(id) ? [`${name}0`] : null);
  return start && ((n, j) => handleFor(board, [...start, n, j]));
}

/** A table of data: one line per example, one column per step and component; start gives the place of a step. */
function dataTable(board, [letter, index = null], steps, width, start) {
  const columns = steps.flatMap((t) =>
    Array.from({ length: width }, (_, j) => ({
      heading: [...spell(`${letter}_${t}`), width > 1 ? `, ${j + 1}` : ""],
      place: (n) => [...start(t), n, j],
    })),
  );
  const examples = Array.from({ length: board.trace.rows }, (_, n) => n);
  const values = examples.map((n) => columns.map(({ place }) => changes.numberAt(board.model, place(n))));
  return matrixTable(symbol(letter, index), values, {
    rows: examples.length > 1 ? examples.map((n) => rowName(board.trace, n)) : null,
    columns: columns.length > 1 ? columns.map(({ heading }) => heading) : null,
    handle: (n, j) => handleFor(board, columns[j].place(n)),
    most: 200,
  });
}

/** Input, targets, initial states and the learning rate. */
function dataTables(board) {
  const { net } = board.model;
  const { T, D, H, K } = changes.sizesOf(board.model);
  const steps = Array.from({ length: T }, (_, t) => t + 1);
  const targets = net.readout === "every" ? [steps, K, (t) => ["y", t - 1]] : [[T], K, () => ["y"]];
  return [
    dataTable(board, ["x"], steps, D, (t) => ["x", t - 1]),
    dataTable(board, ["y"], ...targets),
    ...(net.cell === "lstm" ? ["h", "c"] : ["h"]).map((letter) =>
      dataTable(board, [letter, 0], [0], H, () => [`${letter}0`]),
    ),
    matrixTable("learning rate η", net.rate, { handle: () => handleFor(board, ["rate"]) }),
  ];
}

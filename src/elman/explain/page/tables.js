// Matrices as small tables with their names and shapes.

const NARROW = 12; // displayed columns and rows of a large matrix

const shapeOf = (value) => (Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : []);

/** A cell stores the exact number and shows a rounded one; its background shows size and sign. */
function cell(value, largest) {
  const strength = largest > 0 ? Math.round((100 * Math.abs(value)) / largest) : 0;
  const sign = value < 0 ? "minus" : "plus";
  return make(
    "td",
    { class: sign, style: `--s:${strength}%`, "data-value": String(value), title: String(value) },
    number(value),
  );
}

/**
 * A table of numbers.
 * title: a formula of the document or text; rows, columns: headings or null.
 */
function matrixTable(title, value, { rows = null, columns = null, marked = null, shape = null } = {}) {
  const scalar = !Array.isArray(value);
  const matrix = scalar ? [[value]] : Array.isArray(value[0]) ? value : [value];
  const shown = matrix.slice(0, NARROW).map((row) => row.slice(0, NARROW));
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
          ...columns.slice(0, NARROW).map((name) => make("th", { scope: "col" }, name)),
        ),
      )
    : null;
  const body = shown.map((row, i) =>
    make(
      "tr",
      { class: marked === i ? "marked" : null },
      rows ? make("th", { scope: "row" }, rows[i]) : null,
      ...row.map((v) => cell(v, largest)),
    ),
  );
  const cut = matrix.length > NARROW || matrix[0].length > NARROW;
  const more = cut ? make("p", { class: "more" }, `… of ${size}`) : null;
  return make(
    "div",
    { class: "matrix", role: "group", "aria-label": `${typeof title === "string" ? title : title.t}, ${size}` },
    make("table", {}, caption, head, make("tbody", {}, ...body)),
    more,
  );
}

/** Headings for the columns of a parameter whose columns belong to gates. */
function gateColumns(trace, name, columns) {
  const gates = { lstm: ["i", "f", "g", "o"], gru: ["r", "z", "n"] }[trace.architecture.cell];
  const size = trace.architecture.hidden_size;
  if (!gates || !/\.(W_x|W_h|b)$/.test(name) || columns !== gates.length * size) return null;
  return gates.flatMap((gate) => Array.from({ length: size }, (_, j) => (size === 1 ? gate : `${gate}${j + 1}`)));
}

/** The words of a vocabulary as headings, if there is one entry per word. */
const wordsFor = (trace, count) => (trace.words && trace.words.length === count ? trace.words : null);

function parameterTable(trace, name, value) {
  const known = trace.parameters.find((parameter) => parameter.name === name);
  const width = Array.isArray(value[0]) ? value[0].length : value.length;
  const rows = /^layers\.0\.(reverse\.)?W_x$|^embedding$/.test(name) ? wordsFor(trace, value.length) : null;
  const columns = /^output\./.test(name) ? wordsFor(trace, width) : gateColumns(trace, name, width);
  return matrixTable(known ? known.symbol : name, value, { rows, columns });
}

/** The value of a node: one line per example. */
function valueTable(trace, node, row) {
  const several = Array.isArray(node.value) && trace.rows > 1;
  const rows = several ? node.value.map((_, i) => rowName(trace, i)) : null;
  const flat = Array.isArray(node.value) ? node.value.map((part) => [part].flat(Infinity)) : node.value;
  const columns = node.layer === null && Array.isArray(flat) ? wordsFor(trace, flat[0].length) : null;
  return matrixTable(node.symbol, flat, { rows, columns, marked: several ? row : null });
}

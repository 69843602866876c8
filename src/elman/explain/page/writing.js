// Formulas as MathML and as text. A rule such as (x, W, b) => plus(dot(x, W), b) writes the equation from symbols, and
// the same equation with numbers from numbers.
//
// A formula is { ml, t, binding, value, scalar }: MathML, text, the precedence of its outermost operation, the matrix if
// it is one, and whether it consists of single numbers. parts are the pieces of a sum, a product or an equality: a line may break between them. An operand's MathML names its node or parameter in data-of, so that the page can link formula and drawing.

const [SUM, PRODUCT, ATOM] = [0, 1, 2];
const MOST_WRITTEN = 12; // factors of a product
const MOST_PRINTED = 64; // numbers of a matrix
const RAISED = { 2: "²" };
const LETTERS = { yhat: ["ŷ", "y", "^"], dyhat: ["dŷ", "y", "^"], eta: ["η", "η"], sigma: ["σ", "σ"] };

const formula = (ml, t, binding = ATOM, value = null, scalar = false) => ({ ml, t, binding, value, scalar });
const mo = (sign) => `<mo>${sign}</mo>`;
const row = (...parts) => `<mrow>${parts.join("")}</mrow>`;
const isNumber = ({ value }) => value !== null && value.length === 1 && value[0].length === 1;
const fence = (open, inner, close) =>
  row(`<mo fence="true" stretchy="true">${open}</mo>`, inner, `<mo fence="true" stretchy="true">${close}</mo>`);
const inParentheses = ({ ml, t, scalar }) => formula(fence("(", ml, ")"), `(${t})`, ATOM, null, scalar);

/** Parentheses around an operand that needs them. */
function signed(piece, binding = PRODUCT) {
  const negative = isNumber(piece) && piece.t.startsWith("-");
  return piece.binding >= binding && !negative ? piece : inParentheses(piece);
}

/** A number with four decimals, or with four significant digits if it is small. */
export function written(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const short = (digits) => (digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits);
  if (size >= 1e-4 && size < 1e5) return short(size < 0.01 ? value.toPrecision(4) : value.toFixed(4));
  const [digits, power] = value.toExponential(3).split("e");
  return `${short(digits)}e${Number(power)}`;
}

function numberMl(text) {
  const [digits, power] = text.replace("-", "−").split("e");
  if (power === undefined) return `<mn>${digits}</mn>`;
  return row(`<mn>${digits}</mn>`, mo("×"), `<msup><mn>10</mn><mn>${power.replace("-", "−")}</mn></msup>`);
}

const symbols = new Map(); // a symbol is the same in every network

/** A letter with its lower indices: symbol("W_x"), symbol("h", 3). Letters after a first d are adjoints: dh_3. */
export function symbol(name, index = null) {
  const key = index === null ? name : `${name},${index}`;
  if (!symbols.has(key)) symbols.set(key, spelled(name, index));
  return symbols.get(key);
}

function spelled(name, index) {
  const [letter, own = ""] = name.split("_");
  const [text, bare = letter, accent] = LETTERS[letter] ?? [letter, letter];
  const lower = [own, index === null ? "" : String(index)].filter(Boolean);
  const adjoint = letter.length > 1 && letter.startsWith("d");
  const base = accent
    ? `<mover accent="true"><mi>${bare}</mi><mo>^</mo></mover>`
    : `<mi>${adjoint ? letter.slice(1) : bare}</mi>`;
  const below = lower.map((part) => `<mi>${part}</mi>`).join("<mo>,</mo>");
  const ml = lower.length ? `<msub>${base}${row(below)}</msub>` : base;
  return formula(adjoint ? row("<mi>d</mi>", ml) : ml, lower.length ? `${text}_${lower.join(",")}` : text);
}

/** A number, a row or a matrix. */
export function numbers(values) {
  const matrix = !Array.isArray(values) ? [[values]] : Array.isArray(values[0]) ? values : [values];
  const cells = matrix.map((line) => line.map(written));
  if (cells.length === 1 && cells[0].length === 1)
    return formula(numberMl(cells[0][0]), cells[0][0], ATOM, matrix, true);
  const lines = cells.map((line) => `<mtr>${line.map((text) => `<mtd>${numberMl(text)}</mtd>`).join("")}</mtr>`);
  const text = cells.map((line) => line.join(" ")).join("; ");
  return formula(fence("[", `<mtable>${lines.join("")}</mtable>`, "]"), `[${text}]`, ATOM, matrix);
}

/** The matrix as a formula, or null if it has too many numbers or axes to be read. */
export function printed(values) {
  const matrix = !Array.isArray(values) ? [[values]] : Array.isArray(values[0]) ? values : [values];
  if (Array.isArray(matrix[0][0]) || matrix.length * matrix[0].length > MOST_PRINTED) return null;
  return numbers(matrix);
}

/** Mark a formula as standing for a node or a parameter. */
export const of = (id, piece) => ({ ...piece, parts: undefined, ml: `<mrow data-of="${id}">${piece.ml}</mrow>` });

/** Mark a formula that stands for what an error computes in its place. */
export const slipped = (piece) => ({ ...piece, ml: `<mrow class="slipped">${piece.ml}</mrow>`, t: `${piece.t} (slip)` });

// --- Operations ---

/** Pieces joined by a sign, before which a line may break. */
function joined(pieces, sign, between, binding) {
  const [first, ...rest] = pieces;
  const ml = row(pieces.map((piece) => piece.ml).join(mo(sign)));
  const parts = rest.flatMap((piece) => {
    const [head, ...tail] = piece.parts ?? [piece.ml];
    return [row(`<mo form="infix">${sign}</mo>`, head), ...tail];
  });
  const all = [...(first.parts ?? [first.ml]), ...parts];
  const scalar = pieces.every((piece) => piece.scalar);
  return { ...formula(ml, pieces.map((piece) => piece.t).join(between), binding, null, scalar), parts: all };
}

export const plus = (a, b) => joined([a, signed(b)], "+", " + ", SUM);
export const minus = (a, b) => joined([a, signed(b)], "−", " − ", SUM);
export const negative = (a) => formula(row(mo("−"), signed(a).ml), `−${signed(a).t}`, SUM, null, a.scalar);
export const one = numbers(1);
export const lessThanOne = (a) => minus(one, a); // 1 − a

function multiplied(a, b, sign) {
  const [left, right] = [signed(a), signed(b)];
  const dot = left.scalar || right.scalar ? "·" : sign;
  const between = dot === "" ? "<mspace width='0.17em'></mspace>" : mo(dot);
  return formula(
    row(left.ml, between, right.ml),
    `${left.t}${dot === "" ? " " : ` ${dot} `}${right.t}`,
    PRODUCT,
    null,
    left.scalar && right.scalar,
  );
}
export const dot = (a, b) => multiplied(a, b, ""); // matrix product
export const times = (a, b) => multiplied(a, b, "⊙"); // element-wise product

export function over(a, b) {
  const below = typeof b === "number" ? numbers(b) : b;
  return formula(
    `<mfrac>${row(a.ml)}${row(below.ml)}</mfrac>`,
    `${signed(a).t} / ${signed(below, ATOM).t}`,
    PRODUCT,
    null,
    a.scalar && below.scalar,
  );
}

export function square(a) {
  const base = signed(a, ATOM);
  const each = a.value !== null && !isNumber(a) ? mo("⊙") : ""; // element-wise, not a matrix power
  return formula(
    `<msup>${row(base.ml)}${row(each, "<mn>2</mn>")}</msup>`,
    `${base.t}${RAISED[2]}`,
    ATOM,
    null,
    a.scalar,
  );
}

export function transposed(a) {
  if (a.value !== null) return { ...numbers(a.value[0].map((_, j) => a.value.map((line) => line[j]))) };
  const base = signed(a, ATOM);
  return formula(`<msup>${row(base.ml)}${mo("⊤")}</msup>`, `${base.t}ᵀ`);
}

const FUNCTIONS = { tanh: "tanh", sigmoid: "σ", relu: "ReLU", softmax: "softmax", ln: "ln" };
export function apply(name, a) {
  if (name === "identity") return a;
  const sign = FUNCTIONS[name];
  return formula(row(`<mi>${sign}</mi>`, fence("(", a.ml, ")")), `${sign}(${a.t})`, ATOM, null, a.scalar);
}

/** ∂above/∂below; the immediate derivative ∂⁺ holds the previous state constant. */
export function partial(above, below, immediate = false) {
  const sign = immediate ? `<msup>${mo("∂")}${mo("+")}</msup>` : mo("∂");
  return formula(
    `<mfrac>${row(sign, above.ml)}${row(mo("∂"), below.ml)}</mfrac>`,
    `∂${immediate ? "⁺" : ""}${above.t}/∂${below.t}`,
  );
}

/** Factors with dots between them; a long product is shortened in the middle. */
export function product(...factors) {
  const all = factors.map((factor) => signed(factor));
  const parts = all.length > MOST_WRITTEN ? [...all.slice(0, 5), formula(mo("⋯"), "…"), ...all.slice(-5)] : all;
  return joined(parts, "·", " · ", PRODUCT);
}

export const summed = (parts) => parts.reduce((total, part) => plus(total, part));
/** Σ over components and rows of a term, scaled by 1/count and a sign or factor in front. */
export function scaledSum(term, count, { half = false, negated = false } = {}) {
  const inner = term.binding > SUM ? term : formula(fence("[", term.ml, "]"), `[${term.t}]`);
  const body = formula(row(mo("∑"), inner.ml), `Σ ${inner.t}`, PRODUCT);
  return scaledBy(body, count, { half, negated });
}

export function scaledBy(body, count, { half = false, negated = false } = {}) {
  if (count === 1 && !half && !negated) return body;
  const inner = body.binding > SUM ? body : inParentheses(body);
  const fraction = (below) => `<mfrac><mn>1</mn><mn>${below}</mn></mfrac>`;
  const ml = [negated ? mo("−") : "", half ? fraction(2) : "", count === 1 ? "" : fraction(count), inner.ml];
  const t = `${negated ? "−" : ""}${half ? "½ " : ""}${count === 1 ? "" : `1/${count} `}${inner.t}`;
  return formula(row(...ml), t, PRODUCT);
}

// One weight, many uses: the weight on every edge that uses it, and its gradient as the sum over its uses.

/** The parameter and its gate on the edge from one node to another; null where no weight is. */
function weightOn(from, to) {
  if (to.name === "o") return { name: "W_y", gate: "" };
  if (to.kind !== "pre-activation") return null;
  const gate = to.name === "q" ? "n" : (to.name.split("_")[1] ?? "");
  if (from.name === "x") return { name: "W_x", gate };
  return from.name === "h" && (to.name === "q" || to.name.startsWith("a")) ? { name: "W_h", gate } : null;
}

/** The letter of a weight on an edge: W_x, or W_xi for the columns of a gate. */
const weightLetter = ({ name, gate }) => symbol(columnLetter(name, gate)).t;

/** A point of an edge for its weight; the edges to the gates of a cell lie close, so their letters stand in turn. */
function besideEdge(path, { name, gate }) {
  const order = "figorzn".indexOf(gate || "-");
  const part = order < 0 ? ALONE[name] : PARTS[name][order];
  const { x, y } = path.getPointAtLength(part * path.getTotalLength());
  return { x, y };
}
const ALONE = { W_x: 0.5, W_h: 0.42, W_y: 0.5 }; // parts of the length
const PARTS = {
  W_x: [0.66, 0.45, 0.66, 0.45, 0.66, 0.55, 0.55], // for the gates f i g o r z n
  W_h: [0.62, 0.42, 0.68, 0.49, 0.68, 0.62, 0.49],
};

/** What a use multiplies: the gradient of W_h at step k is h_(k-1)ᵀ times the adjoint of its product. */
function useFormula(name, { cell, slips: on }, step) {
  const adjoint =
    name === "W_y" || name === "b_y"
      ? symbol("do", step)
      : symbol(cell === "gru" && /^(W_h|b_hn)$/.test(name) ? "dk" : "da", step);
  if (name.startsWith("b")) return adjoint;
  const input = on?.has("earlier-input") && step > 1 ? slipped(symbol("x", step - 1)) : symbol("x", step);
  const state = on?.has("later-state") ? slipped(symbol("h", step)) : symbol("h", step - 1);
  const left = { W_x: input, W_h: state, W_y: symbol("h", step) }[name];
  return dot(transposed(left), adjoint);
}

/** The panel of one weight: a line per use, and their sum. */
function showWeight(board) {
  const { gradient, row, trace } = board;
  const { name } = gradient;
  const uses = gradient.uses(row);
  const total = uses.map(({ value }) => value).reduce((a, b) => added(a, b));
  const largest = Math.max(...uses.map(({ value }) => length(value)), 1e-300);
  const scalar = [total].flat(Infinity).length === 1;
  const parts = uses.map(({ step, value }) => of(`use/${step}`, useFormula(name, board.model.net, step)));
  const shown =
    parts.length > 12
      ? [...parts.slice(0, 5), { ml: "<mo>⋯</mo>", t: "…", binding: 2, value: null }, ...parts.slice(-5)]
      : parts;
  const equations = [line("", gradient.symbol, "Symbol"), line("=", summed(shown), "The sum over its uses")];
  if (scalar && uses.length <= 12)
    equations.push(line("=", summed(uses.map(({ step, value }) => of(`use/${step}`, numbers(value)))), "With numbers"));
  if (printed(total)) equations.push(line("=", printed(total), "Result"));
  const lines = uses.map(({ step, value }) =>
    make(
      "li",
      { "data-use": step },
      make("span", { class: "at" }, `step ${step}`),
      make("span", { class: "bar" }, make("span", { style: `width:${(100 * length(value)) / largest}%` })),
      make(
        "span",
        { class: "norm", "data-value": String(length(value)) },
        number(scalar ? [value].flat(Infinity)[0] : length(value)),
      ),
    ),
  );
  const rolled = make(
    "button",
    { type: "button", "aria-pressed": String(board.rolled), onclick: () => board.roll() },
    board.rolled ? "Unroll" : "Roll up",
  );
  const example = trace.rows > 1 ? `, ${rowName(trace, row)}` : "";
  const sentence = `, used at ${uses.length} step${uses.length > 1 ? "s" : ""}: its gradient is the sum over its uses${example}.`;
  writePanel(
    board,
    make(
      "div",
      {},
      make("div", { class: "choose" }, make("span", { class: "kind" }, "gradient of"), parameterPicker(board), rolled),
      make("p", { class: "kind" }, "One ", math(symbol(name)), sentence),
      make("div", { class: "equation" }, ...equations, ...slipNotes(slips.ofUse(board.model.net, name))),
      make("ol", { class: "product uses" }, ...lines),
    ),
    make(
      "div",
      {},
      make("div", { class: "matrices" }, parameterTable(board, longName(name), board.epoch.parameters[longName(name)])),
      make(
        "div",
        { class: "matrices" },
        ...uses.slice(0, 12).map(({ step, value }) => matrixTable(`use at step ${step}`, value)),
        matrixTable("sum over the uses", total),
      ),
    ),
  );
}

/** The network before it is unrolled: one cell with a line back to itself. */
function rolledDrawing(board) {
  const { architecture, steps } = board.trace;
  const cell = LEGEND[architecture.cell];
  const box = (x, y, width, text, kind) => [
    draw("rect", { class: `shape ${kind}`, x: x - width / 2, y: y - 24, width, height: 48, rx: 12 }),
    label(text, { x, y: y + 5, "text-anchor": "middle" }),
  ];
  const arrow = (d, name, x, y) => {
    const line_ = draw("path", { class: "edge", d, "data-weight": name });
    return [line_, name ? label(symbol(name).t, { class: "weight", "data-weight": name, x, y }) : null];
  };
  const svg = draw("svg", {
    class: "rolled",
    viewBox: "0 0 460 430",
    role: "img",
    "aria-label": `The network rolled up: ${cell} with the state of step t − 1 as second input, used at ${steps} steps`,
  });
  svg.append(
    ...[
      arrow("M200 350L200 262", "W_x", 210, 315),
      arrow("M200 206L200 144", "W_y", 210, 182),
      arrow("M200 96L200 62", null),
      arrow("M270 234C420 234 420 130 320 130C250 130 232 160 232 204", "W_h", 345, 122),
      box(200, 374, 60, "x_t", "box"),
      box(200, 234, 140, `${cell}: h_t`, "box"),
      box(200, 120, 60, "ŷ_t", "box"),
      box(200, 38, 60, "L_t", "box"),
      label(`the state of step t − 1 comes back, for t = 1 … ${steps}`, {
        class: "time",
        x: 230,
        y: 422,
        "text-anchor": "middle",
      }),
    ]
      .flat(Infinity)
      .filter(Boolean),
  );
  return svg;
}

/** Light every use of a weight: its edges and, in the list, nothing more. */
function listenToWeights(board) {
  const named = (event) => event.target.closest?.("[data-weight]")?.dataset.weight ?? null;
  board.root.addEventListener("pointerover", (event) => board.lightWeight(named(event)));
  board.root.addEventListener("pointerleave", () => board.lightWeight(null));
  board.root.addEventListener("focusin", (event) => board.lightWeight(named(event)));
  board.stage.addEventListener("click", (event) => {
    const name = event.target.closest?.("text[data-weight]")?.dataset.weight;
    if (name) board.showParameter(name);
  });
}

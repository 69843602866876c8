// The panel beside the drawing: one node in symbols, with numbers, and its result.

const KINDS = {
  input: "input",
  initial: "initial state",
  "pre-activation": "pre-activation",
  gate: "gate",
  candidate: "candidate",
  cell: "cell state",
  state: "state",
  readout: "input of the output layer",
  "output-sum": "output before its activation",
  output: "output",
  loss: "loss term",
  total: "loss",
  "adjoint-output": "adjoint of the output",
  "adjoint-sum": "adjoint of the output before its activation",
  "adjoint-readout": "adjoint of the output layer's input",
  "adjoint-state": "adjoint of the state",
  "adjoint-cell": "adjoint of the cell state",
  "adjoint-pre-activation": "adjoint of the pre-activation",
  "adjoint-initial": "adjoint of the initial state",
  update: "update",
};

/** One line of mathematics, which scrolls if it is too long for the screen. */
function line(sign, formula, name) {
  const element = make("div", { class: "line", role: "group", "aria-label": name });
  element.append(make("span", { class: "sign", "aria-hidden": "true" }, sign), math(formula));
  element.written = formula.t;
  return element;
}

function rewrite(element, formula) {
  element.lastChild.replaceWith(math(formula));
  element.written = formula.t;
}

/** Symbol, equation, equation with numbers, result: of one example, or of all. */
function equation(node, row = null) {
  const lines = [line("", node.symbol, "Symbol")];
  for (const [name, said] of SIDES) {
    const formula = side(node, name, row);
    if (formula) lines.push(line("=", formula, said));
  }
  return make("div", { class: "equation" }, ...lines, ...slipNotes(node.slips ?? []));
}

/** One sentence for each printed error that a formula follows. */
const slipNotes = (ids) =>
  slips.SLIPS.filter(({ id }) => ids.includes(id)).map(({ note, printed: wrong, right }) =>
    make("p", { class: "note" }, `Slip of note ${note}: `, ...written(wrong), " (right: ", ...written(right), ")"),
  );

const SIDES = [
  ["equation", "Equation in symbols"],
  ["numbers", "With numbers"],
  ["result", "Result"],
];

/** The operands: parameters as tables, other nodes as links. */
function sources(board, node) {
  const { epoch } = board;
  const ids = [...new Set(node.inputs)];
  const parameters = ids.filter((id) => id in epoch.parameters);
  const chips = ids.map((id) => chip(board, id)).filter(Boolean);
  return [
    chips.length ? make("div", { class: "chips" }, make("span", { class: "chips-title" }, "enters"), ...chips) : null,
    parameters.length
      ? make(
          "div",
          { class: "matrices" },
          ...parameters.map((name) => parameterTable(board, name, epoch.parameters[name])),
        )
      : null,
  ];
}

/** A link to a node of the drawing, or to its adjoint; null if the drawing does not show it. */
function chip(board, id) {
  const item = board.drawing.items.find(({ forward, backward }) => forward?.id === id || backward?.id === id);
  if (!item) return null;
  const name = item.backward?.id === id ? "backward" : "forward";
  const go = () => board.pick(item, { focus: true, as: item[name] });
  return make("button", { type: "button", class: "chip", onclick: go }, ...spell(item[name].symbol.t));
}

/** Everything about the panel of a gradient but its numbers, as text. */
function panelForm(board) {
  const { view, parameterIndex, pathIndex, row, reached, rolled } = board;
  const settings = board.model && changes.settingsOf(board.model);
  return JSON.stringify([settings, view, parameterIndex, pathIndex, row, reached, rolled, notation.name]);
}
const samePanel = (board) => board.model && board.panel.form === panelForm(board);

/** Write the panel of a gradient; as long as everything but the numbers stays the same, only what differs. */
function writePanel(board, ...parts) {
  if (samePanel(board)) {
    renew(board.panel, parts);
    refreshHandles(board.panel, board);
  } else board.panel.replaceChildren(...parts);
  board.panel.form = panelForm(board);
}

/** The panel of one node; as long as node, letters and form stay the same, only numbers are written. */
class NodePanel {
  constructor(board) {
    this.board = board;
  }

  show(node) {
    const { board } = this;
    const formulas = Object.fromEntries(SIDES.map(([name]) => [name, side(node, name, board.row)]));
    const form = JSON.stringify([
      board.model && changes.settingsOf(board.model),
      node.id,
      board.row,
      notation.name,
      Object.values(formulas).map(Boolean),
    ]);
    const same = board.model && this.form === form && board.panel.contains(this.value);
    this.form = form;
    if (same) this.refresh(node, formulas);
    else this.build(node);
  }

  build(node) {
    const { board } = this;
    const where =
      node.t === null ? "" : node.t === 0 || node.kind === "initial" ? "before the first step" : `step ${node.t}`;
    const layer = node.layer !== null && board.trace.architecture.num_layers > 1 ? `layer ${node.layer}` : "";
    const example = board.trace.rows > 1 && board.model ? rowName(board.trace, board.row) : "";
    const heading = [KINDS[node.kind] ?? node.kind, where, layer, example].filter(Boolean).join(" · ");
    this.equation = equation(node, board.row);
    this.value = valueTable(board, node);
    board.panel.form = null;
    board.panel.replaceChildren(
      make("p", { class: "kind" }, heading),
      this.equation,
      make("div", { class: "matrices" }, this.value),
      ...sources(board, node).filter(Boolean),
    );
  }

  refresh(node, formulas) {
    for (const [name, said] of SIDES.slice(1)) {
      const element = this.equation.querySelector(`.line[aria-label="${said}"]`);
      if (element && element.written !== formulas[name].t) rewrite(element, formulas[name]);
    }
    const numbers_ = shownPart(rowsOf(node, this.board.trace)).flat();
    if (!this.value.querySelector(".handle")) refreshTable(this.value, (_, i) => numbers_[i]);
    refreshHandles(this.board.panel, this.board);
  }
}

/** One sentence for a screen reader. */
function spoken(node, row) {
  const values = ofRow(node, row).slice(0, 8).map(number).join(", ");
  const equation_ = node.equation ? ` = ${translatedText(node.equation.t)}` : "";
  return `${translatedText(node.symbol.t)}${equation_} = ${values}`;
}

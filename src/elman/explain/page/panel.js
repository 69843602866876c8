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
  return make(
    "div",
    { class: "line", role: "group", "aria-label": name },
    make("span", { class: "sign", "aria-hidden": "true" }, sign),
    math(formula),
  );
}

/** Symbol, equation, equation with numbers, result: of one example, or of all. */
function equation(node, row = null) {
  const lines = [line("", node.symbol, "Symbol")];
  for (const [name, said] of SIDES) {
    const formula = side(node, name, row);
    if (formula) lines.push(line("=", formula, said));
  }
  return make("div", { class: "equation" }, ...lines);
}
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
  const nodes = ids
    .map((id) => board.drawing.items.find((item) => item.forward?.id === id || item.backward?.id === id))
    .filter(Boolean);
  const chips = nodes.map((item, i) => {
    const own = ids.filter((id) => !(id in epoch.parameters))[i];
    const shown = item.backward?.id === own ? item.backward : item.forward;
    return make(
      "button",
      { type: "button", class: "chip", onclick: () => board.pick(item, { focus: true, as: shown }) },
      ...spell(shown.symbol.t),
    );
  });
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

function showNode(board, node) {
  const where =
    node.t === null ? "" : node.t === 0 || node.kind === "initial" ? "before the first step" : `step ${node.t}`;
  const layer = node.layer !== null && board.trace.architecture.num_layers > 1 ? `layer ${node.layer}` : "";
  const example = board.trace.rows > 1 && board.model ? rowName(board.trace, board.row) : "";
  const heading = [KINDS[node.kind] ?? node.kind, where, layer, example].filter(Boolean).join(" · ");
  board.panel.replaceChildren(
    make("p", { class: "kind" }, heading),
    equation(node, board.row),
    make("div", { class: "matrices" }, valueTable(board, node)),
    ...sources(board, node).filter(Boolean),
  );
}

/** One sentence for a screen reader. */
function spoken(node, row) {
  const values = ofRow(node, row).slice(0, 8).map(number).join(", ");
  return `${node.symbol.t}${node.equation ? ` = ${node.equation.t}` : ""} = ${values}`;
}

// The form of the network: cell, activation, loss, sizes, depth.

const NAMES = {
  rnn: "RNN",
  lstm: "LSTM",
  gru: "GRU",
  identity: "identity",
  tanh: "tanh",
  sigmoid: "σ",
  relu: "ReLU",
  softmax: "softmax",
};

/** A select with a name, and a letter beside it; change is called with the chosen value. */
function chooser(name, options, change, letter = null) {
  const select = make("select", { "aria-label": name, onchange: () => change(select.value) });
  select.append(...options.map(([value, text]) => make("option", { value }, text)));
  const shown = letter ? [`${name} `, math(letter), " "] : [`${name} `];
  return { select, element: make("label", { class: "choice" }, ...shown, select) };
}

const counted = (most) => Array.from({ length: most }, (_, i) => [String(i + 1), String(i + 1)]);
const named = (values) => values.map((value) => [value, NAMES[value]]);

class Setup {
  constructor(board) {
    this.board = board;
    const { MOST, LOSSES } = changes;
    const set = (name, act) => (value) =>
      board.change(act(board.model, value), [`${name}: ${NAMES[value] ?? LOSSES[value] ?? value}`]);
    const whole = (act) => (model, value) => act(model, Number(value));
    this.choices = {
      cell: chooser("Cell", named(["rnn", "lstm", "gru"]), set("cell", changes.withCell)),
      activation: chooser(
        "Activation",
        named(["tanh", "sigmoid", "relu", "identity"]),
        set("activation", changes.withActivation),
      ),
      H: chooser("Units", counted(MOST.H), set("units", whole(changes.withHidden)), symbol("H")),
      T: chooser("Steps", counted(MOST.T), set("steps", whole(changes.withSteps)), symbol("T")),
      readout: chooser(
        "Output",
        [
          ["every", "at every step"],
          ["last", "at the last step"],
        ],
        set("output", changes.withReadout),
      ),
      output: chooser("Output activation", [], set("output activation", changes.withOutput), symbol("yhat")),
      loss: chooser("Loss", Object.entries(LOSSES), set("loss", changes.withLoss)),
      depth: chooser("BPTT depth", [], (value) =>
        board.change(changes.withDepth(board.model, value === "all" ? null : Number(value)), [`BPTT depth: ${value}`]),
      ),
    };
    this.element = make(
      "details",
      { class: "setup" },
      make("summary", {}, "Change the network"),
      make("div", { class: "choices" }, ...Object.values(this.choices).map(({ element }) => element)),
    );
  }

  /** Show the form of the board's model. */
  update() {
    const { net } = this.board.model;
    const { T, H } = changes.sizesOf(this.board.model);
    const fill_ = ({ select }, options) =>
      select.replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
    fill_(this.choices.output, named(changes.OUTPUTS[net.loss]));
    fill_(this.choices.depth, [["all", "all"], ...counted(T)]);
    const values = {
      cell: net.cell,
      activation: net.activation,
      H,
      T,
      readout: net.readout,
      output: net.output,
      loss: net.loss,
      depth: net.depth ?? "all",
    };
    for (const [name, value] of Object.entries(values)) this.choices[name].select.value = String(value);
    this.choices.activation.element.hidden = net.cell !== "rnn";
  }
}

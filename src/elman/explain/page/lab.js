// The vanishing-gradient laboratory: how much of the gradient arrives at every earlier state, for three cells.

const UNITS = 2;
const LAB = { width: 420, height: 230, left: 58, right: 8, top: 12, bottom: 30, low: -12, high: 6 }; // powers of ten
const CELL_NAMES = [
  ["rnn", "RNN"],
  ["lstm", "LSTM"],
  ["gru", "GRU"],
];

/** A rotation times the spectral radius: every eigenvalue has this absolute value. */
function turned(radius, blocks) {
  const [cosine, sine] = [radius * Math.cos(0.5), radius * Math.sin(0.5)];
  const repeated = (row) => Array.from({ length: blocks }, () => row).flat();
  return [repeated([cosine, -sine]), repeated([sine, cosine])];
}

/** One cell of two units: 1 at the first step, then 0.1; one output after the last step. */
function labModel(cell, { T, radius, activation, bias }) {
  const G = { rnn: 1, lstm: 4, gru: 3 }[cell];
  const b = Array.from({ length: G * UNITS }, () => 0);
  const gate = { lstm: 1, gru: 1 }[cell]; // the forget gate f, or z, which keeps the old state
  if (gate) for (let j = 0; j < UNITS; j += 1) b[gate * UNITS + j] = bias;
  const weights = {
    W_x: [Array.from({ length: G * UNITS }, (_, j) => (j % 2 ? -0.4 : 0.5))],
    W_h: turned(radius, G),
    b,
    W_y: [[1], [1]],
  };
  const net = {
    cell,
    activation,
    output: "identity",
    loss: "half_squared_error",
    reduction: "sum",
    readout: "last",
    depth: null,
    rate: 0.1,
    weights,
    trained: [],
  };
  const data = { x: Array.from({ length: T }, (_, t) => [[t ? 0.1 : 1]]), y: [[1]], h0: [[0, 0]], c0: [[0, 0]] };
  return { net, data };
}

/** ‖∂L/∂s_k‖ for k = 1 … T, with s = h, or (h, c) for an LSTM. */
function adjointNorms({ net, data }) {
  const run = forward(net, data);
  const [backs] = onePassBack(run);
  const { dh, dc } = fromOutput(net, run.outputs[0][run.T]);
  const states = [...backs.slice(2).map((back) => [back.dh, back.dc ?? []]), [dh, dc ?? []]];
  return states.map((state) => norm(state));
}

class Laboratory {
  constructor(root, curves) {
    this.root = root;
    this.curves = curves;
    this.values = { T: 30, radius: 0.9, activation: "tanh", bias: 1 };
    this.charts = make("div", { class: "charts" });
    const slider = (key, name, min, max, step) => {
      const now = make("output", {}, String(this.values[key]));
      const input = make("input", {
        type: "range",
        min,
        max,
        step,
        value: this.values[key],
        "aria-label": name,
        oninput: () => {
          this.values[key] = Number(input.value);
          now.textContent = input.value;
          this.draw();
        },
      });
      return make("label", { class: "choice" }, `${name} `, input, now);
    };
    const choice = chooser(
      "Activation",
      ["tanh", "sigmoid", "relu", "identity"].map((name) => [name, NAMES[name]]),
      (value) => {
        this.values.activation = value;
        this.draw();
      },
    );
    root.append(
      make(
        "div",
        { class: "choices" },
        slider("radius", "Recurrent weight (spectral radius)", 0, 2, 0.05),
        slider("T", "Steps T", 2, 50, 1),
        slider("bias", "Bias of the forget gate (GRU: of z)", -3, 6, 0.5),
        choice.element,
      ),
      this.charts,
    );
    this.draw();
    root.dataset.ready = "";
  }

  draw() {
    const computed = CELL_NAMES.map(([cell, name]) => {
      const norms = adjointNorms(labModel(cell, this.values));
      return [
        cell === "rnn" ? `${NAMES[this.values.activation]} ${name}` : name,
        norms.map((value) => value / (norms.at(-1) || 1)),
        cell,
      ];
    });
    const own = this.curves.map(({ name, relative }) => [name, [...relative].reverse(), "own"]);
    this.charts.replaceChildren(...[...own, ...computed].map(([name, values, kind]) => labChart(name, values, kind)));
  }
}

/** Bars of the gradient at every state relative to the last one, and above them the product of the factors. */
function labChart(name, values, kind) {
  const T = values.length;
  const x = (k) => LAB.left + ((LAB.width - LAB.left - LAB.right) * k) / T;
  const power = (value) => clamp(value > 0 ? Math.log10(value) : LAB.low, LAB.low, LAB.high);
  const y = (exponent) =>
    LAB.top + ((LAB.height - LAB.top - LAB.bottom) * (LAB.high - exponent)) / (LAB.high - LAB.low);
  const ticks = [6, 0, -6, -12].map((exponent) =>
    draw(
      "g",
      { class: exponent ? "tick" : "tick one" },
      draw("path", { d: `M${LAB.left} ${y(exponent)}H${LAB.width - LAB.right}` }),
      label(exponent ? `1e${exponent}`.replace("-", "−") : "1", {
        x: LAB.left - 6,
        y: y(exponent) + 4,
        "text-anchor": "end",
      }),
    ),
  );
  const width = Math.max(1.5, (x(1) - x(0)) * 0.72);
  const bars = values.map((value, i) => {
    const [from, to] = [y(0), y(power(value))];
    const size = Math.max(1.5, Math.abs(to - from));
    return draw(
      "rect",
      {
        class: value > 1 ? "grows" : "shrinks",
        x: x(i + 0.5) - width / 2,
        y: Math.min(from, to),
        width,
        height: size,
        "data-value": String(value),
      },
      draw("title", {}, `k = ${i + 1}: ${number(value)}`),
    );
  });
  const state = kind === "lstm" ? "(h, c)" : "h";
  const said = `${name}: at step 1 arrives ${number(values[0])} of what arrives at step ${T}`;
  return make(
    "figure",
    { class: `lab ${kind}`, "data-cell": kind },
    make("figcaption", {}, make("strong", {}, name), make("span", { class: "product-line" }, productLine(values))),
    draw(
      "svg",
      {
        viewBox: `0 0 ${LAB.width} ${LAB.height}`,
        role: "img",
        "aria-label": `${said}, the gradient of the state ${state}`,
      },
      ...ticks,
      ...bars,
      ...[1, T].map((k) =>
        label(`k = ${k}`, { x: x(k - 0.5), y: LAB.height - 8, "text-anchor": k === 1 ? "start" : "end" }),
      ),
    ),
  );
}

/** The factors from the last step to the first, and their product. */
function productLine(values) {
  const factors = values
    .slice(0, -1)
    .map((value, i) => value / (values[i + 1] || 1))
    .reverse();
  if (!factors.length) return "";
  const shown =
    factors.length > 5 ? [...factors.slice(0, 3).map(number), "…", number(factors.at(-1))] : factors.map(number);
  return `${shown.join(" · ")} = ${number(values[0])}, ${factors.length} factors`;
}

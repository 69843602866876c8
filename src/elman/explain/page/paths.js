// Backpropagation path by path: the terms, the product of each, and their sum; of one example or of all.

/** The product of factors of a path: its lengths on the way back, for one example or all. */
function chainOf(detail, path) {
  if (path.chain_id === null) return null;
  return detail.live ? detail.chain(path.path) : detail.chains.find(({ id }) => id === path.chain_id);
}

/** A factor by its id. */
const factorOf = (detail, id) => (detail.live ? detail.factor(id) : detail.factors[id]);

/** What a path adds to the gradient: of one example on a board that computes, else of all. */
const ownPart = (path, row) => (path.ofRow && row !== null ? path.ofRow(row) : path.contribution);
const length = (value) => Math.hypot(...[value].flat(Infinity));

/** A path with the data of its drawing and its panel. */
function pathOf(detail, gradient, path, row) {
  const chain = chainOf(detail, path);
  const one = row !== null && chain?.running[0].rows;
  const steps = chain ? chain.running.map(({ step, norm, rows }) => ({ step, norm: one ? rows[row] : norm })) : [];
  const largest = Math.max(...steps.map(({ norm }) => norm), 1e-300);
  const own = ownPart(path, row);
  return {
    t: path.t,
    k: path.k,
    kept: path.kept,
    chain: path.chain,
    immediate: path.immediate,
    equation: path.equation,
    numbers: side(path, "numbers", row),
    contribution: path.contribution,
    own,
    parameter: gradient.parameter,
    symbol: gradient.symbol,
    steps: steps.length ? steps : [{ step: path.t, norm: length(own) }],
    factors: chain ? chain.factors : [],
    relative: (i) => (steps.length ? steps[i].norm / largest : 1),
  };
}

const pathName = (path) =>
  path.k === null ? `output ${path.t ?? "layer"}` : `from output ${path.t ?? "layer"} to step ${path.k}`;

/** The norm of a path as the attributes of its button. */
const normOf = (path, value, largest) => ({
  style: `--s:${Math.round((100 * value) / largest)}%`,
  "data-value": String(value),
  "aria-label": `Path ${pathName(path)}${path.chain === "reverse" ? ", reverse" : ""}: norm ${number(value)}${path.kept ? "" : ", dropped"}`,
});

/** A grid of outputs (rows) and steps (columns): a triangle for one output per step, one row for a single output. */
function pathGrid(board) {
  const { gradient, row } = board;
  const lengths = new Map(
    gradient.paths.map((path) => [path, path.ofRow && row !== null ? length(path.ofRow(row)) : path.norm]),
  );
  const largest = Math.max(...lengths.values(), 1e-300);
  const shown = samePanel(board) && board.panel.querySelector(".grid");
  if (shown) {
    for (const one of shown.querySelectorAll(".path")) {
      const path = gradient.paths[one.dataset.path];
      for (const [name, text] of Object.entries(normOf(path, lengths.get(path), largest))) setOnce(one, name, text);
      one.textContent = number(lengths.get(path));
    }
    return make("table"); // in place of the one that is kept
  }
  const outputs = [...new Set(gradient.paths.map(({ t }) => t))];
  const columns = [...new Set(gradient.paths.map(({ k }) => k))].sort((a, b) => a - b);
  const button = (path, index) =>
    make(
      "button",
      {
        type: "button",
        class: `path${path.kept ? "" : " dropped"}`,
        "aria-pressed": String(index === board.pathIndex),
        "data-path": index,
        ...normOf(path, lengths.get(path), largest),
        onclick: () => board.pickPath(index, true),
      },
      number(lengths.get(path)),
    );
  const cells = outputs.map((t) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, ...spell(t === null ? "L" : `L_${t}`)),
      ...columns.map((k) =>
        make(
          "td",
          {},
          ...gradient.paths
            .map((path, index) => (path.t === t && path.k === k ? button(path, index) : null))
            .filter(Boolean),
        ),
      ),
    ),
  );
  const head = make(
    "tr",
    {},
    make("td", { class: "corner" }),
    ...columns.map((k) => make("th", { scope: "col" }, k === null ? "output layer" : `k = ${k}`)),
  );
  return make(
    "table",
    { class: "grid", "data-kept": "" },
    make("caption", {}, "Norm of every path, from a loss term to a step k"),
    make("thead", {}, head),
    make("tbody", {}, ...cells),
  );
}

/** The product after every factor, as bars. */
function productBars(board, path) {
  const largest = Math.max(...path.steps.map(({ norm }) => norm), 1e-300);
  const bars = path.steps.map(({ step, norm }, i) => {
    const ratio = i === 0 || path.steps[i - 1].norm === 0 ? null : norm / path.steps[i - 1].norm;
    const word = ratio === null ? "" : ratio < 1 ? "shrinks" : ratio > 1 ? "grows" : "";
    return make(
      "li",
      {
        class: `${i <= board.reached ? "walked" : "ahead"} ${word}`,
        "aria-current": i === board.reached ? "step" : null,
      },
      make("span", { class: "at" }, step === null ? "output" : `step ${step}`),
      make("span", { class: "bar" }, make("span", { style: `width:${(100 * norm) / largest}%` })),
      make("span", { class: "norm", "data-value": String(norm) }, number(norm)),
      make("span", { class: "ratio" }, ratio === null ? "" : `× ${number(ratio)}`),
    );
  });
  return make(
    "ol",
    { class: "product", "aria-label": "Length of the product of factors, step by step back in time" },
    ...bars,
  );
}

/** The latest factor of the product, for the displayed example. */
function factorTables(board, path) {
  const row = board.row ?? 0;
  const ids = path.factors.length
    ? board.reached === 0
      ? path.factors.slice(0, 2)
      : [path.factors[board.reached + 1]]
    : [];
  if (path.immediate && board.reached === path.steps.length - 1) ids.push(path.immediate);
  return make(
    "div",
    { class: "matrices" },
    ...ids
      .map((id) => [id, id && factorOf(board.detail, id)])
      .filter(([, factor]) => factor)
      .map(([id, factor]) => {
        const value = factor.value[row];
        const shape = shapeOf(value);
        const flat = shape.length > 2 ? value.map((part) => part.flat(Infinity)) : value;
        const names = () => stateNames(board.trace, path.chain);
        const rows = /^ds/.test(id) && shape.length > 1 ? names() : null;
        const ofState = /^(ds|dy)\/ds/.test(id) && shape.length === 2 && !id.startsWith("ds/dθ");
        const columns = ofState && shape.at(-1) === names().length ? names() : null;
        return matrixTable(factor.symbol, flat, { shape: shape.join(" × "), rows, columns });
      }),
  );
}

/** Headings for the components of a state: h 1, h 2, c 1, c 2. */
function stateNames(trace, chain) {
  const { parts } = trace.states.find((state) => state.chain === chain) ?? trace.states[0];
  const layers = trace.architecture.num_layers > 1;
  return parts.flatMap(({ name, layer, size }) =>
    Array.from({ length: size }, (_, j) => [
      ...spell(`${name}${layers ? `⁽${"⁰¹²³⁴⁵⁶⁷⁸⁹"[layer] ?? layer}⁾` : ""}`),
      size > 1 ? ` ${j + 1}` : "",
    ]),
  );
}

/** The components of s, if it is more than h. */
function stateNote(board, path) {
  const state = board.trace.states.find(({ chain }) => chain === path.chain);
  if (!state || state.parts.length < 2) return null;
  return make("p", { class: "kind" }, "s", make("sub", {}, "t"), " = ", math(state.symbol));
}

function sums(board) {
  const { trace, gradient } = board;
  const columns = gateColumns(trace, gradient.parameter, [gradient.sum[0]].flat(1).length);
  const dropped = gradient.paths.some(({ kept }) => !kept);
  const table = (title, value) => matrixTable(title, value, { columns });
  return make(
    "div",
    { class: "matrices sums" },
    table(dropped ? "sum of the kept paths" : "sum of the paths", gradient.sum),
    dropped ? table("sum of all paths", gradient.all_paths) : null,
    table("backpropagation", gradient.backpropagation),
    make("div", { class: "differences" }, differencesTable(board)),
  );
}

/** The finite differences once they are computed; until then those that are shown stay (see Board.later). */
function differencesTable(board) {
  const { detail, gradient } = board;
  const shown = board.panel.querySelector(".differences");
  if (detail.live && !detail.knowsDifferences(gradient.name)) return shown && [...shown.childNodes];
  const columns = gateColumns(board.trace, gradient.parameter, [gradient.sum[0]].flat(1).length);
  return matrixTable("finite differences", gradient.finite_differences, { columns });
}

/** Write the finite differences, after the checks have computed them. */
function showDifferences(board) {
  const holder = board.panel.querySelector(".differences");
  if (holder) renew(holder, [differencesTable(board)]);
}

function showPath(board) {
  const { path, gradient } = board;
  const first = [
    make("div", { class: "choose" }, make("span", { class: "kind" }, "gradient of"), parameterPicker(board)),
    make("div", { class: "scroll", role: "group", "aria-label": "Grid of paths" }, pathGrid(board)),
    make(
      "div",
      { class: "equation" },
      line("", path.equation, "Factors of this path"),
      path.numbers ? line("=", path.numbers, "With numbers") : "",
      path.numbers ? resultLine(path) : "",
      ...(board.model ? slipNotes(slips.ofPath(board.model.net, gradient.name)) : []),
    ),
    stateNote(board, path),
    productBars(board, path),
  ];
  const second = [
    factorTables(board, path),
    make("div", { class: "matrices own" }, ...ownTables(board, path)),
    make("p", { class: "kind" }, "all paths together"),
    sums(board),
  ];
  writePanel(board, make("div", {}, ...first), make("div", {}, ...second));
}

/** The product, if it is one number. */
function resultLine(path) {
  const values = [path.own].flat(Infinity);
  return values.length === 1 ? line("=", numbers(values[0]), "Result") : "";
}

/** What the path adds: for the chosen example, and the sum over the examples. */
function ownTables(board, path) {
  const dropped = path.kept ? "" : ", dropped";
  const whole = matrixTable(`this path${dropped}`, path.contribution);
  if (board.trace.rows === 1 || !board.model) return [whole];
  const each = board.row === null ? Array.from({ length: board.trace.rows }, (_, n) => n) : [board.row];
  const parts = each.map((n) =>
    matrixTable(`this path, ${rowName(board.trace, n)}${dropped}`, board.gradient.paths[board.pathIndex].ofRow(n)),
  );
  return [...parts, matrixTable(`this path, sum over the examples${dropped}`, path.contribution)];
}

/** The choice of the parameter whose gradient is shown. */
function parameterPicker(board) {
  const picker = new Picker("Parameter", (index) => board.pickParameter(index));
  const known = new Map(board.trace.parameters.map(({ name, symbol }) => [name, symbol]));
  const letters = board.detail.gradients.map(({ parameter, symbol }) => [known.get(parameter) ?? symbol]);
  picker.offer(letters, board.parameterIndex);
  return picker.element;
}

function spokenPath(board) {
  const { path, reached } = board;
  const { step, norm } = path.steps[reached];
  return `Path ${pathName(path)}. ${step === null ? "No step taken" : `Arrived at step ${step}`}; the product is now ${number(norm)}.`;
}

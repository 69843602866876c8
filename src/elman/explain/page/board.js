// One worked network: drawing, panel, training, and keyboard navigation.

const VIEWS = [
  ["forward", "Forward"],
  ["backward", "Backward"],
  ["paths", "Paths"],
  ["weights", "Weights"],
];
const MOST_EPOCHS = 2000;
const WIDE = 860; // wider drawings have the panel below them
const HELP =
  "Left and right arrow keys move through time, up and down through one step; N and P follow the order of computation.";

class Board extends Edits {
  constructor(root, trace, index) {
    super();
    this.model = computable(trace) ? { words: trace.words, rowNames: trace.row_names, ...modelOf(trace) } : null;
    this.source = this.model ? new Live(this.model, trace.epochs.length) : new Recorded(trace);
    this.history = new History(this.model);
    this.recorded = trace;
    Object.assign(this, {
      root,
      index,
      view: "forward",
      row: 0,
      epochIndex: 0,
      parameterIndex: 0,
      pathIndex: 0,
      reached: 0,
      rolled: false,
    });
    this.trace = this.model
      ? { ...changes.traceOf(this.model, trace.title), notes: trace.notes, stopping: trace.stopping }
      : trace;
    this.before = null;
    this.detail = this.source.detail(0);
    this.build();
    this.draw();
    this.item = this.lastState();
    this.pickParameter(0, false);
    this.refit();
    this.update();
    this.root.dataset.ready = "";
    if (this.model) this.computes();
  }

  /** A board that computes: handles, the address, and the comparison with the recorded numbers. */
  computes() {
    this.edits.update();
    this.setup.update();
    listenToHandles(this);
    listenToWeights(this);
    listenToLinks(this);
    this.fromAddress();
    setTimeout(() => this.compare());
  }

  /** Compute all recorded numbers again, and show the largest difference. */
  compare() {
    const { where, size, count } = largestGap(this.recorded);
    const numbers_ = [`${count.toLocaleString("en")} numbers`, this.recorded.left_out].filter(Boolean).join(", ");
    this.comparison = {
      name: `this page's arithmetic = reference (${numbers_})`,
      difference: size,
      limit: 1e-12,
      passed: size <= 1e-12,
      remark: departing(this.recorded),
    };
    this.root.dataset.compared = where;
    this.showChecks();
  }

  get epoch() {
    return this.source.epoch(this.epochIndex);
  }
  get gradient() {
    return this.detail.gradients[this.parameterIndex];
  }
  lastState() {
    const states = this.drawing.items.filter(({ forward }) => forward?.kind === "state" && forward.chain === "forward");
    return states.at(-1) ?? this.drawing.items[0];
  }

  build() {
    this.facts = make("p", { class: "facts-line" });
    this.buttons = VIEWS.filter(([view]) => this.model || view !== "weights").map(([view, name]) =>
      make("button", { type: "button", "data-view": view, onclick: () => this.setView(view) }, name),
    );
    this.rowSelect = make("select", {
      "aria-label": "Example",
      onchange: () => this.setRow(this.rowSelect.selectedIndex),
    });
    this.rowLabel = make("label", { class: "rows" }, "Example ", this.rowSelect);
    this.stage = make("div", { class: "drawing", role: "group", onkeydown: (event) => this.onKey(event) });
    this.slider = make("input", {
      type: "range",
      min: 1,
      step: 1,
      id: uniqueId("time"),
      oninput: () => this.setTime(Number(this.slider.value)),
    });
    this.now = make("span", { class: "now" });
    this.panel = make("div", { class: "panel", role: "group", "aria-label": "The selected number" });
    this.nodePanel = new NodePanel(this);
    this.live = make("p", { class: "unseen", role: "status" });
    this.training = new Training(this);
    this.edits = this.model ? new EditBar(this) : null;
    this.setup = this.model ? new Setup(this) : null;
    this.typing = this.model ? new Typing(this) : null;
    this.switches = this.model ? new Switches(this) : null;
    this.sheet = this.model ? new Sheet(this) : null;
    this.root.append(
      this.facts,
      make(
        "div",
        { class: "tools" },
        make("div", { class: "views", role: "group", "aria-label": "What to show" }, ...this.buttons),
        this.rowLabel,
        ...(this.model ? [this.setup.element, this.typing.element, this.switches.element, this.sheet.element] : []),
      ),
      ...(this.edits ? [this.edits.element] : []),
      make(
        "div",
        { class: "work" },
        make("div", { class: "left" }, this.stage, this.transport(), make("p", { class: "help" }, HELP)),
        this.panel,
      ),
      this.live,
      this.training.element,
      this.checks(),
      ...this.trace.notes.map((note) => make("p", { class: "note" }, note)),
    );
  }

  /** Everything outside the drawing that depends on the form of the network: facts, examples, sizes of sliders. */
  refit() {
    const { architecture: a, steps, rows } = this.trace;
    const facts = [
      this.trace.mode.replaceAll("-", " "),
      `${a.bidirectional ? "bidirectional " : ""}${a.cell === "rnn" ? `${a.activation} RNN` : a.cell.toUpperCase()}`,
      `${a.num_layers > 1 ? `${a.num_layers} layers of ` : ""}${[a.hidden_size].flat().join(" and ")} hidden unit${a.hidden_size === 1 ? "" : "s"}`,
      `${steps} step${steps > 1 ? "s" : ""}`,
      `${rows} example${rows > 1 ? "s" : ""}`,
      ...(this.model?.net.slips?.size ? [`${this.model.net.slips.size} slips switched on`] : []),
    ];
    if (this.trace.bptt_depth !== null)
      facts.push(`paths of at most ${this.trace.bptt_depth} step${this.trace.bptt_depth > 1 ? "s" : ""}`);
    this.facts.replaceChildren(
      ...facts.map((fact) => make("span", {}, fact)),
      make("span", { class: "loss" }, make("i", {}, "L"), " = ", math(this.trace.loss.equation)),
    );
    const names = Array.from({ length: rows }, (_, i) => rowName(this.trace, i));
    if (this.model && rows > 1) names.push(rowName(this.trace, null));
    this.rowSelect.replaceChildren(...names.map((name) => make("option", {}, name)));
    this.rowSelect.selectedIndex = this.row ?? rows;
    this.rowLabel.hidden = rows === 1;
    this.stage.setAttribute("aria-label", `${this.trace.title}. ${HELP}`);
    this.slider.max = steps;
  }

  /** Light the uses of a weight: the one pointed at, or the one of the view. */
  lightWeight(name) {
    const shown = name ?? (this.view === "weights" ? this.gradient.name : null);
    this.drawing.lightWeight(shown);
  }

  showParameter(name) {
    const index = this.detail.gradients.findIndex((gradient) => gradient.name === name);
    if (index < 0) return;
    this.view = "weights";
    this.pickParameter(index);
  }

  /** Show the network rolled up, or unrolled again. */
  roll() {
    this.rolled = !this.rolled;
    this.stage.replaceChildren(this.rolled ? rolledDrawing(this) : this.drawing.svg);
    this.update();
  }

  /** Write everything again in another notation. */
  rewrite() {
    this.drawing.rename();
    if (this.rolled) this.stage.replaceChildren(rolledDrawing(this));
    this.refit();
    this.update();
  }

  setRow(index) {
    this.row = index < this.trace.rows ? index : null;
    this.sheet?.update();
    this.update();
  }

  transport() {
    const step = (by, name, sign) =>
      make("button", { type: "button", class: "step", "aria-label": name, onclick: () => this.compute(by) }, sign);
    const time = [make("label", { for: this.slider.id, class: "time-label" }, "Time"), this.slider];
    return make(
      "div",
      { class: "transport" },
      step(-1, "Previous in the order of computation", "‹"),
      ...(this.trace.steps > 1 ? time : []),
      this.now,
      step(1, "Next in the order of computation", "›"),
    );
  }

  checks() {
    this.checkList = make("ul", { class: "checks", "aria-label": "Checks" });
    return this.checkList;
  }

  draw() {
    this.drawing = new Drawing(this.trace, this.detail, { onpick: (item) => this.pick(item, { focus: true }) });
    this.stage.replaceChildren(this.drawing.svg);
    this.root.classList.toggle("wide", this.drawing.plan.width > WIDE);
  }

  /** The displayed node: the adjoint in the backward view, if there is one. */
  get node() {
    if (this.view === "backward") return this.item.backward ?? this.item.forward;
    return this.item.forward ?? this.item.backward;
  }

  /** The chosen path; worked out again only when it is another one. */
  get path() {
    const { detail, parameterIndex, pathIndex, row } = this;
    const now = [detail, parameterIndex, pathIndex, row];
    if (!this.shownPath?.every((one, i) => one === now[i])) {
      this.shownPath = now;
      this.pathShown = pathOf(detail, this.gradient, this.gradient.paths[pathIndex], row);
    }
    return this.pathShown;
  }

  pick(item, { focus = false, as = null } = {}) {
    if (this.view === "paths") this.view = "forward";
    if (as)
      this.view = as === item.backward ? "backward" : this.view === "backward" && item.backward ? "forward" : this.view;
    if (!item.forward) this.view = "backward";
    this.item = item;
    this.update();
    if (focus) this.focus();
  }

  focus() {
    this.item.press.focus({ preventScroll: true });
    this.item.g.scrollIntoView({ block: "nearest", inline: "nearest", behavior: calm() ? "auto" : "smooth" });
  }

  setView(view) {
    this.view = view;
    if (this.rolled) this.roll();
    if (view === "backward" && !this.item.backward)
      this.item = this.drawing.items.find(({ backward }) => backward?.kind === "adjoint-state") ?? this.item;
    if (view !== "backward" && !this.item.forward)
      this.item = this.drawing.items.find(({ forward }) => forward?.kind === "state");
    this.update();
  }

  setEpoch(index) {
    this.epochIndex = clamp(index, 0, MOST_EPOCHS);
    this.source.count = Math.max(this.source.count, this.epochIndex + 1);
    const detail = this.source.detail(this.epochIndex);
    if (detail !== this.detail) {
      this.detail = detail;
      this.drawing.refresh(detail);
      this.reached = Math.min(this.reached, this.path.steps.length - 1);
    }
    this.drawing.flashing = true;
    this.update();
    this.drawing.flashing = false;
    this.drawing.settle();
  }

  stop() {
    this.training.stop();
  }

  pickParameter(index, update = true) {
    this.parameterIndex = index;
    const longest = this.gradient.paths.reduce((best, path, i, all) => (span(path) > span(all[best]) ? i : best), 0);
    this.pickPath(longest, false, update);
    if (update) this.panel.querySelector(".picker button")?.focus();
  }

  pickPath(index, focus = false, update = true) {
    this.pathIndex = index;
    this.reached = this.path.steps.length - 1;
    if (update) this.update();
    if (focus) this.panel.querySelector(`[data-path="${index}"]`)?.focus();
  }

  /** Scroll the drawing to the selected node without scrolling the page. */
  bringIntoView() {
    const shown_ = `${this.item.id} ${this.view} ${this.pathIndex} ${this.reached}`;
    if (shown_ === this.broughtIntoView) return;
    this.broughtIntoView = shown_;
    const box = this.stage.getBoundingClientRect();
    const band = this.view === "paths" ? this.drawing.bands[this.path.steps[this.reached].step - 1] : null;
    const shown = band ?? this.item.g;
    const node = shown.getBoundingClientRect();
    if (node.left < box.left || node.right > box.right)
      this.stage.scrollLeft += node.left + node.width / 2 - box.left - box.width / 2;
  }

  update() {
    const { view, item, row, reached } = this;
    setOnce(this.root, "data-view", view);
    setOnce(this.root, "data-cell", this.trace.architecture.cell);
    for (const button of this.buttons) setOnce(button, "aria-pressed", String(button.dataset.view === view));
    const path = view === "paths" ? this.path : null;
    this.drawing.update({ view, item, row, path, reached });
    this.lightWeight(null);
    if (path) showPath(this);
    else if (view === "weights") showWeight(this);
    else this.nodePanel.show(this.node);
    this.bringIntoView();
    const t = (path ? path.steps[reached].step : this.node.t) ?? this.trace.steps;
    this.slider.value = clamp(t, 1, this.trace.steps);
    this.slider.setAttribute("aria-valuetext", `step ${t} of ${this.trace.steps}`);
    this.now.textContent = `t = ${t} of ${this.trace.steps}`;
    this.live.textContent = path ? spokenPath(this) : spoken(this.node, row);
    this.training.update();
    this.later();
    this.afterUpdate?.();
  }

  /** What needs more time, or the finished layout, follows the update. */
  later() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(
      () => {
        this.showChecks();
        showDifferences(this);
        reachable(this.root);
      },
      this.model ? 60 : 0,
    );
  }

  showChecks() {
    this.checkList.replaceChildren(
      ...[this.comparison, ...this.detail.checks]
        .filter(Boolean)
        .map(({ name, difference, limit, passed, remark }) =>
          make(
            "li",
            { class: passed ? "passed" : "failed" },
            `${name}: ${passed ? "equal" : "NOT equal"}, largest difference ${difference === 0 ? "0" : difference.toExponential(1)}, limit ${limit.toExponential(0)}${remark ?? ""}`,
          ),
        ),
    );
  }
}

/** A remark on a training that enlarges rounding errors until the page and the recording differ. */
function departing(trace) {
  const epoch = departure(trace);
  if (epoch === null) return null;
  return `. Each epoch is compared from its recorded weights. This training enlarges rounding errors: from epoch ${epoch} on, the page's weights and the recorded ones differ by more than 1e-9`;
}

/** Make scrolling elements reachable by keyboard. */
function reachable(root) {
  for (const box of root.querySelectorAll(".matrix, .line, .scroll, .drawing")) {
    if (box.scrollWidth > box.clientWidth + 1) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  }
}

const span = ({ t, k }) => (k === null || t === null ? 0 : Math.abs(t - k));
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

setUpTheme();
reachable(document);
window.addEventListener("resize", () => reachable(document));
document.addEventListener("toggle", (event) => reachable(event.target), true); // what is folded has no width
for (const root of document.querySelectorAll(".laboratory")) new Laboratory(root, JSON.parse(root.dataset.curves));
const boards = [...document.querySelectorAll(".board")].map(
  (root, index) => new Board(root, DOCUMENT.traces[root.dataset.trace], index),
);
new Lecture(boards);
setUpNotation(boards);

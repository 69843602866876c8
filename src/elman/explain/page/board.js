// One worked network: drawing, panel, training, and keyboard navigation.

const VIEWS = [
  ["forward", "Forward"],
  ["backward", "Backward"],
  ["paths", "Paths"],
];
const WIDE = 860; // wider drawings have the panel below them
const HELP =
  "Left and right arrow keys move through time, up and down through one step; N and P follow the order of computation.";

class Board {
  constructor(root, trace) {
    Object.assign(this, {
      root,
      trace,
      view: "forward",
      row: 0,
      epochIndex: 0,
      parameterIndex: 0,
      pathIndex: 0,
      reached: 0,
    });
    this.detail = this.nearest(0).detail;
    this.build();
    this.draw();
    const whole = this.drawing.items.filter(({ forward }) => forward?.kind === "state" && forward.chain === "forward");
    this.item = whole.at(-1) ?? this.drawing.items[0];
    this.pickParameter(0, false);
    this.update();
    this.root.dataset.ready = "";
    if (computable(trace)) setTimeout(() => this.compare());
  }

  /** Compute every number of the recorded trace again, and show the largest difference. */
  compare() {
    const { where, size } = largestGap(this.trace);
    this.comparison = { name: "this page's arithmetic = reference", difference: size, limit: 1e-12, passed: size <= 1e-12 };
    this.root.dataset.compared = where;
    this.showChecks();
  }

  get epoch() {
    return this.trace.epochs[this.epochIndex];
  }
  get gradient() {
    return this.detail.gradients[this.parameterIndex];
  }

  /** The nearest epoch with full detail. */
  nearest(index) {
    const worked = this.trace.epochs
      .map((epoch, i) => [Math.abs(i - index), epoch])
      .filter(([, epoch]) => epoch.detail);
    return worked.sort((a, b) => a[0] - b[0])[0][1];
  }

  build() {
    const { architecture: a, steps, rows } = this.trace;
    const facts = [
      this.trace.mode.replaceAll("-", " "),
      `${a.bidirectional ? "bidirectional " : ""}${a.cell === "rnn" ? `${a.activation} RNN` : a.cell.toUpperCase()}`,
      `${a.num_layers > 1 ? `${a.num_layers} layers of ` : ""}${a.hidden_size} hidden unit${a.hidden_size > 1 ? "s" : ""}`,
      `${steps} step${steps > 1 ? "s" : ""}`,
      `${rows} example${rows > 1 ? "s" : ""}`,
    ];
    if (this.trace.bptt_depth !== null)
      facts.push(`paths of at most ${this.trace.bptt_depth} step${this.trace.bptt_depth > 1 ? "s" : ""}`);
    this.buttons = VIEWS.map(([view, name]) =>
      make("button", { type: "button", "data-view": view, onclick: () => this.setView(view) }, name),
    );
    this.rowSelect = make(
      "select",
      {
        "aria-label": "Example",
        onchange: () => {
          this.row = this.rowSelect.selectedIndex;
          this.update();
        },
      },
      ...Array.from({ length: rows }, (_, i) => make("option", {}, rowName(this.trace, i))),
    );
    this.stage = make("div", {
      class: "drawing",
      role: "group",
      "aria-label": `${this.trace.title}. ${HELP}`,
      onkeydown: (event) => this.onKey(event),
    });
    this.slider = make("input", {
      type: "range",
      min: 1,
      max: steps,
      step: 1,
      value: steps,
      id: uniqueId("time"),
      oninput: () => this.setTime(Number(this.slider.value)),
    });
    this.now = make("span", { class: "now" });
    this.panel = make("div", { class: "panel", role: "group", "aria-label": "The selected number" });
    this.live = make("p", { class: "unseen", role: "status" });
    this.training = new Training(this);
    this.root.append(
      make(
        "p",
        { class: "facts-line" },
        ...facts.map((fact) => make("span", {}, fact)),
        make("span", { class: "loss" }, make("i", {}, "L"), " = ", math(this.trace.loss.equation)),
      ),
      make(
        "div",
        { class: "tools" },
        make("div", { class: "views", role: "group", "aria-label": "What to show" }, ...this.buttons),
        rows > 1 ? make("label", { class: "rows" }, "Example ", this.rowSelect) : null,
      ),
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

  get path() {
    return pathOf(this.detail, this.gradient, this.gradient.paths[this.pathIndex]);
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
    if (view === "backward" && !this.item.backward)
      this.item = this.drawing.items.find(({ backward }) => backward?.kind === "adjoint-state") ?? this.item;
    if (view !== "backward" && !this.item.forward)
      this.item = this.drawing.items.find(({ forward }) => forward?.kind === "state");
    this.update();
  }

  setEpoch(index) {
    this.epochIndex = clamp(index, 0, this.trace.epochs.length - 1);
    const { detail } = this.nearest(this.epochIndex);
    if (detail !== this.detail) {
      const id = this.item.id;
      this.detail = detail;
      this.draw();
      this.item = this.drawing.items.find((item) => item.id === id) ?? this.drawing.items[0];
      this.reached = Math.min(this.reached, this.path.steps.length - 1);
    }
    this.update();
  }

  pickParameter(index, update = true) {
    this.parameterIndex = index;
    const longest = this.gradient.paths.reduce((best, path, i, all) => (span(path) > span(all[best]) ? i : best), 0);
    this.pickPath(longest, false, update);
    if (update) this.panel.querySelector("select")?.focus();
  }

  pickPath(index, focus = false, update = true) {
    this.pathIndex = index;
    this.reached = this.path.steps.length - 1;
    if (update) this.update();
    if (focus) this.panel.querySelector(`[data-path="${index}"]`)?.focus();
  }

  /** The same kind of node at another step. */
  setTime(t, focus = false) {
    if (this.view === "paths") {
      const index = this.path.steps.findIndex(({ step }) => step === t);
      if (index >= 0) this.reached = index;
      this.update();
      return;
    }
    const item =
      this.sibling(t) ?? this.drawing.items.find(({ forward }) => forward?.t === t && forward.kind === "state");
    if (item) this.pick(item, { focus });
  }

  sibling(t) {
    const key = ({ name, layer, chain }) => `${name}/${layer}/${chain}`;
    const own = key(this.node);
    return this.drawing.items.find((item) => {
      const node = this.view === "backward" ? (item.backward ?? item.forward) : item.forward;
      return node && node.t === t && key(node) === own;
    });
  }

  /** Move in the order of computation, through the nodes of the view or along the path. */
  compute(by) {
    if (this.view === "paths") {
      this.reached = clamp(this.reached + by, 0, this.path.steps.length - 1);
      this.update();
      return;
    }
    const order = this.view === "backward" ? this.detail.backward : this.detail.forward;
    const next = order[clamp(order.indexOf(this.node) + by, 0, order.length - 1)];
    this.pick(
      this.drawing.items.find((item) => item.forward === next || item.backward === next),
      { focus: this.stage.contains(document.activeElement) },
    );
  }

  /** Up moves towards the loss, down towards the input. */
  climb(by) {
    const t = this.node.t;
    const column = this.drawing.items
      .filter(({ forward }) => forward && forward.t === t)
      .sort((a, b) => this.height(b) - this.height(a));
    const shown = this.view === "backward" ? column.filter(({ backward }) => backward) : column;
    const next = shown[shown.indexOf(this.item) + by];
    if (next) this.pick(next, { focus: true });
  }

  height(item) {
    const { x, y } = this.drawing.plan.places.get(item.id);
    return y - x / 1e4;
  }

  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const moves = {
      ArrowLeft: () => this.move(-1),
      ArrowRight: () => this.move(1),
      ArrowUp: () => this.climb(1),
      ArrowDown: () => this.climb(-1),
      n: () => this.compute(1),
      p: () => this.compute(-1),
      Home: () => this.setTime(1, true),
      End: () => this.setTime(this.trace.steps, true),
      Enter: () => this.pickFocused(event),
      " ": () => this.pickFocused(event),
    };
    const move = moves[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  pickFocused(event) {
    const item = this.drawing.items.find(({ press }) => press === event.target);
    if (item) this.pick(item, { focus: true });
  }

  move(by) {
    if (this.view === "paths") {
      const { step } = this.path.steps[this.reached];
      this.setTime(step + by);
      return;
    }
    const next = this.node.t === null ? null : this.sibling(this.node.t + by);
    if (next) this.pick(next, { focus: true });
  }

  /** Scroll the drawing to the selected node without scrolling the page. */
  bringIntoView() {
    const box = this.stage.getBoundingClientRect();
    const band = this.view === "paths" ? this.drawing.bands[this.path.steps[this.reached].step - 1] : null;
    const shown = band ?? this.item.g;
    const node = shown.getBoundingClientRect();
    if (node.left < box.left || node.right > box.right)
      this.stage.scrollLeft += node.left + node.width / 2 - box.left - box.width / 2;
  }

  update() {
    const { view, item, row, reached } = this;
    this.root.dataset.view = view;
    this.buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.view === view)));
    const path = view === "paths" ? this.path : null;
    this.drawing.update({ view, item, row, path, reached });
    if (path) showPath(this);
    else showNode(this, this.node);
    this.bringIntoView();
    const t = (path ? path.steps[reached].step : this.node.t) ?? this.trace.steps;
    this.slider.value = clamp(t, 1, this.trace.steps);
    this.slider.setAttribute("aria-valuetext", `step ${t} of ${this.trace.steps}`);
    this.now.textContent = `t = ${t} of ${this.trace.steps}`;
    this.live.textContent = path ? spokenPath(this) : spoken(this.node, row);
    this.training.update();
    this.showChecks();
    reachable(this.root);
  }

  showChecks() {
    this.checkList.replaceChildren(
      ...[this.comparison, ...this.detail.checks].filter(Boolean).map(({ name, difference, limit, passed }) =>
        make(
          "li",
          { class: passed ? "passed" : "failed" },
          `${name}: ${passed ? "equal" : "NOT equal"}, largest difference ${difference === 0 ? "0" : difference.toExponential(1)}, limit ${limit.toExponential(0)}`,
        ),
      ),
    );
  }
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
for (const root of document.querySelectorAll(".board")) new Board(root, DOCUMENT.traces[root.dataset.trace]);

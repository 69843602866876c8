// Changes of a board's model: edit, undo, reset, and the model in the page's address.

/** What a board has been: its models before and after the one shown. */
class History {
  constructor(model) {
    this.first = model;
    this.past = [];
    this.future = [];
  }
  add(model) {
    this.past.push(model);
    this.future = [];
  }
  back(model) {
    this.future.push(model);
    return this.past.pop();
  }
  again(model) {
    this.past.push(model);
    return this.future.pop();
  }
}

/** The row of undo, redo, reset and link, and the sentence that says what the last change did. */
class EditBar {
  constructor(board) {
    this.board = board;
    const button = (name, act, title) => make("button", { type: "button", onclick: act, title }, name);
    this.undo = button("Undo", () => board.undo(), "Ctrl+Z");
    this.redo = button("Redo", () => board.redo(), "Ctrl+Shift+Z");
    this.reset = button("Reset", () => board.reset(), "The network as the lesson has it");
    this.link = button("Copy link", () => this.copy(), "An address that opens this network");
    this.said = make("p", { class: "said", role: "status" });
    this.element = make("div", { class: "edits" }, this.undo, this.redo, this.reset, this.link, this.said);
  }

  update() {
    const { past, future, first } = this.board.history;
    this.undo.disabled = past.length === 0;
    this.redo.disabled = future.length === 0;
    this.reset.disabled = this.board.model === first;
  }

  /** Say something in formulas and words. */
  say(...parts) {
    this.said.replaceChildren(...written(parts));
  }

  async copy() {
    this.board.toAddress();
    try {
      await navigator.clipboard.writeText(window.location.href);
      this.say("The link is copied.");
    } catch {
      this.say("The address of this page now holds the network: copy it from the browser's address bar.");
    }
  }
}

/** The page's address holds the model of every changed board, by its number, and the letters of the formulas. */
const address = {
  read: () => new URLSearchParams(window.location.hash.slice(1)),
  write(name, code) {
    const all = new URLSearchParams([...address.read()].filter(([key]) => /^(board\d+|letters)$/.test(key)));
    if (code === null) all.delete(name);
    else all.set(name, code);
    const text = all.toString();
    if (window.location.protocol !== "about:") history.replaceState(null, "", text ? `#${text}` : "#");
  },
};

/** The part of a board that changes its model. */
class Edits extends Moves {
  /** The model with the weights of the shown epoch: what the handles change. */
  get shownModel() {
    const { net } = this.source.epochs.at(this.epochIndex);
    return net === this.model.net ? this.model : { ...this.model, net: { ...this.model.net, weights: net.weights } };
  }

  /** Change one number. A weight of a later epoch becomes the start of a new training. */
  setNumber(place, value, { merge = false } = {}) {
    const weight = place[0] in this.model.net.weights;
    const base = weight ? this.shownModel : this.model;
    const old = changes.numberAt(base, place);
    if (value === old) return;
    const changed = changes.withNumber(base, place, value);
    const next = place[0] === "x" ? { ...changed, rowNames: null } : changed; // such names repeat the input
    this.change(next, [...nameOf(this.model, place), `: ${number(old)} → ${number(value)}`], {
      merge,
      epoch: weight ? 0 : this.epochIndex,
    });
  }

  /** Show another model; say what changed, in formulas and words, and from where to where the loss went. */
  change(next, what, { merge = false, epoch = 0 } = {}) {
    if (!merge) this.history.add(this.model);
    const loss = this.source.loss(this.epochIndex);
    this.before = {
      parameters: this.epoch.parameters,
      nodes: new Map([...this.detail.forward, ...this.detail.backward].map((node) => [node.id, node])),
    };
    this.take(next, epoch);
    this.edits.say(...what, `; loss ${number(loss)} → ${number(this.source.loss(this.epochIndex))}`);
    this.before = null;
  }

  /** The numbers of a node or a parameter before the last change. */
  was(id) {
    if (!this.before) return null;
    if (id in this.before.parameters) return this.before.parameters[id];
    const node = this.before.nodes.get(id);
    if (!node) return null;
    if (!Array.isArray(node.value) && node.rows && node.rows.length > 1)
      return [...node.rows, node.value].map((v) => [v]);
    return Array.isArray(node.value) ? node.value.map((part) => [part].flat(Infinity)) : node.value;
  }

  /** Replace the model; draw again only if the network has another form. */
  take(model, epoch) {
    const other = changes.settingsOf(model) !== changes.settingsOf(this.model);
    const same = changes.formOf(model) === changes.formOf(this.model);
    const id = this.item.id;
    this.stop();
    this.model = model;
    this.source = new Live(model, Math.max(this.source.count, epoch + 1));
    this.trace = { ...changes.traceOf(model, this.trace.title), notes: this.trace.notes, stopping: null };
    this.epochIndex = epoch;
    this.detail = this.source.detail(epoch);
    if (same) {
      this.drawing.refresh(this.detail);
    } else {
      this.row = this.row === null ? null : Math.min(this.row, this.trace.rows - 1);
      this.rolled = false;
      this.draw();
      this.item = this.drawing.items.find((item) => item.id === id) ?? this.lastState();
      this.pathIndex = 0;
      this.parameterIndex = Math.min(this.parameterIndex, this.detail.gradients.length - 1);
      this.reached = 0;
      this.refit();
    }
    this.drawing.flashing = true;
    this.updateKeepingFocus();
    this.drawing.flashing = false;
    this.drawing.settle();
    this.edits.update();
    if (other) {
      this.setup.update();
      this.refit();
    }
    this.switches.update();
    this.sheet.update();
    this.training.later();
  }

  undo() {
    if (!this.history.past.length) return;
    this.take(this.history.back(this.model), 0);
    this.edits.say("Undone.");
  }
  redo() {
    if (!this.history.future.length) return;
    this.take(this.history.again(this.model), 0);
    this.edits.say("Done again.");
  }
  reset() {
    if (this.model === this.history.first) return;
    this.history.add(this.model);
    this.take(this.history.first, 0);
    this.edits.say("The network as the lesson has it.");
    address.write(`board${this.index}`, null);
  }

  /** Write the model and what is shown of it into the page's address. */
  toAddress() {
    const shown = {
      epoch: this.epochIndex,
      view: this.view,
      row: this.row,
      item: this.item.id,
      parameter: this.parameterIndex,
      path: this.pathIndex,
    };
    address.write(`board${this.index}`, changes.toAddress(this.model, shown));
    address.write("letters", notationKey === "elman" ? null : notationKey);
  }

  fromAddress() {
    const found = changes.fromAddress(address.read().get(`board${this.index}`) ?? "");
    if (!found) return;
    const { model, shown } = found;
    this.history.add(this.model);
    this.take(model, clamp(Number(shown?.epoch) || 0, 0, MOST_EPOCHS));
    if (VIEWS.some(([view]) => view === shown?.view)) this.view = shown.view;
    if (shown?.row === null || shown?.row < this.trace.rows) this.row = shown.row;
    this.parameterIndex = clamp(Number(shown?.parameter) || 0, 0, this.detail.gradients.length - 1);
    this.pathIndex = clamp(Number(shown?.path) || 0, 0, this.gradient.paths.length - 1);
    this.item = this.drawing.items.find(({ id }) => id === shown?.item) ?? this.item;
    this.reached = this.path.steps.length - 1;
    this.refit();
    this.update();
  }

  /** A table may be replaced: the handle with the focus gets it back, in the same part of the board. */
  updateKeepingFocus() {
    const focused = document.activeElement?.closest?.(".handle");
    const part = focused && [this.panel, this.training.element].find((one) => one.contains(focused));
    this.update();
    if (!part || focused.isConnected) return;
    part.querySelector(`.handle[data-place='${focused.dataset.place}']`)?.focus({ preventScroll: true });
  }
}

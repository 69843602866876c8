// Moving through a board: through time, through one step, along a path.

/** The part of a board that moves the selection. */
class Moves {
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
}

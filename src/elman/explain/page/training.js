// Training: the curve of the loss, one epoch after the other, the parameters and their updates.

const PAUSE = 120; // milliseconds between epochs while playing

class Training {
  constructor(board) {
    this.board = board;
    this.chart = new Chart();
    this.slider = make("input", {
      type: "range",
      min: 0,
      step: 1,
      value: 0,
      id: uniqueId("epoch"),
      oninput: () => board.setEpoch(Number(this.slider.value)),
    });
    this.text = make("span", { class: "now epoch" });
    this.facts = make("div", { class: "facts" });
    this.map = board.model ? new LossMap(board) : null;
    this.figure = make("div", { class: "figure" }, this.chart.svg);
    this.slide = make("div", { class: "slide" }, ...this.controls());
    this.worked = make("div", {});
    this.fold = make("details", {}, make("summary", {}, "The update of every parameter, worked out"), this.worked);
    this.fold.addEventListener("toggle", () => this.showUpdates());
    this.heading = make("p", { class: "heading" });
    this.element = make(
      "div",
      { class: "training", role: "group", "aria-label": "Training" },
      this.heading,
      make("div", { class: "curves" }, make("div", {}, this.figure, this.slide), this.map?.element),
      this.facts,
    );
  }

  controls() {
    const { board } = this;
    const button = (name, sign, act) =>
      make("button", { type: "button", class: "step", "aria-label": name, title: name, onclick: act }, sign);
    const slide = [make("label", { for: this.slider.id }, "Epoch"), this.slider, this.text];
    if (!board.model) return slide;
    this.play = button("Train", "▶", () => (this.timer ? this.stop() : this.start()));
    return [
      button("Back to the first epoch", "«", () => this.go(-board.epochIndex)),
      button("One epoch back", "‹", () => this.go(-1)),
      this.play,
      button("Train one epoch", "›", () => this.go(1)),
      ...slide,
    ];
  }

  go(by) {
    this.stop();
    this.board.setEpoch(this.board.epochIndex + by);
  }

  start() {
    this.timer = setInterval(() => {
      const { board } = this;
      if (board.epochIndex >= MOST_EPOCHS || !Number.isFinite(board.source.loss(board.epochIndex))) this.stop();
      else board.setEpoch(board.epochIndex + 1);
    }, PAUSE);
    this.showPlaying(true);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.showPlaying(false);
  }

  showPlaying(on) {
    if (!this.play) return;
    this.play.textContent = on ? "❚❚" : "▶";
    this.play.setAttribute("aria-label", on ? "Pause" : "Train");
  }

  /** Draw the curve when there is time: it needs every epoch. */
  later() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.drawChart();
      this.map?.draw();
    }, 40);
  }

  drawChart() {
    const { source, epochIndex } = this.board;
    const all = Array.from({ length: source.count }, (_, i) => i);
    this.drawn = source.count;
    this.chart.draw(
      all.map((i) => source.loss(i)),
      all.map((i) => source.number(i)),
    );
    this.chart.mark(epochIndex, source.loss(epochIndex));
  }

  update() {
    const { board } = this;
    const { source, epochIndex } = board;
    const loss = source.loss(epochIndex);
    const several = source.count > 1;
    this.heading.textContent = several || board.model ? "Training" : "Parameters";
    this.figure.hidden = !several;
    this.slide.hidden = !several && !board.model;
    this.slider.hidden = !several;
    this.slider.max = source.count - 1;
    this.slider.value = epochIndex;
    this.slider.setAttribute("aria-valuetext", `epoch ${source.number(epochIndex)}, loss ${number(loss)}`);
    this.text.textContent = `${source.number(epochIndex)}: loss ${number(loss)}`;
    this.text.dataset.value = String(loss);
    this.map?.mark();
    if (this.drawn === source.count) this.chart.mark(epochIndex, loss);
    else if (several && this.drawn === undefined) this.drawChart();
    else this.later();
    this.showNumbers();
  }

  /** The tables of all numbers; as long as their form is the same, only the changed cells. */
  showNumbers() {
    const { board } = this;
    const { source, epochIndex, trace } = board;
    const remark = source.remark(epochIndex);
    const form = JSON.stringify([
      board.model && changes.formOf(board.model),
      trace.words,
      trace.row_names,
      remark,
      notation.name,
      trace.stopping,
    ]);
    if (board.model && form === this.form) refreshHandles(this.matrices, board);
    else {
      const tables = Object.entries(board.epoch.parameters).map(([name, value]) => parameterTable(board, name, value));
      this.matrices = make("div", { class: "matrices" }, ...(board.model ? dataTables(board) : []), ...tables);
      const stop = trace.stopping && `Training stops ${trace.stopping.rule}. Here: ${trace.stopping.reason}.`;
      const handles =
        board.model && "Every number with a dotted line is a handle: type, or drag to the left and right.";
      const notes = [remark, handles].filter(Boolean).map((text) => make("p", { class: "note" }, text));
      this.facts.replaceChildren(...notes, this.matrices, this.fold, stop ? make("p", { class: "note" }, stop) : "");
    }
    this.form = form;
    this.showUpdates();
  }

  /** The updates, written when they are open. */
  showUpdates() {
    const { board } = this;
    const write = () => board.source.updates(board.epochIndex);
    this.fold.hidden = !board.model && !write().length;
    if (board.model && !this.fold.open) this.worked.replaceChildren();
    else this.worked.replaceChildren(...write().map((node) => make("div", { class: "update" }, equation(node))));
  }
}

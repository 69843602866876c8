// The loss and the parameters over the epochs.

const CHART = { width: 640, height: 180, left: 100, right: 14, top: 14, bottom: 30 };

class Training {
  constructor(board) {
    this.board = board;
    const { epochs } = board.trace;
    this.slider = make("input", {
      type: "range",
      min: 0,
      max: epochs.length - 1,
      step: 1,
      value: 0,
      id: uniqueId("epoch"),
      oninput: () => board.setEpoch(Number(this.slider.value)),
    });
    this.text = make("span", { class: "now epoch" });
    this.facts = make("div", { class: "facts" });
    this.element = make(
      "div",
      { class: "training", role: "group", "aria-label": "Training" },
      make("h3", {}, epochs.length > 1 ? "Training" : "Parameters"),
      make("div", { class: "figure", hidden: epochs.length < 2 }, this.chart()),
      make(
        "div",
        { class: "slide", hidden: epochs.length < 2 },
        make("label", { for: this.slider.id }, "Epoch"),
        this.slider,
        this.text,
      ),
      this.facts,
    );
  }

  chart() {
    const { epochs } = this.board.trace;
    const losses = epochs.map(({ loss }) => loss);
    const [low, high] = [Math.min(...losses), Math.max(...losses)];
    this.x = (i) => CHART.left + ((CHART.width - CHART.left - CHART.right) * i) / Math.max(epochs.length - 1, 1);
    this.y = (loss) => CHART.top + ((CHART.height - CHART.top - CHART.bottom) * (high - loss)) / (high - low || 1);
    const line = losses.map((loss, i) => `${i ? "L" : "M"}${this.x(i).toFixed(1)} ${this.y(loss).toFixed(1)}`).join("");
    const ticks = [high, (high + low) / 2, low].map((value) =>
      draw(
        "g",
        { class: "tick" },
        draw("path", { d: `M${CHART.left} ${this.y(value)}H${CHART.width - CHART.right}` }),
        label(number(value), { x: CHART.left - 8, y: this.y(value) + 4, "text-anchor": "end" }),
      ),
    );
    const ends = [0, epochs.length - 1].map((i) =>
      label(String(epochs[i].epoch), { x: this.x(i), y: CHART.height - 8, "text-anchor": i ? "end" : "start" }),
    );
    const worked = epochs
      .map((epoch, i) =>
        epoch.detail ? draw("circle", { class: "worked", cx: this.x(i), cy: this.y(epoch.loss), r: 3.5 }) : null,
      )
      .filter(Boolean);
    this.marker = draw("circle", { class: "marker", r: 7 });
    return draw(
      "svg",
      {
        viewBox: `0 0 ${CHART.width} ${CHART.height}`,
        role: "img",
        "aria-label": `Loss over epochs, from ${number(losses[0])} to ${number(losses.at(-1))}`,
      },
      ...ticks,
      ...ends,
      draw("path", { class: "curve", d: line }),
      ...worked,
      this.marker,
    );
  }

  update() {
    const { trace, epochIndex, epoch } = this.board;
    this.slider.value = epochIndex;
    this.slider.setAttribute("aria-valuetext", `epoch ${epoch.epoch}, loss ${number(epoch.loss)}`);
    this.text.textContent = `${epoch.epoch}: loss ${number(epoch.loss)}`;
    this.text.dataset.value = String(epoch.loss);
    this.marker.setAttribute("cx", this.x(epochIndex));
    this.marker.setAttribute("cy", this.y(epoch.loss));
    const tables = Object.entries(epoch.parameters).map(([name, value]) => parameterTable(trace, name, value));
    const open = this.facts.querySelector("details")?.open ?? false;
    const lines = epoch.detail
      ? epoch.detail.updates.map((node) => make("div", { class: "update" }, equation(node)))
      : [];
    const updates = lines.length
      ? [make("details", { open }, make("summary", {}, "The update of every parameter, worked out"), ...lines)]
      : [];
    const stop = trace.stopping
      ? make("p", { class: "note" }, `Training stops ${trace.stopping.rule}. Here: ${trace.stopping.reason}.`)
      : null;
    const worked = trace.epochs
      .filter(({ detail }) => detail)
      .map((each) => each.epoch)
      .join(", ");
    const missing = epoch.detail
      ? null
      : make(
          "p",
          { class: "note" },
          `Full details are available for epochs ${worked}; the drawing shows the nearest of them.`,
        );
    this.facts.replaceChildren(
      ...[missing, make("div", { class: "matrices" }, ...tables), ...updates, stop].filter(Boolean),
    );
  }
}

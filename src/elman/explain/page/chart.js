// The curve of the loss over the epochs.

const CHART = { width: 640, height: 180, left: 112, right: 14, top: 14, bottom: 30 };

/** The curve of the losses, with the marker of the shown epoch; losses that are not finite end it. */
class Chart {
  constructor() {
    this.svg = draw("svg", { viewBox: `0 0 ${CHART.width} ${CHART.height}`, role: "img" });
    this.marker = draw("circle", { class: "marker", r: 7 });
  }

  draw(losses, numbers_) {
    const finite = losses.filter(Number.isFinite);
    const [low, high] = [Math.min(...finite), Math.max(...finite)];
    this.x = (i) => CHART.left + ((CHART.width - CHART.left - CHART.right) * i) / Math.max(losses.length - 1, 1);
    const part = (loss) => (high > low ? clamp((high - loss) / (high - low), 0, 1) : 0);
    this.y = (loss) => CHART.top + (CHART.height - CHART.top - CHART.bottom) * part(loss);
    const line = finite.map((loss, i) => `${i ? "L" : "M"}${this.x(i).toFixed(1)} ${this.y(loss).toFixed(1)}`).join("");
    const ticks = (high === low ? [high] : [high, (high + low) / 2, low]).map((value) =>
      draw(
        "g",
        { class: "tick" },
        draw("path", { d: `M${CHART.left} ${this.y(value)}H${CHART.width - CHART.right}` }),
        label(number(value), { x: CHART.left - 8, y: this.y(value) + 4, "text-anchor": "end" }),
      ),
    );
    const ends = [0, losses.length - 1].map((i) =>
      label(String(numbers_[i]), { x: this.x(i), y: CHART.height - 8, "text-anchor": i ? "end" : "start" }),
    );
    this.svg.setAttribute("aria-label", `Loss over epochs, from ${number(losses[0])} to ${number(losses.at(-1))}`);
    this.svg.replaceChildren(...ticks, ...ends, draw("path", { class: "curve", d: line }), this.marker);
  }

  mark(index, loss) {
    if (!this.x || !Number.isFinite(loss)) return;
    this.marker.setAttribute("cx", this.x(index));
    this.marker.setAttribute("cy", this.y(loss));
  }
}

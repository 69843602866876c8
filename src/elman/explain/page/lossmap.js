// The loss over two weights, with the way that training takes through it.

const MAP = { columns: 44, rows: 34, width: 440, height: 340 };
const SLICE = 8; // milliseconds of work before the page may answer again

/** The single numbers that training changes, as places. */
function freeWeights({ net }) {
  const places = (name, value) =>
    value.flatMap((row, i) => (Array.isArray(row) ? row.map((_, j) => [name, i, j]) : [[name, i]]));
  return net.trained.filter((name) => net.weights[name]).flatMap((name) => places(name, net.weights[name]));
}

class LossMap {
  constructor(board) {
    this.board = board;
    this.canvas = make("canvas", { width: MAP.columns, height: MAP.rows });
    this.way = draw("svg", {
      viewBox: `0 0 ${MAP.width} ${MAP.height}`,
      role: "img",
      "aria-label": "Map of the loss over two weights",
      onclick: (event) => this.go(event),
    });
    this.pickers = ["Weight along the map", "Weight up the map"].map((name) => new Picker(name, () => this.draw()));
    this.text = make("p", { class: "note" });
    this.element = make(
      "div",
      { class: "map" },
      make(
        "div",
        { class: "choose" },
        make("span", { class: "kind" }, "loss over"),
        this.pickers[0].element,
        make("span", { class: "kind" }, "and"),
        this.pickers[1].element,
      ),
      make("div", { class: "ground" }, this.canvas, this.way),
      this.text,
    );
    [this.seen, this.stale] = [false, true];
    new IntersectionObserver(([entry]) => {
      this.seen = entry.isIntersecting;
      if (this.seen && this.stale) this.draw();
    }).observe(this.element);
  }

  /** Offer the weights of the model; keep the chosen ones if they are still there. */
  offer() {
    const { model } = this.board;
    const [free, before] = [freeWeights(model), this.free ?? []];
    const form = JSON.stringify([free, model.net.cell]);
    this.element.hidden = free.length < 2;
    if (form === this.form) return;
    [this.free, this.form] = [free, form];
    const keys = free.map((place) => JSON.stringify(place));
    const names = free.map((place) => nameOf(model, place));
    this.pickers.forEach((picker, i) => {
      const kept = keys.indexOf(JSON.stringify(before[picker.chosen]));
      picker.offer(names, kept < 0 ? Math.min(i, free.length - 1) : kept);
    });
  }

  /** Draw the map in slices; a later call ends an earlier one. */
  draw() {
    this.offer();
    this.stale = !this.seen;
    if (this.element.hidden || !this.seen) return;
    const { board } = this;
    const places = this.pickers.map(({ chosen }) => this.free[chosen]);
    const points = Array.from({ length: board.source.count }, (_, i) => this.at(i, places)).filter((point) =>
      point.every(Number.isFinite),
    );
    this.range = [0, 1].map((axis) => spread(points.map((point) => point[axis])));
    this.places = places;
    this.drawWay(points);
    this.fill();
  }

  at(index, places) {
    const { net } = this.board.source.epochs.at(index);
    return places.map((place) => changes.numberAt({ net, data: this.board.model.data }, place));
  }

  /** Pixels of the drawing for two weights; far outside of the map, any pixels outside. */
  pixel([a, b]) {
    const part = (value, [low, high]) => clamp((value - low) / (high - low), -9, 9);
    return [MAP.width * part(a, this.range[0]), MAP.height * (1 - part(b, this.range[1]))];
  }

  drawWay(points) {
    const corners = points.map((point) =>
      this.pixel(point)
        .map((v) => v.toFixed(1))
        .join(" "),
    );
    this.marker = draw("circle", { class: "marker", r: 8 });
    const [[left, right], [low, high]] = this.range;
    const say = (x, y, text, anchor) => label(text, { x, y, "text-anchor": anchor });
    this.way.replaceChildren(
      draw("path", { class: "curve", d: `M${corners.join("L")}` }),
      ...corners
        .slice(0, 200)
        .map((corner) => draw("circle", { class: "stop", r: 2.5, cx: corner.split(" ")[0], cy: corner.split(" ")[1] })),
      this.marker,
      say(8, MAP.height - 8, number(left), "start"),
      say(MAP.width - 8, MAP.height - 8, number(right), "end"),
      say(8, 18, number(high), "start"),
      say(8, MAP.height - 28, number(low), "start"),
    );
    this.mark();
  }

  /** The marker of the shown epoch; the other weights of the map are those of this epoch. */
  mark() {
    if (!this.places || this.element.hidden) return;
    const point = this.at(this.board.epochIndex, this.places);
    if (!point.every(Number.isFinite)) return;
    const [x, y] = this.pixel(point);
    this.marker.setAttribute("cx", x);
    this.marker.setAttribute("cy", y);
    const names = this.places.map((place) => said(nameOf(this.board.model, place)));
    this.way.setAttribute(
      "aria-label",
      `Map of the loss over ${names.join(" and ")}; at ${point.map(number).join(" and ")} the loss is ${number(this.board.source.loss(this.board.epochIndex))}`,
    );
  }

  fill() {
    const { board, places, range } = this;
    const model = board.shownModel;
    const losses = [];
    const run = (this.run = {});
    const value = (axis, part) => range[axis][0] + part * (range[axis][1] - range[axis][0]);
    const work = () => {
      if (run !== this.run) return;
      const end = performance.now() + SLICE;
      while (losses.length < MAP.columns * MAP.rows && performance.now() < end) {
        const [column, row] = [losses.length % MAP.columns, Math.floor(losses.length / MAP.columns)];
        const there = [value(0, (column + 0.5) / MAP.columns), value(1, 1 - (row + 0.5) / MAP.rows)];
        const moved = places.reduce((one, place, axis) => changes.withNumber(one, place, there[axis]), model);
        losses.push(forward(moved.net, moved.data).loss);
      }
      if (losses.length < MAP.columns * MAP.rows) setTimeout(work);
      else this.paint(losses);
    };
    setTimeout(work);
  }

  /** Colours by the logarithm of the loss: the lower, the stronger. */
  paint(losses) {
    const finite = losses.filter(Number.isFinite);
    const [low, high] = [Math.min(...finite), Math.max(...finite)];
    const scale = (loss) => Math.log1p((20 * (loss - low)) / (high - low || 1)) / Math.log(21);
    const style = getComputedStyle(document.documentElement);
    const [from, to] = ["--map-low", "--map-high"].map((name) =>
      style.getPropertyValue(name).trim().split(" ").map(Number),
    );
    const picture = new ImageData(MAP.columns, MAP.rows);
    losses.forEach((loss, i) => {
      const part = Number.isFinite(loss) ? Math.round(scale(loss) * 12) / 12 : 1; // steps look like contour lines
      from.forEach((colour, c) => (picture.data[4 * i + c] = colour + part * (to[c] - colour)));
      picture.data[4 * i + 3] = 255;
    });
    this.canvas.getContext("2d").putImageData(picture, 0, 0);
    this.element.dataset.drawn = `${low} ${high}`;
    this.text.textContent = `Strong colour: low loss, from ${number(low)} to ${number(high)}. A click on the map takes its two weights.`;
  }

  /** Take the weights of a point of the map. */
  go(event) {
    const box = this.way.getBoundingClientRect();
    const parts = [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
    const there = this.range.map(([low, high], axis) => rounded(low + parts[axis] * (high - low)).toPrecision(4));
    const next = this.places.reduce(
      (one, place, axis) => changes.withNumber(one, place, Number(there[axis])),
      this.board.shownModel,
    );
    const [along, up] = this.places.map((place) => nameOf(this.board.model, place));
    this.board.change(next, [...along, ", ", ...up, ` → ${there.join(", ")}`]);
  }
}

/** A range around values, with room on both sides. */
function spread(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(0.6 * (high - low), 0.5, 0.05 * Math.max(-low, high));
  return [low - room, high + room];
}

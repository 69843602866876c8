// The drawing: frames, lines, nodes and highlighting.

const LEGEND = { rnn: "RNN", lstm: "LSTM", gru: "GRU" };
const FLASH = 1200; // milliseconds
const SMALL = /pre-activation|output-sum|adjoint-sum|adjoint-readout/;
const VERTICAL = new Set(["i", "o"]); // gates on a vertical line
// Below a small circle, beside the line from x; names of the other small circles are to their right.
const LEFT_OF_LINE = /^d?(a_[fi]|q)$/;
const RIGHT_OF_LINE = /^d?a_[go]$/;

class Drawing {
  constructor(trace, detail, { onpick }) {
    this.trace = trace;
    this.detail = detail;
    this.way = null; // the path that is lit, and its lines
    this.ways = [];
    this.flashing = false; // whether changed numbers flash
    this.plan = layOut(trace, detail.forward);
    for (const node of detail.backward) {
      const place = this.plan.places.get(partner(node)) ?? outputPlaceOf(this.plan, trace, node);
      this.plan.places.set(node.id, place);
    }
    this.items = this.pairUp();
    this.svg = draw("svg", {
      viewBox: `0 0 ${this.plan.width} ${this.plan.height}`,
      width: this.plan.width,
      height: this.plan.height,
      style: `min-width:${Math.round(0.72 * this.plan.width)}px`,
      role: "group",
      "aria-label": "Nodes of the network, unrolled in time",
    });
    this.addGround();
    this.layers = {
      edges: draw("g", { class: "edges" }),
      back: draw("g", { class: "edges back" }),
      glow: draw("g", { class: "glow" }),
      nodes: draw("g"),
    };
    this.edges = this.addEdges(this.layers.edges, forwardEdges(trace, this.plan, detail.forward));
    this.backEdges = this.addEdges(this.layers.back, backwardEdges(trace, this.plan, detail.backward));
    this.addJoins();
    for (const item of this.items) this.layers.nodes.append(this.addNode(item, onpick));
    this.badges = draw("g", { class: "badges", "aria-hidden": "true" });
    this.svg.append(this.layers.edges, this.layers.back, this.layers.glow, this.layers.nodes, this.badges);
  }

  /** One item per position: its value and its adjoint. */
  pairUp() {
    const items = this.detail.forward.map((node) => ({ id: node.id, forward: node, backward: null }));
    const byId = new Map(items.map((item) => [item.id, item]));
    for (const node of this.detail.backward) {
      const item = byId.get(partner(node));
      if (item) item.backward = node;
      else items.push({ id: node.id, forward: null, backward: node });
    }
    return items;
  }

  /** The same network with other numbers: every item takes the node of its id. */
  refresh(detail) {
    this.detail = detail;
    const known = new Map([...detail.forward, ...detail.backward].map((node) => [node.id, node]));
    for (const item of this.items) {
      if (item.forward) item.forward = known.get(item.forward.id);
      if (item.backward) item.backward = known.get(item.backward.id);
    }
  }

  addGround() {
    const arrow = (id) =>
      draw(
        "marker",
        {
          id,
          viewBox: "0 0 8 8",
          refX: 6,
          refY: 4,
          markerUnits: "userSpaceOnUse", // as large on a wide line as on a narrow one
          markerWidth: 9,
          markerHeight: 9,
          orient: "auto-start-reverse",
        },
        draw("path", { d: "M0 .8L7 4L0 7.2z" }),
      );
    this.arrows = { plain: uniqueId("arrow"), lit: uniqueId("arrow") };
    const defs = draw("defs", {}, arrow(this.arrows.plain), arrow(this.arrows.lit));
    defs.children[0].classList.add("arrow");
    defs.children[1].classList.add("arrow", "lit");
    const { shape, height } = this.plan;
    this.bands = Array.from({ length: this.trace.steps }, (_, i) =>
      draw("rect", {
        class: "band",
        x: this.plan.column(i + 1) - 26,
        y: 4,
        width: shape.pitch - 12,
        height: height - 8,
        rx: 14,
      }),
    );
    const times = this.bands.map((_, i) =>
      label(`t = ${i + 1}`, {
        class: "time",
        x: this.plan.column(i + 1) + shape.width / 2,
        y: height - 16,
        "text-anchor": "middle",
      }),
    );
    const frames = this.plan.frames.map((frame) =>
      draw(
        "g",
        { class: "frame" },
        draw("rect", { x: frame.x, y: frame.y, width: shape.width, height: shape.height, rx: 18 }),
        label(LEGEND[this.trace.architecture.cell] + (frame.chain === "reverse" ? " ←" : ""), {
          x: frame.x + 12,
          y: frame.y + shape.height - 7,
          class: "legend",
        }),
      ),
    );
    this.svg.append(defs, draw("g", { "aria-hidden": "true" }, ...this.bands, ...frames, ...times));
  }

  addEdges(layer, edges) {
    for (const edge of edges) {
      edge.line = draw("path", {
        d: edge.d,
        class: "edge",
        "marker-end": `url(#${this.arrows.plain})`,
        "aria-hidden": "true",
        "data-weight": edge.weight?.name,
      });
      layer.append(edge.line);
      if (!edge.weight) continue;
      edge.name = label(weightLetter(edge.weight), {
        class: "weight",
        "aria-hidden": "true",
        "data-weight": edge.weight.name,
        "text-anchor": "middle",
        ...besideEdge(edge.line, edge.weight),
      });
      layer.append(edge.name);
    }
    return edges;
  }

  addJoins() {
    for (const { x, y } of this.plan.joins)
      this.layers.nodes.append(
        draw(
          "g",
          { class: "join", "aria-hidden": "true" },
          draw("circle", { cx: x, cy: y, r: 9 }),
          draw("path", { d: `M${x - 4} ${y}h8M${x} ${y - 4}v8` }),
        ),
      );
  }

  addNode(item, onpick) {
    const node = item.forward ?? item.backward;
    const { x, y, ghost } = this.plan.places.get(item.id);
    const kind = node.kind.replace(/[^a-z]+/g, "-");
    const gate = node.kind === "gate" ? ` gate-${node.name}` : "";
    const small = SMALL.test(node.kind);
    item.value = draw("g", { class: "value", "aria-hidden": "true", transform: `translate(${x} ${y})` });
    item.ghost = ghost ? draw("g", { class: `ghost${gate}`, "aria-hidden": "true" }) : null;
    item.bars = [];
    // The shape is the button. Letters and numbers are drawn beside it, and repeated in its name for screen readers.
    item.press = draw(
      "g",
      { class: "press", role: "button", tabindex: -1 },
      draw("circle", { class: "halo", cx: x, cy: y, r: small ? 15 : 26 }),
      ...nodeShape(node, x, y, item),
    );
    item.g = draw(
      "g",
      {
        class: `node ${kind}${gate}${item.forward ? "" : " only-back"}`,
        "data-id": item.id,
        onclick: () => onpick(item),
      },
      item.press,
      item.value,
    );
    item.name = label(node.symbol.t, nameSpot(node, x, y, small));
    item.name.setAttribute("aria-hidden", "true");
    item.g.append(item.name);
    if (ghost) this.addGhost(item, node, ghost);
    return ghost ? draw("g", {}, item.ghost, item.g) : item.g;
  }

  addGhost(item, node, { x, y }) {
    item.ghost.append(
      ...valve(x, y, true, item, true),
      label(`1 − ${node.symbol.t}`, { x: x + 24, y: y + 4, class: "name" }),
    );
  }

  /** Show the values of one view and highlight the selection. */
  update({ view, item, row, path, reached }) {
    const back = view === "backward";
    setOnce(this.svg, "data-view", view);
    for (const each of this.items) {
      const node = back ? (each.backward ?? each.forward) : (each.forward ?? each.backward);
      const shown = back ? each.backward : each.forward;
      toggleOnce(each.g, "current", each === item);
      toggleOnce(each.g, "absent", back && !each.backward);
      setOnce(each.press, "tabindex", each === item ? "0" : "-1");
      setOnce(each.press, "aria-pressed", String(each === item));
      this.showValue(each, node, shown !== null, ofRow(node, row));
      showName(each.name, node.symbol.t);
      if (each.forward?.kind === "gate") turn(each, ofRow(each.forward, row));
    }
    this.lightSources(view, item);
    const now = path ? path.steps[reached].step : (item.forward ?? item.backward).t;
    this.bands.forEach((band, i) => toggleOnce(band, "now", now === i + 1));
    this.lightPath(view === "paths" ? path : null, reached);
  }

  /** The value of a node, for eyes and screen readers; it flashes when it has changed. */
  showValue(item, node, visible, values) {
    const known = item.known;
    const same =
      known?.id === node.id &&
      known.visible === visible &&
      known.notation === notation &&
      sameNumbers(known.values, values);
    toggleOnce(item.g, "changed", this.flashing && known !== undefined && !same);
    if (same) return;
    item.known = { id: node.id, visible, notation, values };
    const said = values.slice(0, 8).map(number).join(", ");
    setOnce(item.press, "aria-label", `${translatedText(node.symbol.t)} = ${said}${values.length > 8 ? " …" : ""}`);
    if (visible) showMarks(item.value, node, values, this.trace.words);
    else item.value.replaceChildren();
  }

  /** End the flash of changed numbers; with reduced motion they stay marked until the next change. */
  settle() {
    clearTimeout(this.settling);
    if (calm()) return;
    this.settling = setTimeout(() => this.items.forEach(({ g }) => toggleOnce(g, "changed", false)), FLASH);
  }

  lightSources(view, item) {
    const edges = view === "backward" ? this.backEdges : this.edges;
    const id = view === "backward" ? item.backward?.id : item.forward?.id;
    for (const edge of this.edges) this.lit(edge, view !== "paths" && edges === this.edges && edge.to === id);
    for (const edge of this.backEdges) this.lit(edge, view !== "paths" && edges === this.backEdges && edge.to === id);
  }

  /** The letters beside lines and gates in the chosen notation. */
  rename() {
    for (const { name, weight } of this.edges)
      if (name) name.replaceChildren(...label(weightLetter(weight), {}).childNodes);
    for (const { ghost, forward } of this.items)
      if (ghost) ghost.lastChild.replaceChildren(...label(`1 − ${forward.symbol.t}`, {}).childNodes);
  }

  /** Show a part of the drawing, as large as its box allows; null shows all of it in its own size. */
  frame(part) {
    const { width, height } = this.plan;
    this.svg.setAttribute("viewBox", part ? `${part.x} 0 ${part.width} ${height}` : `0 0 ${width} ${height}`);
  }

  /** Mark all uses of a weight. */
  lightWeight(name) {
    for (const edge of this.edges) {
      const shared = name !== null && edge.weight?.name === name;
      toggleOnce(edge.line, "shared", shared);
      if (edge.name) toggleOnce(edge.name, "shared", shared);
    }
  }

  lit(edge, on) {
    if (edge.name) toggleOnce(edge.name, "lit", on);
    toggleOnce(edge.line, "lit", on);
    setOnce(edge.line, "marker-end", `url(#${on ? this.arrows.lit : this.arrows.plain})`);
  }

  /** Highlight the path of one term of the chain rule; the line width shows the size of the product so far. */
  lightPath(path, reached) {
    const way = path && `${path.chain} ${path.t} ${path.k} ${reached}`;
    if (way !== this.way) this.layWay(path, reached);
    this.way = way;
    for (const { line, place } of this.ways)
      setOnce(line, "style", `stroke-width:${place === null ? 1.5 : 2.5 + 9 * path.relative(place)}`);
    const steps = path?.steps.slice(0, reached + 1) ?? [];
    renew(
      this.badges,
      steps.map(({ step, norm }, i) => this.badge(path, step, norm, i)).filter((badge) => badge !== null),
    );
  }

  /** The lines and nodes of a path: those walked, and those ahead. */
  layWay(path, reached) {
    this.ways = [];
    this.layers.glow.replaceChildren();
    const steps = path?.steps ?? [];
    const last = steps.length - 1;
    const upTo = (place) => ({
      states: new Set(steps.slice(0, place + 1).map(({ step }) => step)),
      inside: new Set(steps.slice(0, place === last ? place + 1 : place).map(({ step }) => step)),
    });
    const [far, whole] = [upTo(reached), upTo(last)];
    const on = (node, part) => path !== null && nodeOnPath(node, path, part);
    for (const item of this.items) {
      if (!item.forward) continue;
      const lit = on(item.forward, far);
      toggleOnce(item.g, "lit", lit);
      toggleOnce(item.g, "ahead", !lit && on(item.forward, whole));
    }
    const nodes = new Map(this.detail.forward.map((node) => [node.id, node]));
    for (const edge of this.edges) {
      const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)];
      if (!on(from, whole) || !on(to, whole)) continue;
      const walked = on(from, far) && on(to, far);
      const place = steps.findIndex(({ step }) => step === (from.chain === path.chain ? from.t : path.t));
      const line = draw("path", { d: edge.d, class: walked ? "way" : "way ahead" });
      this.ways.push({ line, place: walked ? Math.max(place, 0) : null });
      this.layers.glow.append(line);
    }
  }

  badge(path, step, norm, i) {
    const item = this.items.find(
      ({ forward }) =>
        forward &&
        forward.chain === path.chain &&
        forward.t === step &&
        /state|initial/.test(forward.kind) &&
        forward.layer === this.trace.architecture.num_layers,
    );
    if (!item) return null;
    const { x, y } = this.plan.places.get(item.id);
    const change = i === 0 ? "" : norm < path.steps[i - 1].norm ? " shrinks" : " grows";
    return draw(
      "g",
      {
        class: `badge${change}`,
        transform: `translate(${x} ${y + (this.trace.architecture.cell === "lstm" ? 56 : -42)})`,
      },
      draw("rect", { x: -31, y: -12, width: 62, height: 20, rx: 10 }),
      label(number(norm), { y: 3, "text-anchor": "middle" }),
    );
  }
}

/** Position of the adjoint of a readout without a forward node. */
function outputPlaceOf(plan, trace, node) {
  const near = [...plan.places].find(([id]) => id === `output/o/${node.t ?? trace.steps}`) ?? [
    null,
    { x: plan.width - 60, y: 60 },
  ];
  return { x: near[1].x, y: near[1].y + 34 };
}

/** Outputs of step t, the states on the path, and the nodes inside the steps between them. */
function nodeOnPath(node, path, { states, inside }) {
  if (node.kind === "input" || node.kind === "total") return false;
  if (node.chain === null) return node.t === path.t || node.t === null;
  if (path.chain === null || node.chain !== path.chain) return false;
  return inside.has(node.t) || (states.has(node.t) && /state|cell/.test(node.kind));
}

function nameSpot(node, x, y, small) {
  if (node.kind === "gate")
    return VERTICAL.has(node.name)
      ? { class: "name", x: x + 23, y: y - 8 }
      : { class: "name", x, y: y - 24, "text-anchor": "middle" };
  if (small && LEFT_OF_LINE.test(node.name)) return { class: "name small", x: x - 6, y: y + 22, "text-anchor": "end" };
  if (small && RIGHT_OF_LINE.test(node.name)) return { class: "name small", x: x + 6, y: y + 22 };
  if (small) return { class: "name small", x: x + 14, y: y + 4 };
  return { class: "name", x, y: y + 5, "text-anchor": "middle" };
}

function showName(text, symbol) {
  if (text.symbol === symbol && text.notation === notation) return;
  const fresh = label(symbol, {});
  text.replaceChildren(...fresh.childNodes);
  Object.assign(text, { symbol, notation });
}

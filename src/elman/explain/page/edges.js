// Lines from operands to results.

const towards = (p, q, gap) => {
  const [dx, dy] = [q.x - p.x, q.y - p.y];
  const length = Math.hypot(dx, dy) || 1;
  return { x: q.x - (dx / length) * gap, y: q.y - (dy / length) * gap };
};

const straight = (p, q, gap) => {
  const end = towards(p, q, gap);
  return `M${p.x} ${p.y}L${end.x} ${end.y}`;
};

/** Lines within one step begin and end vertically, lines between steps horizontally. */
function curved(p, q, gap, sideways) {
  if (Math.abs(p.x - q.x) < 2 || Math.abs(p.y - q.y) < 2) return straight(p, q, gap);
  const half = sideways ? (q.x - p.x) * 0.55 : 0;
  const rise = sideways ? 0 : (q.y - p.y) * 0.5;
  const before = { x: q.x - half * 0.8, y: q.y - rise };
  const end = towards(before, q, gap);
  return `M${p.x} ${p.y}C${p.x + half} ${p.y + rise} ${before.x} ${before.y} ${end.x} ${end.y}`;
}

/** From a state beside its frame to the output: first right, then up. */
function aside(p, q, gap) {
  return `M${p.x} ${p.y}C${p.x + (q.x - p.x) * 0.8} ${p.y} ${q.x} ${p.y - 10} ${q.x} ${p.y - 60}L${q.x} ${q.y + gap}`;
}

/** The reverse line: first down, then in from the right. */
function besides(p, q, gap) {
  return `M${p.x} ${p.y}L${p.x} ${q.y - 60}C${p.x} ${q.y - 10} ${q.x + (p.x - q.x) * 0.8} ${q.y} ${q.x + gap} ${q.y}`;
}

/** From x to the update gate of a GRU: left of the reset gate, then straight up. */
function leftOfReset(p, q, gap) {
  return `M${p.x} ${p.y}C${p.x} ${p.y - 50} ${q.x} ${p.y - 30} ${q.x} ${p.y - 94}L${q.x} ${q.y + gap}`;
}

/** From a state to the reset gate of a GRU: between q and the gate. */
function pastCandidate(p, q, gap) {
  const middle = q.x - 44 * Math.sign(q.x - p.x);
  const end = towards({ x: middle, y: q.y }, q, gap);
  return `M${p.x} ${p.y}C${middle} ${p.y} ${middle} ${q.y} ${end.x} ${end.y}`;
}

/** A gate that is drawn on a line has no line of its own. */
function throughGate(from, to) {
  const pairs = { c: ["f", "i"], h: ["o", "z"], a_n: ["r"] };
  return GATES.has(from.name) && from.chain !== null && (pairs[to.name] ?? []).includes(from.name);
}

function pathBetween(trace, plan, from, to) {
  const [p, q] = [plan.places.get(from.id), plan.places.get(to.id)];
  const gated = trace.architecture.cell !== "rnn";
  const gap = gapOf(to);
  if (gated && (from.name === "g" || from.name === "n") && (to.name === "c" || to.name === "h"))
    return `M${p.x} ${p.y}L${p.x} ${q.y + 9}`; // up to the cell's line
  if (gated && to.kind === "gate" && VERTICAL.has(to.name)) {
    const side = q.x > p.x ? q.x - 21 : q.x + 21; // from the side, beside the gate's line
    return `M${p.x} ${p.y}C${p.x} ${q.y + 30} ${p.x} ${q.y} ${side} ${q.y}`;
  }
  if (from.kind === "input" && to.name === "a_z") return leftOfReset(p, q, gap);
  if (from.name === "h" && to.name === "a_r") return pastCandidate(p, q, gap);
  if (to.kind === "total" && p.x !== q.x)
    return `M${p.x} ${p.y}C${p.x} ${q.y} ${p.x + 30} ${q.y} ${q.x - gap - 5} ${q.y}`;
  if (gated && from.name === "h" && to.id.startsWith("output/")) return aside(p, q, gap);
  return curved(p, q, gap, from.t !== to.t);
}

const gapOf = (node) => (SMALL.test(node.kind) ? 11 : 21);

/** Return lines {id, from, to, d} for the forward drawing. */
function forwardEdges(trace, plan, nodes) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const found = [];
  for (const to of nodes)
    for (const id of to.inputs) {
      const from = byId.get(id);
      if (!from || throughGate(from, to)) continue;
      found.push({
        id: `${from.id}>${to.id}`,
        from: from.id,
        to: to.id,
        d: pathBetween(trace, plan, from, to),
        weight: weightOn(from, to),
      });
    }
  return found;
}

/** Return lines between adjoints, at the positions of their values. */
function backwardEdges(trace, plan, nodes) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const found = [];
  for (const to of nodes)
    for (const id of new Set(to.inputs)) {
      const from = byId.get(id);
      if (!from) continue;
      const [p, q] = [plan.places.get(from.id), plan.places.get(to.id)];
      const down = trace.architecture.cell !== "rnn" && from.id.startsWith("output/") && to.kind === "adjoint-state";
      const d = down ? besides(p, q, gapOf(to)) : curved(p, q, gapOf(to), from.t !== to.t);
      found.push({ id: `${from.id}>${to.id}`, from: from.id, to: to.id, d });
    }
  return found;
}

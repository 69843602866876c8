// Layout of the drawing of the unrolled network.

// Positions within the frame of one step, from its upper left corner; "on" names the line of a gate.
const CELLS = {
  rnn: { width: 124, height: 182, pitch: 184, spots: { a: [62, 126], h: [62, 56] }, up: 62 },
  lstm: {
    width: 312,
    height: 272,
    pitch: 388,
    spots: {
      c: [264, 50],
      h: [264, 170],
      g: [154, 170],
      f: [76, 50],
      i: [154, 108],
      o: [264, 108],
      a_f: [76, 230],
      a_i: [114, 230],
      a_g: [154, 230],
      a_o: [224, 230],
    },
    joins: [[154, 50]],
    up: 344,
  },
  gru: {
    width: 312,
    height: 306,
    pitch: 388,
    spots: {
      h: [264, 50],
      z: [76, 50],
      n: [172, 152],
      a_n: [172, 214],
      q: [40, 214],
      r: [106, 214],
      a_r: [106, 268],
      a_z: [76, 134],
    },
    ghosts: { z: [172, 100] },
    joins: [[172, 50]],
    up: 344,
  },
};
const GATES = new Set(["i", "f", "o", "r", "z"]);
const LEFT = 92; // room for the initial state
const OUTPUTS = ["r", "o", "yhat", "L"]; // from the cell upwards
const STOREY = 66;

/** Every chain and layer has a row; a layer's forward row is below its reverse row. */
function storeys(trace) {
  const found = [];
  for (let layer = 1; layer <= trace.architecture.num_layers; layer += 1)
    for (const { chain } of trace.states) found.push({ chain, layer });
  return found;
}

/** Return the positions of forward nodes by id, the frames, and the size of the drawing. */
function layOut(trace, nodes) {
  const shape = CELLS[trace.architecture.cell];
  const floors = storeys(trace);
  const present = OUTPUTS.filter((name) => nodes.some((node) => node.id.startsWith("output/") && node.name === name));
  const total = nodes.some(({ kind }) => kind === "total") ? STOREY : 0;
  const top = 50 + STOREY * present.length + total;
  const between = 46;
  const base = (floor) => top + (floors.length - 1 - floor) * (shape.height + between);
  const bottom = base(0) + shape.height + 62;
  const column = (t) => LEFT + (t - 1) * shape.pitch;
  const places = new Map();
  const frames = [];
  floors.forEach(({ chain, layer }, floor) => {
    for (let t = 1; t <= trace.steps; t += 1) frames.push({ x: column(t), y: base(floor), t, chain, layer });
  });
  const mirror = (chain, x) => (chain === "reverse" ? shape.width - x : x);
  for (const node of nodes) {
    const t = node.t ?? trace.steps;
    if (node.id.startsWith("output/")) places.set(node.id, outputPlace(node, t, column, shape, present, top));
    else if (node.layer === null) places.set(node.id, { x: column(t) + shape.width / 2, y: bottom });
    else {
      const floor = floors.findIndex((own) => own.chain === node.chain && own.layer === node.layer);
      const spot = shape.spots[node.name] ?? [shape.width / 2, shape.height / 2];
      const x =
        node.kind === "initial" ? initialX(trace, node, column, shape) : column(t) + mirror(node.chain, spot[0]);
      places.set(node.id, { x, y: base(floor) + spot[1], ghost: ghostOf(shape, node, column(t), base(floor), mirror) });
    }
  }
  const joins = frames.flatMap((frame) =>
    (shape.joins ?? []).map(([x, y]) => ({ x: frame.x + mirror(frame.chain, x), y: frame.y + y })),
  );
  const both = trace.states.length > 1;
  const margin = shape.up > shape.width ? (both ? 150 : 134) : both ? 118 : 84;
  const width = column(trace.steps) + shape.width + margin;
  return { places, frames, joins, shape, width, height: bottom + 68, column };
}

function initialX(trace, node, column, shape) {
  return node.chain === "reverse" ? column(trace.steps) + Math.max(shape.width + 52, shape.up + 66) : column(1) - 52;
}

/** The gate z of a GRU is drawn twice: z weights the old state, and 1 - z the new one. */
function ghostOf(shape, node, x, y, mirror) {
  const ghost = shape.ghosts?.[node.name];
  return ghost ? { x: x + mirror(node.chain, ghost[0]), y: y + ghost[1] } : null;
}

function outputPlace(node, t, column, shape, present, top) {
  const x = column(t) + shape.up;
  const level = (name) => top - 52 - STOREY * present.indexOf(name);
  if (node.name === "y") return { x: x + 66, y: level("L") }; // beside the number of the loss
  if (node.kind === "total") return { x, y: 34 };
  if (node.kind === "input" || !present.includes(node.name)) return { x: x + 46, y: level("o") };
  return { x, y: level(node.name) };
}

/** The forward node at whose position an adjoint is drawn: h_2 for dh_2. */
function partner(node) {
  return node.id.replace(/\/d([^/]+)/, (_, name) => `/${name}`);
}

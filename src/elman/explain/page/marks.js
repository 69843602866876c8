// The marks of a node: its shape, the valve of a gate, its value as text or squares.

const MOST_SQUARES = 8; // of the numbers of one node

/** A valve in a line: its bar is parallel to the line for an open gate and perpendicular to it for a closed one. */
function valve(x, y, upright, item, inverse) {
  const bar = draw("rect", { class: "bar", x: -12, y: -2.5, width: 24, height: 5, rx: 2.5 });
  const turning = draw("g", { class: "turning", transform: `translate(${x} ${y})` }, bar);
  item.bars.push({ bar, upright, inverse });
  return [draw("circle", { class: "shape", cx: x, cy: y, r: 17 }), turning];
}

function turn(item, values) {
  const open = values.reduce((sum, v) => sum + v, 0) / values.length;
  for (const { bar, upright, inverse } of item.bars) {
    const angle = 90 * (1 - (inverse ? 1 - open : open));
    setOnce(bar, "transform", `rotate(${Math.round((upright ? 90 : 0) + angle)})`); // whole degrees
  }
}

function nodeShape(node, x, y, item) {
  if (node.kind === "gate") return valve(x, y, VERTICAL.has(node.name), item, false);
  if (node.kind === "input")
    return [draw("rect", { class: "shape", x: x - 19, y: y - 19, width: 38, height: 38, rx: 8 })];
  if (/^loss|^total/.test(node.kind))
    return [draw("path", { class: "shape", d: `M${x} ${y - 25}L${x + 25} ${y}L${x} ${y + 25}L${x - 25} ${y}z` })];
  if (SMALL.test(node.kind)) return [draw("circle", { class: "shape", cx: x, cy: y, r: 9 })];
  const ring = node.kind === "cell" ? [draw("circle", { class: "ring", cx: x, cy: y, r: 16 })] : [];
  return [draw("circle", { class: "shape", cx: x, cy: y, r: 20 }), ...ring];
}

const sameNumbers = (u, v) => u.length === v.length && u.every((value, i) => Object.is(value, v[i]));

/** The marks of a node's value; as many squares as before are only painted again. */
function showMarks(holder, node, values, words) {
  const squares = [...holder.children];
  if (values.length > 2 && squares.length === Math.min(values.length, MOST_SQUARES) && squares[0].localName === "rect")
    paintSquares(squares, values);
  else holder.replaceChildren(...valueMarks(node, values, words));
}

/** A word, or up to two numbers, as text; more numbers as squares whose colour shows size and sign. */
function valueMarks(node, values, words) {
  if (SMALL.test(node.kind) && node.name !== "a" && node.name !== "da") return [];
  const gate = node.kind === "gate" && VERTICAL.has(node.name);
  const above = node.kind === "cell" || node.kind === "adjoint-cell";
  const anchor = gate
    ? { x: 23, y: 10 }
    : SMALL.test(node.kind)
      ? { x: 0, y: 27, "text-anchor": "middle" }
      : { x: 0, y: above ? -27 : /loss|total/.test(node.kind) ? 39 : 35, "text-anchor": "middle" };
  const word = node.kind === "input" && words && words.length === values.length ? words[values.indexOf(1)] : null;
  if (word) return [label(word.replaceAll("_", "\uff3f"), { ...anchor, class: "figure word" })];
  const line_ = sideOfLine(node);
  if (values.length === 1) {
    const beside = line_ && { x: 6 * line_, "text-anchor": line_ < 0 ? "end" : "start" };
    return [label(number(values[0]), { ...anchor, ...beside, class: "figure" })];
  }
  if (values.length === 2 && gate)
    return values.map((v, i) => label(v.toFixed(2), { ...anchor, y: anchor.y + 14 * i, class: "figure" }));
  if (values.length === 2 && line_)
    return values.map((v, i) =>
      label(twoDecimals(v), { ...anchor, x: i ? 5 : -5, "text-anchor": i ? "start" : "end", class: "figure" }),
    );
  if (values.length === 2)
    return [label(values.map(twoDecimals).join("\u2002"), { ...anchor, class: "figure" })];
  const count = Math.min(values.length, MOST_SQUARES);
  const left = gate ? anchor.x : (-9 * count) / 2;
  const squares = Array.from({ length: count }, (_, i) =>
    draw("rect", { x: left + 9 * i, y: anchor.y - 8, width: 8, height: 8, rx: 2 }),
  );
  paintSquares(squares, values);
  return squares;
}

/** A number below its node stands to the left (-1) or right (1) of the line that comes from below; 0 without a line. */
function sideOfLine({ kind, name, inputs }) {
  if (/^(output|loss|total)$/.test(kind)) return -1;
  const ofRnn = name === "a" || (kind === "state" && inputs[0].includes("/a/"));
  return ofRnn || kind === "candidate" || ["f", "r", "z"].includes(name) ? 1 : 0;
}

const twoDecimals = (value) => value.toFixed(2).replace("-", "−");

/** The colour of a square shows sign and size. */
function paintSquares(squares, values) {
  const largest = Math.max(...values.map(Math.abs), 1e-12);
  squares.forEach((square, i) => {
    setOnce(square, "class", values[i] < 0 ? "minus" : "plus");
    const part = Math.round((20 * Math.abs(values[i])) / largest) / 20; // in steps: most squares stay as they are
    setOnce(square, "fill-opacity", String(0.2 + 0.8 * part));
  });
}

// Names of single numbers as formulas and words: the letter of a weight, an input or a target, and its indices.

import { gatesOf } from "./engine.js";
import { columnLetter } from "./forward_nodes.js";
import { sizesOf } from "./state.js";
import { symbol } from "./writing.js";

const PACKED = ["W_x", "W_h", "b"]; // with a block of columns for every gate

/** The letter of an entry's gate, and row and column within the gate; a single number has no indices. */
export function entryOf({ cell, weights }, name, place) {
  const value = weights[name];
  const gates = PACKED.includes(name) ? gatesOf(cell) : [""];
  const [rows, columns] = Array.isArray(value[0]) ? [value.length, value[0].length] : [1, value.length];
  const width = columns / gates.length;
  const inside = [...place.slice(0, -1), place.at(-1) % width].map((index) => index + 1);
  return {
    letter: symbol(columnLetter(name, gates[Math.floor(place.at(-1) / width)])),
    entry: rows * width > 1 ? ` ${inside.join(",")}` : "",
  };
}

/** A place of a model, such as ["x", t, n, j], ["W_h", i, j] or ["rate"]. */
export function nameOf(model, [name, ...indices]) {
  if (name === "rate") return ["learning rate ", symbol("eta")];
  if (name in model.net.weights) {
    const { letter, entry } = entryOf(model.net, name, indices);
    return [letter, entry];
  }
  const { T, N, D, H, K } = sizesOf(model);
  const [row, part] = indices.slice(-2);
  const time = indices.length === 3 ? indices[0] + 1 : name === "y" ? T : 0;
  const size = { x: D, y: K, h0: H, c0: H }[name];
  return [symbol(name[0], time), `${size > 1 ? ` ${part + 1}` : ""}${N > 1 ? `, example ${row + 1}` : ""}`];
}

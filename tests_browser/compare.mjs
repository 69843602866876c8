// Reads traces as lines of JSON; writes for each the largest difference between engine.js and the trace's own numbers.
// With "texts" as argument it writes the equations that differ. With "ulp" the last bit of every tanh is wrong, as it may be in another JavaScript engine.

import { createInterface } from "node:readline";
import { Epochs, largestGap, modelOf } from "../src/elman/explain/page/model.js";

if (process.argv[2] === "ulp") {
  const tanh = Math.tanh;
  let sign = 1;
  Math.tanh = (a) => tanh(a) * (1 + (sign = -sign) * Number.EPSILON);
}

/** Symbols, equations and operands of all nodes and paths that the page writes in another way than the trace. */
function differingTexts(trace) {
  const own = new Epochs(modelOf(trace)).worked(0);
  const known = trace.epochs[0].detail;
  const nodes = ["forward", "backward", "updates"].flatMap((view) => known[view].map((node, i) => [own[view][i], node]));
  const paths = known.gradients.flatMap(({ paths: all }, i) => all.map((path, j) => [own.gradients[i].paths[j], path]));
  const said = ({ id, symbol, equation, inputs }) => [id, symbol?.t ?? symbol?.text, equation?.t ?? equation?.text, inputs].join(" | ");
  return [...nodes, ...paths].map(([mine, other]) => [said(mine), said(other)]).filter(([mine, other]) => mine !== other);
}

const compared = process.argv[2] === "texts" ? differingTexts : largestGap;
for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(compared(JSON.parse(line))));

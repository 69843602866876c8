// Reads traces as lines of JSON; writes for each the largest difference between engine.js and the trace's own numbers.
// With "ulp" as argument the last bit of every tanh is wrong, as it may be in another JavaScript engine.

import { createInterface } from "node:readline";
import { largestGap } from "../src/elman/explain/page/model.js";

if (process.argv[2] === "ulp") {
  const tanh = Math.tanh;
  let sign = 1;
  Math.tanh = (a) => tanh(a) * (1 + (sign = -sign) * Number.EPSILON);
}
for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(largestGap(JSON.parse(line))));

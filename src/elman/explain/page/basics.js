// Helpers for elements, numbers and formulas.

import { computable, largestGap } from "./model.js";

const DOCUMENT = JSON.parse(document.getElementById("document").textContent);
const FORMULAS = document.getElementById("formulas").content.children;
const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** Four decimals, four significant digits for small numbers, an exponent for very large or small ones. */
function number(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  const trimmed = (digits) => digits.replace(/\.?0+$/, "").replace("-", "−");
  if (size >= 1e-4 && size < 1e5) return trimmed(size < 0.01 ? value.toPrecision(4) : value.toFixed(4));
  const [digits, power] = value.toExponential(3).split("e");
  return `${trimmed(digits)}e${Number(power)}`.replace("e-", "e−");
}

/** A formula of the document, stored as MathML. */
const math = (formula) => FORMULAS[formula.m].cloneNode(true);

/** The letter and its indices, for drawings: "h⁽¹⁾_2" gives a subscript. */
function label(text, attributes) {
  const [base, ...rest] = text.replaceAll("←", "\u20d6").split("_"); // an arrow above the letter
  const below = rest.join("_");
  const indices = below ? [draw("tspan", { dy: "0.35em", "font-size": "70%" }, below)] : [];
  return draw("text", attributes, base, ...indices);
}

/** The letter and its indices as HTML text. */
function spell(text) {
  const [base, ...rest] = text.replaceAll("←", "\u20d6").split("_");
  return rest.length ? [base, make("sub", {}, rest.join("_"))] : [base];
}

/** The values of one row (example) of a node; losses have no rows. */
const ofRow = (value, row) => (Array.isArray(value) ? [value[row]].flat(Infinity) : [value]);

const rowName = (trace, row) => (trace.row_names ? trace.row_names[row] : `example ${row + 1}`);

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

let uniqueIds = 0;
const uniqueId = (prefix) => `${prefix}-${(uniqueIds += 1)}`;

/** The theme follows the system until the button is pressed. */
function setUpTheme() {
  const button = document.querySelector(".theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  const show = () => {
    const dark = chosen === null ? system.matches : chosen;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    button.setAttribute("aria-pressed", String(dark));
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme !== "dark";
    show();
  });
  system.addEventListener("change", show);
  show();
}

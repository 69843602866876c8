// Helpers for elements, numbers and formulas.

import { added, forward, fromOutput, norm, onePassBack } from "./engine.js";
import { computable, departure, Epochs, largestGap, modelOf, unpacked } from "./model.js";
import * as slips from "./slips.js";
import * as exercises from "./exercise.js";
import * as sequences from "./sequence.js";
import * as changes from "./state.js";
import { nameOf } from "./names.js";
import { numberOf } from "./reading.js";
import { dot, numbers, of, printed, slipped, summed, symbol, transposed } from "./writing.js";
import { columnLetter, longName, shortName } from "./forward_nodes.js";

const DOCUMENT = unpacked(JSON.parse(document.getElementById("document").textContent));
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
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size === 0) return "0";
  const trimmed = (digits) => digits.replace(/\.?0+$/, "").replace("-", "−");
  if (size >= 1e-4 && size < 1e5) return trimmed(size < 0.01 ? value.toPrecision(4) : value.toFixed(4));
  const [digits, power] = value.toExponential(3).split("e");
  return `${trimmed(digits)}e${Number(power)}`.replace("e-", "e−");
}

/** A formula as an element: of the document's table, or written by this page. */
function math(formula) {
  if (formula.ml === undefined) return translate(FORMULAS[formula.m].cloneNode(true));
  const holder = document.createElement("template");
  const parts = formula.parts ?? [formula.ml];
  const inner = parts.map((part) => `<math>${part}</math>`).join("<wbr>");
  holder.innerHTML = parts.length > 1 ? `<span>${inner}</span>` : inner;
  return translate(holder.content.firstChild);
}

/** Formulas and words as elements, and as text for screen readers. */
const written = (parts) => parts.map((part) => (typeof part === "string" ? part : math(part)));
const said = (parts) => parts.map((part) => (typeof part === "string" ? part : translatedText(part.t))).join("");

/** Set an attribute, or a class, unless it is set already: most of a drawing stays as it is after a change. */
function setOnce(element, name, value) {
  const known = (element.known ??= {});
  if (known[name] === value) return;
  known[name] = value;
  element.setAttribute(name, value);
}
function toggleOnce(element, name, on) {
  const known = (element.known ??= {});
  if ((known[name] ?? false) === on) return;
  known[name] = on;
  element.classList.toggle(name, on);
}

/**
 * Write fresh children over old ones: what is equal stays, so that the browser lays out only what changed. Parts with
 * data-kept stay as they are; tabindex is that of reachable().
 */
function renew(holder, fresh) {
  const old = [...holder.childNodes];
  fresh.forEach((node, i) => {
    if (i >= old.length) holder.append(node);
    else if (!renewed(old[i], node)) old[i].replaceWith(node);
  });
  for (const node of old.slice(fresh.length)) node.remove();
}

function renewed(old, fresh) {
  if (old.nodeName !== fresh.nodeName) return false;
  if (old.isEqualNode(fresh)) return true;
  if (old.nodeType === Node.TEXT_NODE) {
    old.data = fresh.data;
    return true;
  }
  if (old.hasAttribute("data-kept")) return true;
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (old.attributes.length > fresh.attributes.length)
    for (const { name } of [...old.attributes])
      if (name !== "tabindex" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  renew(old, [...fresh.childNodes]);
  return true;
}

/** The letter and its indices, for drawings: "h⁽¹⁾_2" gives a subscript. */
function label(text, attributes) {
  const [base, ...rest] = translatedText(text).replaceAll("←", "\u20d6").split("_"); // an arrow above the letter
  const below = rest.join("_");
  const indices = below ? [draw("tspan", { dx: "0.06em", dy: "0.35em", "font-size": "70%" }, below)] : [];
  return draw("text", attributes, base, ...indices);
}

/** The letter and its indices as HTML text. */
function spell(text) {
  const [base, ...rest] = translatedText(text).replaceAll("←", "\u20d6").split("_");
  return rest.length ? [base, make("sub", {}, rest.join("_"))] : [base];
}

/** The values of a node for one example, or for all if row is null; a loss has one number per example, or their sum. */
function ofRow(node, row) {
  if (row !== null && node.rows) return [node.rows[row]];
  return [Array.isArray(node.value) && row !== null ? node.value[row] : node.value].flat(Infinity);
}

/** A side of a node's equation: recorded, or written for one example or all. */
const side = (node, name, row) => (typeof node[name] === "function" ? node[name](row) : node[name]);

const rowName = (trace, row) =>
  row === null ? "all examples" : trace.row_names ? trace.row_names[row] : `example ${row + 1}`;

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

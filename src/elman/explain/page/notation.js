// The letters and the time index of other texts: every formula, label and table follows the switch.
//
// A notation maps "W_x" or "h" to [letter, lower, upper, transposed?]; {t} is the time index, {g} the gate. The page's own
// letters have one source; only their appearance changes. A lesson may be written in the letters of a note (data-letters).

const NOTATIONS = {
  elman: {
    name: "Elman",
    letters: {
      W_x: ["W", "x{g}"],
      W_h: ["W", "h{g}"],
      W_y: ["W", "y"],
      h: ["h", "{t}"],
      x: ["x", "{t}"],
      y: ["y", "{t}"],
      ŷ: ["ŷ", "{t}"],
      a: ["a", "{g}{t}"],
      c: ["c", "{t}"],
      L: ["L", "{t}"],
    },
  },
  A: {
    name: "note A",
    letters: { W_x: ["Ū", "{g}", "", true], W_h: ["W̄", "{g}", "", true], W_y: ["V̄", "", "", true] },
  },
  B: {
    name: "note B",
    letters: { W_x: ["U", "{g}"], W_h: ["W", "{g}"], W_y: ["V", ""], b_y: ["c", ""], c: ["s", "{t}"], g: ["s̃", "{t}"] },
  },
  C: {
    name: "note C",
    letters: {
      W_x: ["W", "{g}", "xh"],
      W_h: ["W", "{g}", "hh"],
      W_y: ["W", "", "hy"],
      a: ["z", "{g}{t}"],
      ŷ: ["P", "{t}"],
      L: ["J", "{t}"],
    },
  },
  D: {
    name: "note D",
    letters: {
      W_x: ["w", "x{g}"],
      W_h: ["w", "a{g}"],
      W_y: ["w", "y"],
      h: ["a", "", "⟨{t}⟩"],
      x: ["x", "", "⟨{t}⟩"],
      y: ["y", "", "⟨{t}⟩"],
      ŷ: ["ŷ", "", "⟨{t}⟩"],
      a: ["z", "{g}", "⟨{t}⟩"],
      c: ["c", "", "⟨{t}⟩"],
      L: ["L", "", "⟨{t}⟩"],
    },
  },
  E: {
    name: "note E",
    letters: {
      W_x: ["W", "1{g}"],
      W_h: ["W", "h1{g}"],
      W_y: ["W", "2"],
      b: ["β", "1{g}"],
      b_y: ["β", "2"],
      h: ["H", "1{t}"],
      x: ["X", "{t}"],
      y: ["Y", "{t}"],
      ŷ: ["Ŷ", "{t}"],
    },
  },
  pytorch: {
    name: "PyTorch",
    letters: {
      W_x: ["W", "i{g|h}", "", true],
      W_h: ["W", "h{g|h}", "", true],
      W_y: ["W", "out", "", true],
      b: ["b", "{g}"],
      b_xn: ["b", "in"],
      b_hn: ["b", "hn"],
      b_y: ["b", "out"],
    },
  },
  keras: {
    name: "Keras",
    letters: {
      W_x: ["kernel", "{g}"],
      W_h: ["recurrent", "{g}"],
      W_y: ["dense kernel", ""],
      b: ["bias", "{g}"],
      b_xn: ["bias", "h"],
      b_hn: ["recurrent bias", "h"],
      b_y: ["dense bias", ""],
      g: ["c̃", "{t}"],
      n: ["h̃", "{t}"],
    },
  },
};
let notationKey = "elman";
let notation = NOTATIONS[notationKey];

const WITH_OWN = { W: /^(x|h|y)([ifgorzn]?)$/, b: /^(y|xn|hn|[ifgorzn]?)$/, a: /^(?:([ifgorzn]|y),?)?(.*)$/ };

/** Letter, gate and time of a symbol: W_xi is the gate i of W_x, a_i,2 the gate i of a at step 2. */
function readSymbol(base, lower) {
  const own = WITH_OWN[base] && lower.match(WITH_OWN[base]);
  if (base === "W") return own && { key: `W_${own[1]}`, gate: own[2], time: "" };
  if (base === "b") {
    if (!own) return null;
    return /^(y|xn|hn)$/.test(lower) ? { key: `b_${lower}`, gate: "", time: "" } : { key: "b", gate: lower, time: "" };
  }
  if (base === "a" && own) return own[1] === "y" ? null : { key: "a", gate: own[1] ?? "", time: own[2] };
  return { key: base, gate: "", time: lower };
}

/** Such a symbol in the letters of a note: a⟨2⟩ of example n is h at step 2, n. What is raised besides stays. */
function readNote(note, { base, lower, upper }) {
  const above = upper?.textContent.match(/^⟨(.*)⟩$/)?.[1];
  for (const [key, [letter, below, top = ""]] of Object.entries(NOTATIONS[note].letters)) {
    const own = below.replace(/\{.\}/g, "");
    if (letter !== base || (own && own !== lower) || (above && !top)) continue;
    const time = [above, own ? "" : lower].filter(Boolean).join(",");
    return { key, gate: "", time, outer: above ? null : upper };
  }
  return null;
}

/** A symbol in the chosen notation: letter, lower and upper index, transposed; null if it stays. */
function inOtherLetters({ key, gate, time }, known = {}) {
  const letters = notation.letters[key] ?? known[key];
  if (!letters) return null;
  const between = gate && time ? "," : "";
  const put = (text) =>
    text
      .replace("{g|h}", gate || "h")
      .replace("{g}{t}", gate + between + time)
      .replace("{g}", gate)
      .replace("{t}", time);
  const [letter, below, above = "", transposed_ = false] = letters;
  const upper = above.includes("{t}") && !time ? "" : put(above);
  return { letter, lower: put(below), upper, transposed: transposed_ };
}

/** A symbol in text, such as "h_2" or "W_xi", in the chosen notation. */
function translatedText(text) {
  if (notation === NOTATIONS.elman) return text;
  return text.replace(
    /(^|[^A-Za-zŷ])(d?)(ŷ|[A-Za-z])(?:_([A-Za-z0-9,+−-]+))?(?![A-Za-zŷ(])/g,
    (all, before, d, base, lower = "") => {
      const read = readSymbol(base, lower);
      const found = read && inOtherLetters(read);
      if (!found) return all;
      const low = found.lower ? `_${found.lower}` : "";
      return `${before}${d}${found.letter}${found.upper.startsWith("⟨") ? found.upper : found.upper ? `^${found.upper}` : ""}${found.transposed ? "ᵀ" : ""}${low}`;
    },
  );
}

const ml = (tag, ...children) => {
  const element = document.createElementNS("http://www.w3.org/1998/Math/MathML", tag);
  element.append(...children);
  return element;
};

/** Base and indices of an element that is a symbol; null for all others. */
function symbolOf(element) {
  const tag = element.localName;
  if (tag === "mi" || tag === "mover") {
    const inside = element.parentNode.closest("msub, msubsup, mover");
    const first = inside && inside.firstElementChild.contains(element);
    return first && tag !== "msub" ? null : { base: letterOf(element), lower: "", upper: null };
  }
  const [base, second, third = null] = element.children;
  if (tag === "msup") return { base: letterOf(base), lower: "", upper: second };
  if (tag !== "msub" && tag !== "msubsup") return null;
  return { base: letterOf(base), lower: second.textContent, upper: third };
}

function letterOf(element) {
  const text = element.textContent;
  return element.localName === "mover" || /[\^ˆ]/.test(text) ? text.replace(/[\^ˆ]/, "").replace("y", "ŷ") : text;
}

/** The element of a symbol in other letters; a transposed letter that is transposed again is not transposed. */
function written_({ letter, lower, upper, transposed: turned_ }, outer) {
  const twice = turned_ && outer?.textContent === "⊤";
  const base = ml("mi", letter);
  if (letter.length > 1 && /^[a-z]/.test(letter)) base.setAttribute("mathvariant", "normal");
  const signs = [upper && ml("mtext", upper), turned_ && !twice && ml("mo", "⊤")].filter(Boolean);
  const above = signs.length ? ml("mrow", ...signs) : null;
  const below = lower ? ml("mrow", ml("mi", lower)) : null;
  let element = base;
  if (below && above) element = ml("msubsup", base, below, above);
  else if (below) element = ml("msub", base, below);
  else if (above) element = ml("msup", base, above);
  if (!outer || twice) return element;
  return ml("msup", above ? ml("mrow", ml("mo", "("), element, ml("mo", ")")) : element, outer.cloneNode(true));
}

/** Write a formula in the chosen notation; its own letters stay stored in it. */
function translate(root) {
  const formulas = root.localName === "math" ? [root] : [...root.querySelectorAll("math")];
  for (const formula of formulas) {
    formula.own ??= formula.innerHTML;
    if (formula.told === notation) continue;
    if (formula.told !== undefined || notation !== NOTATIONS.elman) formula.innerHTML = formula.own;
    formula.told = notation;
    const letters = formula.closest("[data-letters]")?.dataset.letters ?? "elman";
    if (notation === NOTATIONS.elman || letters === "none" || letters === notationKey) continue;
    if (letters === "elman") translateSymbols(formula);
    else translateNote(formula, letters);
  }
  return root;
}

function translateSymbols(formula) {
  for (const [element, found] of symbolsIn(formula, "mi, mover, msub, msubsup")) {
    const read = readSymbol(found.base, found.lower);
    const other = read && inOtherLetters(read);
    if (!other) continue;
    const raised = raisedBy(element);
    if (raised && other.transposed) raised.replaceWith(written_({ ...other, transposed: false }));
    else element.replaceWith(written_(other, found.upper));
  }
}

/** The same for a formula in the letters of a note. */
function translateNote(formula, note) {
  for (const [element, found] of symbolsIn(formula, "mi, mover, msup, msub, msubsup")) {
    const read = readNote(note, found);
    if (read) element.replaceWith(written_(inOtherLetters(read, NOTATIONS.elman.letters), read.outer));
  }
}

/** The elements that are symbols, each outer one before those inside; what is inside of a replaced one is left out. */
function* symbolsIn(formula, tags) {
  for (const element of [...formula.querySelectorAll(tags)]) {
    const found = formula.contains(element) && symbolOf(element);
    if (found) yield [element, found];
  }
}

/** The transpose around a symbol. */
function raisedBy(element) {
  let outer = element;
  while (outer.parentNode.localName === "mrow" && outer.parentNode.childElementCount === 1) outer = outer.parentNode;
  const power = outer.parentNode;
  return power.localName === "msup" && power.firstElementChild === outer && power.lastElementChild.textContent === "⊤"
    ? power
    : null;
}

/** The switch in the header; every board draws its labels again. An address may name the letters. */
function setUpNotation(all) {
  const write = (key) => {
    notationKey = key;
    notation = NOTATIONS[key];
    document.documentElement.dataset.notation = key;
    translate(document.body);
    for (const heading of document.querySelectorAll("th .unseen")) {
      heading.own ??= heading.textContent; // what a formula says aloud
      heading.textContent = translatedText(heading.own);
    }
    for (const board of all) board.rewrite();
  };
  const names = Object.entries(NOTATIONS).map(([key, { name }]) => [key, name]);
  const { select, element } = chooser("Letters", names, write);
  select.setAttribute("aria-label", "Letters of the formulas");
  document.querySelector(".modes").prepend(element);
  const wanted = address.read().get("letters");
  if (!Object.hasOwn(NOTATIONS, wanted ?? "")) return;
  select.value = wanted;
  write(wanted);
}

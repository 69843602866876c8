// A sequence of one's own: what was typed, what it becomes, and the button that takes it.

const EXAMPLES = [
  ["numbers", "0.5 0.6 0.7 0.72"],
  ["two columns", "stock gold\n0.5 0.9\n0.6 0.8\n0.7 0.85\n0.72 0.8"],
  ["words", "th i course on nature"],
];

class Typing {
  constructor(board) {
    this.board = board;
    this.text = make("textarea", {
      rows: 4,
      spellcheck: "false",
      "aria-label": "Sequence",
      oninput: () => this.preview(),
    });
    this.text.value = EXAMPLES[0][1];
    this.size = make("input", {
      type: "number",
      min: 1,
      max: 50,
      value: 3,
      "aria-label": "Steps of a window",
      oninput: () => this.preview(),
    });
    this.every = make("input", { type: "checkbox", onchange: () => this.preview() });
    this.meaning = make("div", { class: "meaning", "aria-live": "polite" });
    this.take = make("button", { type: "button", onclick: () => this.use() }, "Use this sequence");
    const examples = EXAMPLES.map(([name, text]) =>
      make("button", { type: "button", onclick: () => this.show(text) }, name),
    );
    this.element = make(
      "details",
      { class: "typing", ontoggle: () => this.preview() },
      make("summary", {}, "Your own sequence"),
      make("div", { class: "chips" }, make("span", { class: "chips-title" }, "for example"), ...examples),
      this.text,
      make(
        "div",
        { class: "choices" },
        make("label", { class: "choice" }, "Steps of a window ", this.size),
        make("label", { class: "choice" }, this.every, " one window, the next value at every step"),
        this.take,
      ),
      this.meaning,
    );
  }

  show(text) {
    this.text.value = text;
    this.preview();
  }

  get chosen() {
    return [
      sequences.parseSequence(this.text.value),
      Math.max(1, Math.round(Number(this.size.value)) || 1),
      this.every.checked,
    ];
  }

  /** Show what the text means, or why it cannot be taken. */
  preview() {
    if (!this.element.open) return;
    try {
      const [sequence, size, every] = this.chosen;
      const { x, y } = sequences.windowsOf(sequence, size, every);
      this.meaning.replaceChildren(
        make("p", { class: "note" }, meaningOf(sequence, x, every)),
        ...vocabularyTable(sequence),
        windowTable(sequence, x, y, every),
      );
      this.take.disabled = false;
    } catch (error) {
      this.meaning.replaceChildren(make("p", { class: "note wrong" }, error.message));
      this.take.disabled = true;
    }
    reachable(this.element);
  }

  use() {
    const [sequence, size, every] = this.chosen;
    this.board.row = 0;
    this.board.change(sequences.withSequence(this.board.model, sequence, size, every), ["A sequence of your own"]);
  }
}

/** One sentence: what is a step, what is a channel, what is an example. */
function meaningOf({ kind, steps, channels, words }, x, every) {
  const [T, N, D] = [x.length, x[0].length, steps[0].length];
  const what = {
    numbers: `${steps.length} numbers: one channel, every number is a step.`,
    channels: `${steps.length} steps with ${D} channels, which are not steps: ${channels?.join(", ")}. The target is the next value of ${channels?.[0]}.`,
    words: `${steps.length} words, ${words?.length} different: every word is a step, a one-hot vector of ${words?.length} numbers.`,
  }[kind];
  const windows = every
    ? "one window; every step has the next one as target"
    : `${N} window${N > 1 ? "s" : ""} of ${T} steps, each with the next step as target`;
  return `${what} ${windows[0].toUpperCase()}${windows.slice(1)}: x has the shape (T, N, D) = (${T}, ${N}, ${D}).`;
}

function vocabularyTable({ words }) {
  if (!words) return [];
  const rows = words.map((word, i) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, word),
      make("td", {}, String(i)),
      make("td", {}, changes.oneHot(i, words.length).join(" ")),
    ),
  );
  const head = make("tr", {}, ...["word", "index", "one-hot"].map((name) => make("th", { scope: "col" }, name)));
  return [
    make(
      "div",
      { class: "scroll", role: "group", "aria-label": "Vocabulary" },
      make("table", { class: "plain" }, make("thead", {}, head), make("tbody", {}, ...rows)),
    ),
  ];
}

function windowTable(sequence, x, y, every) {
  const said = (step) => (sequence.words ? sequence.words[step.indexOf(1)] : step.map(number).join(" | "));
  const lines = x[0].map((_, n) => [
    x.map((step) => said(step[n])).join(", "),
    every ? y.map((step) => said(step[n])).join(", ") : said(y[n]),
  ]);
  const head = make(
    "tr",
    {},
    ...["", "window", every ? "targets" : "target"].map((name) =>
      name ? make("th", { scope: "col" }, name) : make("td", {}),
    ),
  );
  const rows = lines.map((cells, n) =>
    make("tr", {}, make("th", { scope: "row" }, String(n + 1)), ...cells.map((text) => make("td", {}, text))),
  );
  return make(
    "div",
    { class: "scroll", role: "group", "aria-label": "Windows" },
    make("table", { class: "plain" }, make("thead", {}, head), make("tbody", {}, ...rows)),
  );
}

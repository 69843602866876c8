// The exercise of a board: a sheet of blank cells.

/** The title of a cell or a group: a formula, or text, or both. */
const titled = ({ sign, text }) => [sign && math(sign), text];
const spokenTitle = ({ sign, text }) => `${sign ? translatedText(sign.t) : ""}${text}`;

/** A sentence whose letters with an index have the chosen notation. */
const withLetters = (sentence) =>
  sentence.split(/(\b[A-Za-z]_(?:\w+|\([^)]*\)))/).flatMap((part, i) => (i % 2 ? spell(part) : [part]));

class Sheet {
  constructor(board) {
    this.board = board;
    this.body = make("div", {});
    this.said = make("p", { class: "note", role: "status" });
    this.element = make(
      "details",
      { class: "setup sheet", ontoggle: () => this.update() },
      make("summary", {}, "Exercise"),
      make(
        "p",
        { class: "note" },
        "The numbers of the drawing are hidden. Fill in the cells; an answer counts within the rounding of its digits.",
      ),
      this.body,
      this.said,
    );
  }

  /** New blank cells for the model and the chosen example. */
  update() {
    const { board } = this;
    const open = this.element.open;
    board.root.classList.toggle("exercising", open);
    const form = `${board.row}/${open}`;
    if (!open) return;
    if (this.form === form && this.model === board.model) return;
    [this.form, this.model] = [form, board.model];
    const n = board.row ?? 0;
    this.cells = exercises.cellsOf(board.model, n);
    const groups = [...new Set(this.cells.map(({ group }) => group))];
    this.said.textContent = `Example: ${rowName(board.trace, n)}.`;
    this.body.replaceChildren(
      ...groups.map((group) => this.group(group)),
      make("button", { type: "button", onclick: () => this.solve() }, "Show the solution"),
    );
  }

  group(group) {
    const cells = this.cells.filter((one) => one.group === group);
    return make("fieldset", {}, make("legend", {}, ...titled(group)), ...cells.map((one) => this.blank(one)));
  }

  blank(one) {
    one.input = make("input", {
      type: "text",
      inputmode: "decimal",
      size: 9,
      "data-cell": one.key,
      "aria-label": `${spokenTitle(one.group)}: ${spokenTitle(one)}`,
      onchange: () => this.check(one),
    });
    return make("label", { class: "choice" }, make("span", {}, ...titled(one)), " = ", one.input);
  }

  check(one) {
    const text = one.input.value;
    if (text.trim() === "") return;
    const right = exercises.matches(text, one.value);
    one.input.classList.toggle("right", right);
    one.input.classList.toggle("mistaken", !right);
    one.input.setAttribute("aria-invalid", String(!right));
    const done = this.cells.filter(({ input }) => input.classList.contains("right")).length;
    const sentence = right
      ? `Right: ${number(one.value)}. ${done} of ${this.cells.length} cells.`
      : exercises.diagnosis(text, one);
    this.said.replaceChildren(...withLetters(sentence));
  }

  solve() {
    for (const one of this.cells) {
      one.input.value = number(one.value);
      one.input.classList.remove("mistaken");
    }
    this.said.textContent = "All cells show their numbers.";
  }
}

// The errors of the notes as switches, each with its effect on the loss.

class Switches {
  constructor(board) {
    this.board = board;
    this.list = make("ul", { class: "slips" });
    this.together = make("p", { class: "note" });
    this.element = make(
      "details",
      { class: "setup", ontoggle: () => this.update() },
      make("summary", {}, "Slips of the notes"),
      make("p", { class: "note" }, "Each printed error can be switched on; all numbers follow."),
      this.list,
      this.together,
    );
  }

  update() {
    const { model } = this.board;
    const { net } = model;
    if (!this.element.open) return;
    const offered = slips.SLIPS.filter(({ id, applies }) => applies(net) || net.slips?.has(id));
    const focused = document.activeElement?.dataset?.slip;
    const right = slips.effect(slips.without(model));
    this.list.replaceChildren(...offered.map((slip) => this.entry(slip, right[1])));
    const [before, after] = slips.effect(model);
    this.together.textContent = net.slips?.size
      ? `With what is switched on, one update takes the loss from ${number(before)} to ${number(after)}; without slips from ${number(right[0])} to ${number(right[1])}.`
      : `Without slips, one update takes the loss from ${number(right[0])} to ${number(right[1])}.`;
    this.together.dataset.value = String(after);
    this.list.querySelector(`[data-slip="${focused}"]`)?.focus();
  }

  entry({ id, note, printed, right }, rightLoss) {
    const { board } = this;
    const on = Boolean(board.model.net.slips?.has(id));
    const alone = slips.effect(slips.switched(slips.without(board.model), id, true));
    const box = make("input", {
      type: "checkbox",
      "data-slip": id,
      checked: on,
      onchange: () =>
        board.change(slips.switched(board.model, id, box.checked), [box.checked ? "On: " : "Off: ", ...printed]),
    });
    return make(
      "li",
      {},
      make(
        "label",
        {},
        box,
        make("span", { class: "tag" }, `note ${note}`),
        " ",
        ...written(printed),
        " ",
        make("span", { class: "why" }, "(right: ", ...written(right), ")"),
      ),
      make(
        "span",
        { class: "effect" },
        `alone: ${number(alone[0])} → ${number(alone[1])}, right → ${number(rightLoss)}`,
      ),
    );
  }
}

// A choice among formulas: the options of a select can only be text.

class Picker {
  /** change is called with the index of the option that a reader takes. */
  constructor(name, change) {
    this.change = change;
    this.list = make("ul", { role: "listbox", id: uniqueId("options"), "aria-label": name, hidden: true });
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the button keeps the focus
    this.list.addEventListener("click", (event) => this.take(this.entries.indexOf(event.target.closest("li"))));
    this.button = make("button", {
      type: "button",
      role: "combobox",
      "aria-label": name,
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-controls": this.list.id,
      onclick: () => (this.list.hidden ? this.open() : this.close()),
      onblur: () => this.close(),
      onkeydown: (event) => this.onKey(event),
    });
    this.element = make("span", { class: "picker", "data-kept": "" }, this.button, this.list);
  }

  /** Offer options, each a list of formulas and words, and choose one. */
  offer(options, chosen) {
    this.options = options;
    this.choose(chosen);
  }

  choose(index) {
    this.chosen = index;
    this.button.replaceChildren(...written(this.options[index] ?? []));
  }

  /** The options are written when they are looked at: most panels are written again before that. */
  open() {
    this.entries = this.options.map((parts, i) => {
      const chosen = String(i === this.chosen);
      const entry = make("li", { role: "option", id: uniqueId("option"), "aria-selected": chosen }, ...written(parts));
      entry.setAttribute("aria-label", entry.textContent); // formulas alone give an element no name
      return entry;
    });
    this.list.replaceChildren(...this.entries);
    this.list.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.reach(this.chosen);
  }

  close() {
    this.list.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    this.button.removeAttribute("aria-activedescendant");
  }

  /** Move to an option without taking it. */
  reach(index) {
    this.reached = clamp(index, 0, this.entries.length - 1);
    this.entries.forEach((entry, i) => entry.classList.toggle("reached", i === this.reached));
    this.button.setAttribute("aria-activedescendant", this.entries[this.reached].id);
    this.entries[this.reached].scrollIntoView({ block: "nearest" });
  }

  take(index) {
    this.close();
    if (index < 0 || index === this.chosen) return;
    this.choose(index);
    this.change(index);
  }

  onKey(event) {
    const closed = this.list.hidden;
    const by = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (by) {
      if (closed) this.open();
      else this.reach(this.reached + by);
    } else if (!closed && ["Enter", " ", "Tab"].includes(event.key)) this.take(this.reached);
    else if (!closed && event.key === "Escape") this.close();
    else return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  }
}

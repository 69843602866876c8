// Lecture mode: one board fills the screen, drawing and equation side by side, in large type.

const LECTURE_HELP = [
  ["L", "lecture mode on and off"],
  ["→ ← ↑ ↓", "through time and through a step"],
  ["Page Down, Space", "reveal, then the next number"],
  ["Page Up", "the number before"],
  ["1 2 3 4", "forward, backward, paths, weights"],
  ["+ −", "next epoch, epoch before"],
  ["[ ]", "drawing before, next drawing"],
  ["H", "hide results, and reveal them one by one"],
  ["B", "blank screen"],
  ["Esc", "leave"],
];

const SMALLEST = 11; // pixels, of the widest lines in lecture mode

class Lecture {
  constructor(all) {
    this.boards = all;
    this.index = 0;
    this.on = false;
    this.hiding = false;
    this.button = document.querySelector(".present");
    this.button.hidden = !all.length;
    this.button.addEventListener("click", () => this.toggle());
    this.help = make(
      "details",
      { class: "keys" },
      make("summary", {}, "Keys"),
      make("dl", {}, ...LECTURE_HELP.flatMap(([key, what]) => [make("dt", {}, key), make("dd", {}, what)])),
    );
    document.addEventListener("keydown", (event) => this.onKey(event), true); // before the board hears it
    window.addEventListener("resize", () => this.on && this.fit());
    for (const board of all) board.afterUpdate = () => this.on && this.board === board && this.fit();
  }

  get board() {
    return this.boards[this.index];
  }

  toggle() {
    if (this.on) this.leave();
    else this.enter(this.nearest());
  }

  /** The board that is nearest to the middle of the screen. */
  nearest() {
    const far = ({ root }) => {
      const { top, bottom } = root.getBoundingClientRect();
      return Math.abs((top + bottom) / 2 - window.innerHeight / 2);
    };
    return this.boards.reduce((best, board, i, all) => (far(board) < far(all[best]) ? i : best), 0);
  }

  enter(index) {
    this.index = index;
    this.on = true;
    document.documentElement.classList.add("lecture");
    this.boards.forEach(({ root }, i) => root.classList.toggle("presented", i === index));
    this.board.root.append(this.help);
    this.button.setAttribute("aria-pressed", "true");
    this.board.update();
    this.board.focus();
  }

  leave() {
    this.on = false;
    document.documentElement.classList.remove("lecture", "blank");
    for (const { root, drawing } of this.boards) {
      root.classList.remove("presented");
      for (const one of root.querySelectorAll(".panel .line")) one.style.fontSize = "";
      drawing.frame(null);
    }
    this.hiding = false;
    this.veil();
    this.help.remove();
    this.button.setAttribute("aria-pressed", "false");
    this.board.root.scrollIntoView({ block: "start" });
  }

  /** As large as the height allows; if not all steps fit then, those around the selected number. */
  fit() {
    const { board } = this;
    const { clientWidth: width, clientHeight: height } = board.stage;
    const { plan } = board.drawing;
    const scale = Math.min(height / plan.height, 1.9);
    const seen = Math.min(plan.width, width / scale);
    const whole = Math.min(width / plan.width, height / plan.height);
    if (whole >= 0.95) board.drawing.frame({ x: 0, width: plan.width });
    else {
      const middle = plan.places.get(board.item.id)?.x ?? 0;
      board.drawing.frame({ x: clamp(middle - seen / 2, 0, plan.width - seen), width: seen });
    }
    this.shrink();
    this.veil();
  }

  /** A line of the equation that is wider than the panel is written smaller: nothing of it is cut. */
  shrink() {
    for (const one of this.board.panel.querySelectorAll(".equation .line")) {
      one.style.fontSize = "";
      const part = one.clientWidth / one.scrollWidth;
      const size = parseFloat(getComputedStyle(one).fontSize);
      if (part < 1) one.style.fontSize = `${Math.max(SMALLEST, 0.97 * part * size)}px`;
    }
  }

  /** Hide the lines of the equation that are not revealed yet. */
  veil() {
    const lines = [...this.board.panel.querySelectorAll(".equation .line")];
    const key = `${this.board.node?.id}/${this.board.view}/${this.board.pathIndex}`;
    if (key !== this.veiled) [this.veiled, this.revealed] = [key, 2];
    lines.forEach((one, i) => one.classList.toggle("veiled", this.hiding && i >= this.revealed));
    this.hidden = this.hiding && this.revealed < lines.length;
    this.board.root.classList.toggle("hiding", this.hidden);
  }

  next() {
    if (this.hidden) {
      this.revealed += 1;
      this.veil();
    } else this.board.compute(1);
  }

  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select, .picker")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "l" && this.boards.length) this.toggle();
    else if (this.on && this.keys[key]) this.keys[key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  get keys() {
    const { board } = this;
    const view = (index) => () => board.buttons[index] && board.setView(board.buttons[index].dataset.view);
    const turn = (by) => () => this.enter((this.index + by + this.boards.length) % this.boards.length);
    const arrow = (name) => () => board.onKey({ key: name, preventDefault() {}, target: board.item.press });
    const arrows = Object.fromEntries(
      ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].map((name) => [name, arrow(name)]),
    );
    return {
      ...arrows,
      PageDown: () => this.next(),
      " ": () => this.next(),
      PageUp: () => board.compute(-1),
      1: view(0),
      2: view(1),
      3: view(2),
      4: view(3),
      "+": () => board.setEpoch(board.epochIndex + 1),
      "-": () => board.setEpoch(board.epochIndex - 1),
      "[": turn(-1),
      "]": turn(1),
      h: () => {
        this.hiding = !this.hiding;
        this.veiled = null;
        this.veil();
      },
      b: () => document.documentElement.classList.toggle("blank"),
      Escape: () => this.leave(),
    };
  }
}

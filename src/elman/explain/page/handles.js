// Numbers that can be changed: typed, dragged to the left and right, or moved with the arrow keys.

const PER_PIXEL = 0.01;
const FREE = 3; // pixels before a press becomes a drag

/** Coarse with Shift, fine with Alt. */
const pace = ({ shiftKey, altKey }) => (shiftKey ? 10 : altKey ? 0.1 : 1);
const rounded = (value) => Number(value.toPrecision(12));

const sizeOf = (text) => Math.max(4, text.length);

function handleOf({ place, name }, value) {
  const text = number(value);
  return make("input", {
    class: "handle",
    type: "text",
    inputmode: "decimal",
    role: "spinbutton",
    "aria-label": name,
    "aria-valuenow": String(value),
    "data-place": JSON.stringify(place),
    value: text,
    size: sizeOf(text),
    autocomplete: "off",
    spellcheck: "false",
  });
}

/** The handle of a place of a board's model: where its number is, and how it is called. */
const handleFor = (board, place) => ({ place, name: said(nameOf(board.model, place)) });

const placeIn = (element) => (element.place ??= JSON.parse(element.dataset.place));

/** Let the handles of a board change its model; one listener for all, because tables are replaced after every change. */
function listenToHandles(board) {
  const { root } = board;
  const handle = (event) => event.target.closest?.(".handle");
  root.addEventListener("pointerdown", (event) => handle(event) && drag(board, handle(event), event));
  root.addEventListener("focusin", (event) => {
    const element = handle(event);
    if (!element) return;
    element.value = String(changes.numberAt(board.shownModel, placeIn(element)));
    element.select(); // a new value replaces all of it
  });
  root.addEventListener("input", (event) => {
    if (handle(event)) handle(event).typed = true;
  });
  root.addEventListener("focusout", (event) => handle(event) && type(board, handle(event)));
  root.addEventListener("keydown", (event) => handle(event) && onHandleKey(board, handle(event), event));
}

function drag(board, element, { clientX, pointerId }) {
  const place = placeIn(element);
  const start = changes.numberAt(board.shownModel, place);
  let moved = false;
  const move = (event) => {
    if (event.pointerId !== pointerId) return;
    const by = event.clientX - clientX;
    if (!moved && Math.abs(by) < FREE) return;
    const value = rounded(start + Math.round(by) * PER_PIXEL * pace(event));
    board.setNumber(place, value, { merge: moved });
    moved = true;
    document.documentElement.classList.add("dragging");
    event.preventDefault();
  };
  const end = (event) => {
    if (event.pointerId !== pointerId) return;
    document.documentElement.classList.remove("dragging");
    for (const name of ["pointerup", "pointercancel"]) window.removeEventListener(name, end);
    window.removeEventListener("pointermove", move);
  };
  window.addEventListener("pointermove", move);
  for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, end);
}

/** A typed number; text that is no number is put back. */
function type(board, element) {
  const place = placeIn(element);
  const known = changes.numberAt(board.shownModel, place);
  if (!element.typed) {
    element.value = number(known);
    return;
  }
  element.typed = false; // replacing the tables takes the focus away, and must not type again
  const value = numberOf(element.value);
  if (value !== null) {
    board.setNumber(place, value);
    return;
  }
  board.edits.say(`'${element.value}' is no number; the number before stays.`);
  element.value = number(known);
}

function onHandleKey(board, element, event) {
  const by = { ArrowUp: 0.1, ArrowDown: -0.1 }[event.key];
  if (by) {
    const place = placeIn(element);
    board.setNumber(place, rounded(changes.numberAt(board.shownModel, place) + by * pace(event)));
  } else if (event.key === "Enter") type(board, element);
  else if (event.key === "Escape") element.value = String(changes.numberAt(board.shownModel, placeIn(element)));
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Write the changed numbers into the tables that have handles. */
function refreshHandles(container, board) {
  for (const table of container.querySelectorAll("table")) {
    if (!table.querySelector(".handle")) continue;
    refreshTable(table, (cell) => changes.numberAt(board.shownModel, placeIn(cell.querySelector(".handle"))));
  }
}

function refreshHandle(element, value) {
  element.setAttribute("aria-valuenow", String(value));
  const text = number(value);
  element.value = document.activeElement === element ? String(value) : text;
  element.size = sizeOf(text);
}

// Formula and drawing linked: a factor under the pointer lights its edges, a node lights its symbol.

/** The edges that a factor of the chain rule or an operand stands for. */
function edgesOf(board, id) {
  const { edges } = board.drawing;
  const [kind, ...rest] = id.split(":");
  const end = (edge, id_) => edge.to === id_ || edge.from === id_;
  const at = (pattern) => edges.filter(({ from, to }) => pattern(from, to));
  const stepOf = (id_) => Number(id_.split("/").at(-1));
  const inside = (id_) => id_.startsWith("forward/") && !id_.startsWith("forward/x");
  if (kind === "dL/dy") return at((from, to) => from === `output/yhat/${rest[0]}` && to === `output/L/${rest[0]}`);
  if (kind === "dy/do") return at((from, to) => from === `output/o/${rest[0]}` && to === `output/yhat/${rest[0]}`);
  if (kind === "dy/ds")
    return at(
      (from, to) => to === `output/o/${rest[1]}` || (from === `output/o/${rest[1]}` && to === `output/yhat/${rest[1]}`),
    );
  if (kind === "ds/ds") return at((from, to) => inside(from) && inside(to) && stepOf(to) === Number(rest[1]));
  if (kind === "ds/dθ")
    return edges.filter(({ to, weight }) => weight?.name === shortName(rest[2]) && stepOf(to) === Number(rest[1]));
  if (id.startsWith("use/"))
    return edges.filter(({ to, weight }) => weight?.name === board.gradient.name && stepOf(to) === Number(id.slice(4)));
  if (id.startsWith("layers.") || id.startsWith("output."))
    return edges.filter(({ weight, to }) => weight?.name === shortName(id) && to === board.node?.id);
  return edges.filter((edge) => end(edge, id) && end(edge, board.node?.id));
}

/** Light what belongs to an id, in the drawing and in the formulas; null puts all out. */
function link(board, id) {
  for (const lit of board.root.querySelectorAll(".linked")) lit.classList.remove("linked");
  if (id === null) return;
  for (const edge of edgesOf(board, id)) {
    edge.line.classList.add("linked");
    edge.name?.classList.add("linked");
  }
  for (const element of board.panel.querySelectorAll(`[data-of="${CSS.escape(id)}"]`)) element.classList.add("linked");
  const item = board.drawing.items.find(({ forward: node, backward }) => node?.id === id || backward?.id === id);
  item?.g.classList.add("linked");
}

function listenToLinks(board) {
  const named = (event) =>
    event.target.closest?.("[data-of]")?.dataset.of ?? event.target.closest?.(".node")?.dataset.id ?? null;
  board.panel.addEventListener("pointerover", (event) => link(board, named(event)));
  board.panel.addEventListener("pointerleave", () => link(board, null));
  board.stage.addEventListener("pointerover", (event) => link(board, named(event)));
  board.stage.addEventListener("pointerleave", () => link(board, null));
}

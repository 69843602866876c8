// Where a board's epochs come from: a recorded trace, or the engine.

/** A recorded trace: all numbers of a few epochs, loss and parameters of every epoch. */
class Recorded {
  constructor(trace) {
    this.trace = trace;
    this.count = trace.epochs.length;
    this.notes = trace.notes;
  }
  number(index) {
    return this.trace.epochs[index].epoch;
  }
  loss(index) {
    return this.trace.epochs[index].loss;
  }
  epoch(index) {
    return this.trace.epochs[index];
  }
  /** The detail of the nearest epoch that has one. */
  detail(index) {
    const worked = this.trace.epochs
      .map((epoch, i) => [Math.abs(i - index), epoch])
      .filter(([, epoch]) => epoch.detail);
    return worked.sort((a, b) => a[0] - b[0])[0][1].detail;
  }
  /** A remark where the drawing shows another epoch than the slider. */
  remark(index) {
    if (this.trace.epochs[index].detail) return null;
    const worked = this.trace.epochs.filter(({ detail }) => detail).map(({ epoch }) => epoch);
    return `Full details are available for epochs ${worked.join(", ")}; the drawing shows the nearest of them.`;
  }
  updates(index) {
    return this.trace.epochs[index].detail?.updates ?? [];
  }
}

/** A network that the page computes: every epoch exactly, and as many as are wanted. */
class Live {
  constructor(model, count) {
    this.epochs = new Epochs(model);
    this.count = count;
  }
  number(index) {
    return index;
  }
  loss(index) {
    return this.epochs.loss(index);
  }
  epoch(index) {
    const { net, run } = this.epochs.at(index);
    const parameters = Object.fromEntries(Object.entries(net.weights).map(([name, value]) => [longName(name), value]));
    return { epoch: index, loss: run.loss, parameters };
  }
  detail(index) {
    return this.epochs.worked(index);
  }
  remark(index) {
    return Number.isFinite(this.loss(index)) ? null : "The loss is not finite: take a smaller learning rate, or undo.";
  }
  updates(index) {
    return this.detail(index).updates;
  }
}

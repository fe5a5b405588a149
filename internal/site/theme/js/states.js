// The newest state of each topic that this browser follows.

export class States {
  #known = new Map(); // topic → {seq, state}
  #readers = new Map(); // topic → functions

  /** f gets each new state of the topic. */
  watch(topic, f) {
    if (!this.#readers.has(topic)) this.#readers.set(topic, []);
    this.#readers.get(topic).push(f);
  }

  state(topic) {
    return this.#known.get(topic)?.state;
  }

  /** Everything known, as snapshots for a tab that comes late. */
  snapshots(topics) {
    return topics
      .filter((topic) => this.#known.has(topic))
      .map((topic) => ({ kind: "snapshot", ...this.#known.get(topic) }));
  }

  /**
   * Takes a snapshot or an update. An update that is not newer than what is
   * known comes from a connection that has been replaced, and is dropped.
   */
  take({ kind, seq, state }) {
    const { topic } = state;
    const known = this.#known.get(topic);
    if (kind === "update") {
      if (!known || seq <= known.seq) return;
      state = merged(known.state, state);
    }
    this.#known.set(topic, { seq, state });
    for (const f of this.#readers.get(topic) ?? []) f(state);
  }
}

// A board's update lists the changed quotes only; any other is the whole state.
function merged(old, update) {
  if (!old.quotes || !update.quotes) return update;
  const quotes = new Map(old.quotes.map((q) => [q.key, q]));
  for (const q of update.quotes) quotes.set(q.key, q);
  return { ...old, ...update, quotes: [...quotes.values()] };
}

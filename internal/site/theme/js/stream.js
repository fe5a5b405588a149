// One EventSource that always comes back.
//
// The browser itself reconnects a broken connection, after the server's
// `retry:`. Any status but 200 is final to it (CLOSED): then this class tries
// again, so that many readers spread out.

export const limits = { retryFirst: 1_000, retryLast: 60_000 };

export class Stream {
  #source;
  #timer;
  #tries = 0;
  #told;

  /** told: {event({kind, seq, state}), beat(), broken()}. */
  constructor(told) {
    this.#told = told;
  }

  /** Opens with these topics, in place of what was open. */
  open(topics) {
    this.close();
    const source = (this.#source = new EventSource("/live?topics=" + topics.join(",")));
    // A replaced source may still have events in the queue of a page that was
    // frozen: they belong to nobody.
    const mine = (f) => (e) => source === this.#source && f(e);
    for (const kind of ["snapshot", "update"]) {
      source.addEventListener(kind, mine((e) => {
        this.#tries = 0;
        this.#told.event({ kind, seq: Number(e.lastEventId), state: JSON.parse(e.data) });
      }));
    }
    source.addEventListener("beat", mine(() => this.#told.beat()));
    source.addEventListener("error", mine(() => {
      this.#told.broken();
      if (source.readyState !== EventSource.CLOSED) return;
      const most = Math.min(limits.retryLast, limits.retryFirst * 2 ** ++this.#tries);
      const wait = limits.retryFirst + Math.random() * (most - limits.retryFirst);
      this.#timer = setTimeout(() => this.open(topics), wait);
    }));
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }
}

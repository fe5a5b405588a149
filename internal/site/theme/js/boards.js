// Price boards: cells follow the newest state, at most once a frame. Rows stay
// where they are. What the script never writes (names, sources, which rows
// there are and in what order) comes from the server's page, asked for again.

import { arrows, price, rate } from "./figures.js";
import { isPaused, onPause } from "./pause.js";
import { say, write } from "./words.js";

const flashFor = 300;
const flashApart = 400; // so a cell flashes less than three times a second
const refetchFirst = 5_000;
const refetchLast = 600_000;

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** "2026-11-23T14:00:00.123+09:00" → "14:00:00": the site's own wall clock. */
export const clock = (at) => at?.slice(11, 19) ?? "";

export function boards(states) {
  const sections = [...document.querySelectorAll("[data-board]")].map((section) => new Board(section, states));
  onPause(() => sections.forEach((board) => board.mark()));
  return sections;
}

class Board {
  #section;
  #states;
  #topic;
  #rows;
  #said = new Map(); // key → name, source and basis as first heard
  #flashed = new WeakMap();
  #waiting = false;
  #refetchAt = 0;
  #refetchWait = refetchFirst;

  constructor(section, states) {
    this.#section = section;
    this.#states = states;
    this.#topic = "board." + section.dataset.board;
    this.#index();
    states.watch(this.#topic, () => this.mark());
  }

  #index() {
    this.#rows = [...this.#section.querySelectorAll("[data-key]")];
  }

  /** Draws with the next frame; a hidden page has none and is drawn when seen. */
  mark() {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      const state = this.#states.state(this.#topic);
      if (state && !isPaused()) this.#draw(state);
    });
  }

  #draw(state) {
    const quotes = new Map(state.quotes.map((q) => [q.key, q]));
    for (const row of this.#rows) {
      const quote = quotes.get(row.dataset.key);
      if (quote) this.#drawRow(row, quote);
    }
    const asOf = this.#section.querySelector("[data-asof]");
    if (asOf) {
      asOf.dateTime = state.asOf;
      write(asOf, clock(state.asOf));
    }
    write(this.#section.querySelector("[data-session]"), session(state.session));
    if (this.#otherRows(state, quotes)) this.#refetch();
  }

  #drawRow(row, quote) {
    row.dataset.state = quote.state;
    write(
      row.querySelector("[data-state-word]"),
      say("state." + quote.state, { time: clock(quote.at).slice(0, 5) || say("none") }),
    );
    const cell = row.querySelector("[data-price]");
    const shown = price(quote.price) ?? say("none");
    if (cell && cell.textContent !== shown) {
      this.#flash(cell, digits(shown) - digits(cell.textContent));
      write(cell, shown);
    }
    const change = row.querySelector("[data-rate]");
    if (!change) return;
    const { direction, percent } = rate(quote.changeRate);
    change.dataset.direction = direction;
    write(change.querySelector("[data-arrow]"), arrows[direction]);
    write(change.querySelector("[data-word]"), direction === "none" ? "" : say(direction));
    write(change.querySelector("[data-percent]"), percent ?? say("none"));
  }

  #flash(cell, by) {
    const now = performance.now();
    if (still.matches || !by || now - (this.#flashed.get(cell) ?? -Infinity) < flashApart) return;
    this.#flashed.set(cell, now);
    const name = by > 0 ? "rose" : "fell";
    cell.classList.add(name);
    setTimeout(() => cell.classList.remove(name), flashFor);
  }

  // ---- rows

  #otherRows(state, quotes) {
    let other = false;
    for (const { key, name, source, basis } of state.quotes) {
      const said = [name, source, basis].join();
      if (this.#said.has(key)) other ||= this.#said.get(key) !== said;
      else this.#said.set(key, said);
    }
    const basis = this.#section.querySelector("[data-basis]")?.dataset.basis;
    if (basis && state.quotes.length && !state.quotes.some((q) => q.basis === basis)) return true;
    const keys = this.#rows.map((row) => row.dataset.key);
    if ("ranked" in this.#section.dataset) return other || keys.join() !== state.quotes.slice(0, keys.length || 1).map((q) => q.key).join();
    return other || keys.some((key) => !quotes.has(key));
  }

  /**
   * Takes the board's content from a fresh page, unless the reader is just
   * there. The page is cached: one that is still as old as this is asked for
   * less and less often.
   */
  #refetch() {
    const now = performance.now();
    if (now < this.#refetchAt || this.#busy()) return;
    this.#refetchAt = now + this.#refetchWait;
    this.#refetchWait = Math.min(2 * this.#refetchWait, refetchLast);
    const place = [...document.querySelectorAll(this.#same())].indexOf(this.#section);
    // XMLHttpRequest parses a page without any HTML sink in this one.
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.onload = () => {
      const fresh = request.status === 200 && request.response?.querySelectorAll(this.#same())[place];
      if (!fresh || isPaused() || this.#busy()) return;
      this.#section.replaceChildren(...document.importNode(fresh, true).childNodes);
      this.#index();
      this.#said.clear();
      this.mark();
    };
    request.open("GET", location.pathname);
    request.send();
  }

  #busy() {
    return this.#section.matches(":hover, :focus-within");
  }

  #same() {
    return `[data-board="${this.#section.dataset.board}"]`;
  }
}

function session({ state, date, note }) {
  if (note) return note;
  const word = say("session." + state);
  return date && state !== "always" ? date.slice(5).replace("-", ".") + " " + word : word;
}

const digits = (text) => Number(text.replaceAll(",", "")) || 0;

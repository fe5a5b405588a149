// Price boards: cells follow the newest state, at most once a frame. Rows stay
// where they are. What the script never writes (names, sources, which rows
// there are and in what order) comes from the server's page, asked for again.

import { arrows, price, rate } from "./figures.js";
import { isPaused, onPause } from "./pause.js";
import { say, write } from "./words.js";

const flashFor = 300;
const flashApart = 400; // so a cell flashes less than three times a second
// A change of rows is seen by all open pages at once: their questions are spread.
const askSpread = 5_000;
const askApart = 60_000;
const askLast = 600_000;

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** "2026-11-23T14:00:00.123+09:00" → "14:00:00": the site's own wall clock. */
export const clock = (at) => at?.slice(11, 19) ?? "";

/** onRows is called after a board's content has been taken from a fresh page. */
export function boards(states, onRows) {
  const all = [...document.querySelectorAll("[data-board]")].map((section) => new Board(section, states, onRows));
  onPause(() => all.forEach((board) => board.mark()));
}

class Board {
  #section;
  #states;
  #onRows;
  #topic;
  #rows;
  #said = new Map(); // key → name, source and basis as first heard
  #flashed = new WeakMap();
  #waiting = false;
  #askAt = 0;
  #askWait = askApart;

  constructor(section, states, onRows) {
    this.#section = section;
    this.#states = states;
    this.#onRows = onRows;
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
    const basis = this.#section.querySelector("[data-basis]")?.dataset.basis;
    const stated = basis === "stated" || this.#section.querySelector("[data-stated]") !== null;
    const another = state.quotes.length > 0 && !state.quotes.some((q) => (stated ? q.basis === "stated" : !basis || q.basis === basis));
    // What an imported page printed stays as printed, and is never mixed with
    // live rows.
    if (!stated) this.#drawAll(state, quotes);
    if (another || this.#otherRows(state, quotes)) this.#ask();
    else this.#askWait = askApart;
  }

  #drawAll({ asOf, session }, quotes) {
    for (const row of this.#rows) {
      const quote = quotes.get(row.dataset.key);
      if (quote) this.#drawRow(row, quote);
    }
    const time = this.#section.querySelector("[data-asof]");
    if (time && asOf) {
      time.dateTime = asOf;
      write(time, clock(asOf));
    }
    const place = this.#section.querySelector("[data-session]");
    write(place, sessionText(session, place?.dataset.session === "words"));
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
    if (other) return true;
    const keys = this.#rows.map((row) => row.dataset.key);
    if (!("ranked" in this.#section.dataset)) return keys.some((key) => !quotes.has(key));
    // Who stands in the list counts, not the order, which changes with every price.
    const first = state.quotes.slice(0, keys.length || 1).map((q) => q.key);
    return first.length !== keys.length || first.some((key) => !keys.includes(key));
  }

  // The page is cached: one that stays as old as this is asked for less and
  // less often.
  #ask() {
    const now = performance.now();
    if (now < this.#askAt || this.#busy()) return;
    this.#askAt = now + this.#askWait;
    this.#askWait = Math.min(2 * this.#askWait, askLast);
    askForPage(this);
  }

  /** Takes the board's content from a fresh page, unless the reader is just there. */
  take(page) {
    const same = `[data-board="${this.#section.dataset.board}"]`;
    const place = [...document.querySelectorAll(same)].indexOf(this.#section);
    const fresh = page.querySelectorAll(same)[place];
    if (!fresh || isPaused() || this.#busy() || written(fresh) === written(this.#section)) return;
    this.#section.replaceChildren(...document.importNode(fresh, true).childNodes);
    this.#index();
    this.#said.clear();
    this.#onRows();
    this.mark();
  }

  #busy() {
    return this.#section.matches(":hover, :focus-within");
  }
}

const asking = new Set(); // boards that wait for a fresh page
let soon;

function askForPage(board) {
  asking.add(board);
  soon ??= setTimeout(() => {
    soon = undefined;
    const boards = [...asking];
    asking.clear();
    // XMLHttpRequest parses a page without any HTML sink in this one.
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.onload = () => {
      if (request.status === 200 && request.response) boards.forEach((b) => b.take(request.response));
    };
    request.open("GET", location.pathname);
    request.send();
  }, Math.random() * askSpread);
}

/** What in a board only the server writes. */
const written = (board) =>
  [...board.querySelectorAll("[data-name], [data-source], [data-basis], [data-stated]")]
    .map((e) => ("stated" in e.dataset ? "stated" : e.textContent))
    .join("\n");

// A note is in the site's language; another edition has words of its own.
function sessionText({ state, date, note }, words) {
  if (note && !words) return note;
  const word = say("session." + state);
  return date && state !== "always" ? date.slice(5).replace("-", ".") + " " + word : word;
}

const digits = (text) => Number(text.replaceAll(",", "")) || 0;

// 시세 읽어주기: on request, one sentence in a polite live region, never more
// often than each 30 seconds, naming what moved most since the last one.

import { price, rate } from "./figures.js";
import { follow, recall, remember } from "./memory.js";
import { isPaused } from "./pause.js";
import { say } from "./words.js";

export const limits = { apart: 30_000, named: 3 };

/** Returns what shows the button in content that has come anew. */
export function aloud(states) {
  const status = document.querySelector("[data-aloud-status]");
  if (!status) return () => {};

  const topics = new Set([...document.querySelectorAll("[data-board]")].map((b) => "board." + b.dataset.board));
  let on = recall("aloud") !== null;
  let before = new Map(); // key → price at the last summary
  let spoken = -Infinity;
  let timer;

  const show = () => {
    for (const button of document.querySelectorAll("[data-aloud]")) {
      button.setAttribute("aria-pressed", on);
      button.hidden = false;
    }
    clearInterval(timer);
    if (on) timer = setInterval(speak, 1_000);
  };

  function speak() {
    const now = performance.now();
    if (now - spoken < limits.apart || isPaused() || document.visibilityState === "hidden") return;
    const text = summary();
    if (!text) return;
    spoken = now;
    status.textContent = text;
  }

  function toggle() {
    on = !on;
    remember("aloud", on ? "1" : null);
    show();
    status.textContent = say(on ? "aloudOn" : "aloudOff");
    spoken = -Infinity;
    before.clear();
  }

  function summary() {
    const moves = [];
    const quotes = [...topics].flatMap((topic) => states.state(topic)?.quotes ?? []);
    for (const quote of quotes) {
      const name = nameOf(quote.key);
      if (!name || quote.state !== "live" || quote.changeRate === null) continue;
      const last = before.get(quote.key);
      const move = last ? quote.price / last - 1 : quote.changeRate;
      if (Number(move)) moves.push({ quote, name, size: Math.abs(move) });
    }
    if (moves.length) before = new Map(quotes.map((q) => [q.key, q.price]));
    return moves
      .sort((a, b) => b.size - a.size)
      .slice(0, limits.named)
      .map(({ quote, name }) => {
        const { direction, percent } = rate(quote.changeRate);
        return say("aloud", { name, price: price(quote.price), direction: say(direction), percent });
      })
      .join(" ");
  }

  // Boards are taken anew from fresh pages: the button is not always the same.
  document.addEventListener("click", (e) => e.target.closest?.("[data-aloud]") && toggle());
  follow("aloud", (text) => {
    on = text !== null;
    show();
  });
  show();
  return show;
}

// As the page itself writes it, in its own language.
const nameOf = (key) =>
  document.querySelector(`[data-key="${CSS.escape(key)}"] [data-name]`)?.textContent.trim();

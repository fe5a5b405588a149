// Times on the front: absolute in the cached page, relative on the screen.

import { isPaused, onPause } from "./pause.js";
import { say, write } from "./words.js";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** How long ago, in words; "" where only the full time will do. */
export function ago(ms) {
  if (ms >= day) return "";
  if (ms < minute) return say("ago.now"); // a reader's clock may be behind
  if (ms < hour) return say("ago.minutes", { n: Math.floor(ms / minute) });
  return say("ago.hours", { n: Math.floor(ms / hour) });
}

export function times() {
  const places = [...document.querySelectorAll("time[data-relative]")].map((time) => {
    const full = document.createElement("span");
    const short = document.createElement("span");
    full.textContent = time.title = time.textContent.trim();
    short.setAttribute("aria-hidden", "true");
    time.replaceChildren(short, full);
    return { at: Date.parse(time.dateTime), full, short };
  });
  if (!places.length) return;
  const show = () => {
    if (isPaused()) return;
    for (const { at, full, short } of places) {
      const text = ago(Date.now() - at);
      write(short, text);
      full.classList.toggle("unseen", text !== "");
    }
  };
  show();
  if (isPaused()) for (const { full } of places) full.classList.remove("unseen");
  setInterval(show, minute);
  addEventListener("pageshow", (e) => e.persisted && show());
  onPause(show);
}

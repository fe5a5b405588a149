// One control for everything that moves by itself, remembered.

import { follow, recall, remember } from "./memory.js";

let paused = recall("paused") !== null;
const told = [];

export const isPaused = () => paused;

/** f is called after each change. */
export const onPause = (f) => told.push(f);

export function pause() {
  show();
  document.addEventListener("click", (e) => {
    if (!e.target.closest?.("[data-pause]")) return;
    remember("paused", paused ? null : "1");
    set(!paused);
  });
  follow("paused", (text) => set(text !== null));
}

function set(to) {
  if (to === paused) return;
  paused = to;
  show();
  for (const f of told) f();
}

function show() {
  for (const button of document.querySelectorAll("[data-pause]")) {
    button.setAttribute("aria-pressed", paused);
    button.hidden = false;
  }
}

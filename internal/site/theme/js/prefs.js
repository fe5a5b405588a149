// Text size and theme: at once on this page, in the cookie by the server, and
// on the other open tabs.

import { follow, remember } from "./memory.js";

const root = document.documentElement;
const chosen = { size: root.dataset.size, theme: root.dataset.theme };
let last = Promise.resolve();

export function prefs() {
  show();
  document.addEventListener("submit", (e) => {
    const { name, value } = e.submitter ?? {};
    if (!e.target.matches("[data-prefs]") || !(name in { size: 1, theme: 1 })) return;
    e.preventDefault();
    chosen[name] = value;
    show();
    // The button answers in the next frame, the page in the one after it: on a
    // slow phone a new size lays out everything anew.
    requestAnimationFrame(() => setTimeout(() => Object.assign(root.dataset, chosen)));
    remember("prefs", chosen.size + "." + chosen.theme);
    // One after the other, so that the last choice is the one that stays.
    last = last.then(() => post(e.target.action, name, value));
  });
  follow("prefs", (text) => {
    const [size, theme] = (text ?? "").split(".");
    if (!size || !theme) return;
    Object.assign(chosen, { size, theme });
    Object.assign(root.dataset, chosen);
    show();
  });
}

function show() {
  for (const button of document.querySelectorAll("[data-prefs] button[name]")) {
    button.setAttribute("aria-pressed", chosen[button.name] === button.value);
  }
}

// A choice that could not be posted still holds on this page and its tabs.
const post = (url, name, value) =>
  fetch(url, { method: "POST", body: new URLSearchParams({ [name]: value }), redirect: "manual", keepalive: true }).catch(() => {});

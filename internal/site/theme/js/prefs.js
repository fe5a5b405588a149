// Text size and theme: at once on this page, in the cookie by the server, and
// on the other open tabs.

import { follow, remember } from "./memory.js";

const root = document.documentElement;
let last = Promise.resolve();

export function prefs() {
  show();
  document.addEventListener("submit", (e) => {
    const { name, value } = e.submitter ?? {};
    if (!e.target.matches("[data-prefs]") || !(name in { size: 1, theme: 1 })) return;
    e.preventDefault();
    root.dataset[name] = value;
    show();
    remember("prefs", root.dataset.size + "." + root.dataset.theme);
    // One after the other, so that the last choice is the one that stays.
    last = last.then(() => post(e.target.action, name, value));
  });
  follow("prefs", (text) => {
    const [size, theme] = (text ?? "").split(".");
    if (!size || !theme) return;
    Object.assign(root.dataset, { size, theme });
    show();
  });
}

function show() {
  for (const button of document.querySelectorAll("[data-prefs] button[name]")) {
    button.setAttribute("aria-pressed", root.dataset[button.name] === button.value);
  }
}

// A choice that could not be posted still holds on this page and its tabs.
const post = (url, name, value) =>
  fetch(url, { method: "POST", body: new URLSearchParams({ [name]: value }), redirect: "manual", keepalive: true }).catch(() => {});

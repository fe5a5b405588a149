// Share and print: shown only because the script makes them work.

import { say } from "./words.js";

export function tools() {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
  const said = document.querySelector("[data-share-said]");
  for (const button of document.querySelectorAll("[data-share]")) {
    if (!navigator.share && !navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const url = document.querySelector("link[rel=canonical]")?.href ?? location.href;
      try {
        if (navigator.share) return await navigator.share({ title: document.title, url });
        await navigator.clipboard.writeText(url);
        if (said) said.textContent = say("copied");
      } catch (e) {
        // AbortError: the reader closed the sheet.
        if (e.name !== "AbortError" && said) said.textContent = say("copyFailed");
      }
    });
  }
}

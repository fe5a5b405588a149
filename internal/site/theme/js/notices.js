// What an open page is told about itself and about the site.

import { say, write } from "./words.js";

/** A newer version of this article is live, or the article is withdrawn. */
export function changes(states) {
  const place = document.querySelector("[data-changed]");
  const topic = document.body.dataset.live?.split(",").find((t) => t.startsWith("article."));
  if (!place || !topic) return;
  const here = Number(document.body.dataset.version);
  states.watch(topic, ({ state, version }) => {
    const word = state === "withdrawn" ? "withdrawn" : version > here ? "changed" : null;
    place.hidden = !word;
    if (word) write(place, say(word));
  });
}

/** The 속보 line: it exists only while there is one. */
export function breaking(states) {
  let line;
  states.watch("site", ({ breaking }) => {
    if (!breaking || !/^\/(?![/\\])/.test(breaking.url)) {
      line?.remove();
      line = undefined;
      return;
    }
    if (!line) {
      line = document.createElement("aside");
      line.dataset.breaking = "";
      line.setAttribute("aria-label", say("breaking"));
      line.append(document.createElement("a"));
      document.querySelector("body > header")?.before(line);
    }
    line.firstChild.href = breaking.url;
    write(line.firstChild, breaking.text);
  });
}

// Reactions: shown at once, true after the answer.
//
// What the page shows is the server's last word (counts and one's own) with the
// reader's wish laid over it while a request is under way. Requests go one at a
// time; a press meanwhile only changes the wish, so the last press wins.

import { count } from "./figures.js";
import { follow, recall, remember } from "./memory.js";
import { isPaused, onPause } from "./pause.js";
import { say, write } from "./words.js";

export const limits = {
  answer: 15_000,
  // Counts go out at most once a second: one that comes sooner than this after
  // our own answer may be from before it.
  settle: 2_000,
};

export function reactions(states, topics) {
  for (const form of document.querySelectorAll("[data-reactions]")) {
    const number = form.dataset.reactions;
    // The private page is the form's answer and stays a form; it knows the choice.
    if (topics.includes("article." + number)) start(form, states);
    else remember(memory(number), form.querySelector("[aria-pressed=true]")?.value ?? null);
  }
}

const memory = (number) => "reacted." + number;

function start(form, states) {
  const number = form.dataset.reactions;
  const url = `/api/v1/articles/${number}/reactions`;
  const buttons = [...form.querySelectorAll("button[name=reaction]")];
  const places = [...form.querySelectorAll("[data-count]")];
  const said = form.querySelector("[data-said]");

  let counts = Object.fromEntries(places.map((p) => [p.dataset.count, Number(p.textContent.replaceAll(",", ""))]));
  let mine = ""; // as the server last said
  let wish = null; // null: as it is
  let busy = false;
  let answered = -Infinity;
  let heard; // counts that came while ours were not settled
  let settling;

  function show() {
    const pressed = wish ?? mine;
    for (const button of buttons) button.setAttribute("aria-pressed", button.value === pressed);
    for (const place of places) {
      const kind = place.dataset.count;
      write(place, count(Math.max(0, counts[kind] + (kind === pressed) - (kind === mine))));
    }
  }

  function take(answer) {
    if (answer.counts) counts = answer.counts;
    mine = answer.mine || "";
    remember(memory(number), mine || null);
  }

  async function send() {
    busy = true;
    while (wish !== null) {
      const sent = wish;
      // The answer may be lost after the server has counted.
      remember(memory(number), sent || mine);
      let trouble;
      try {
        const answer = await fetch(url, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ reaction: sent }),
          keepalive: true,
          signal: AbortSignal.timeout(limits.answer),
        });
        if (answer.ok) take(await answer.json());
        else trouble = troubles[answer.status] ?? "other";
      } catch {
        trouble = "offline";
      }
      answered = performance.now();
      heard = undefined;
      if (trouble) {
        if (trouble !== "offline") remember(memory(number), mine || null);
        wish = null;
        tell("failed." + trouble);
      } else if (wish === sent) {
        wish = null;
        tell(sent ? "reacted." + sent : "tookBack");
      }
      show();
    }
    busy = false;
    clearTimeout(settling);
    settling = setTimeout(settle, limits.settle);
  }

  const tell = (word) => said && (said.textContent = say(word));

  /** Lets the counts of all readers in, where they cannot undo what we know. */
  function settle() {
    if (!heard || busy || isPaused() || performance.now() - answered < limits.settle) return;
    counts = heard;
    heard = undefined;
    show();
  }

  form.addEventListener("submit", (e) => {
    const button = e.submitter;
    if (button?.name !== "reaction") return;
    e.preventDefault();
    wish = button.value === (wish ?? mine) ? "" : button.value;
    show();
    if (!busy) send();
  });

  states.watch("article." + number, (state) => {
    if (!state.counts) return;
    heard = state.counts;
    settle();
  });
  onPause(settle);

  follow(memory(number), (text) => {
    if (busy) return;
    // The counts of the page already hold it, or will in a moment.
    mine = text ?? "";
    show();
  });

  async function ask() {
    try {
      const answer = await fetch(url + "/mine");
      if (!answer.ok || busy) return;
      take(await answer.json());
      show();
    } catch {
      addEventListener("online", ask, { once: true });
    }
  }
  if (recall(memory(number)) !== null) ask();
}

const troubles = { 404: "gone", 410: "gone", 429: "tooMany", 507: "full" };

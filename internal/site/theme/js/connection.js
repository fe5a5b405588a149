// Says in one place what the moving values are worth: 갱신 중, 지연, 멈춤.

import { isPaused, onPause } from "./pause.js";
import { say, write } from "./words.js";

/** Returns what Live tells its status to. */
export function connection() {
  let status = "updating";
  const show = () => {
    const shown = isPaused() ? "paused" : status;
    for (const place of document.querySelectorAll("[data-connection]")) {
      place.hidden = false;
      place.dataset.connection = shown;
      write(place, shown === "live" ? "" : say(shown, { time: lastTime() }));
    }
  };
  onPause(show);
  if (isPaused()) show();
  return (to) => {
    status = to;
    show();
  };
}

/** The newest time that stands on this page. */
function lastTime() {
  const times = [...document.querySelectorAll("[data-asof]")].sort((a, b) => (a.dateTime < b.dateTime ? 1 : -1));
  return times[0]?.textContent || say("none");
}

// localStorage where the reader allows it, else a memory of this page alone.

const here = new Map();
const prefix = "sokbo.";

export function recall(key) {
  try {
    return localStorage.getItem(prefix + key);
  } catch {
    return here.get(key) ?? null;
  }
}

/** Remembers a text; null forgets. */
export function remember(key, text) {
  try {
    if (text === null) localStorage.removeItem(prefix + key);
    else localStorage.setItem(prefix + key, text);
  } catch {
    text === null ? here.delete(key) : here.set(key, text);
  }
}

/**
 * Calls f with the text that another tab remembered, and again when this page
 * comes back from the back/forward cache, where no storage event reaches it.
 */
export function follow(key, f) {
  addEventListener("storage", (e) => e.key === prefix + key && f(e.newValue));
  addEventListener("pageshow", (e) => e.persisted && f(recall(key)));
}

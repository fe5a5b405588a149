// What the script may say, in the page's language.

let words;

const all = () =>
  (words ??= JSON.parse(document.getElementById("words")?.textContent || "{}"));

/** The word at a path ("state.stale"), with {name} filled from values. */
export function say(path, values = {}) {
  const word = path.split(".").reduce((at, key) => at?.[key], all()) ?? "";
  return word.replace(/\{(\w+)\}/g, (mark, name) => values[name] ?? mark);
}

/** Writes only where something changes: an unchanged node costs no layout. */
export function write(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}

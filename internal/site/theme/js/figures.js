// Decimal strings in, text out, digit for digit as the server's formatter
// writes it (internal/market/testdata/figures.json holds both to it). A price
// never becomes a float on its way to the page.

const decimal = /^(-?)(\d+)(?:\.(\d+))?$/;

/** "4848000.5" → "4,848,000.5"; null where the text is no decimal. */
export function price(text) {
  const parts = decimal.exec(text ?? "");
  if (!parts) return null;
  const [, sign, whole, fraction] = parts;
  return (sign && "\u2212") + grouped(whole) + (fraction ? "." + fraction : "");
}

/**
 * A ratio as percent: "0.02080545" → {direction: "up", percent: "+2.08%"}.
 * Rounded half away from zero to two decimals; sign and direction are those of
 * the rounded value, so nothing falls by −0.00%.
 */
export function rate(text) {
  const parts = decimal.exec(text ?? "");
  if (!parts) return { direction: "none", percent: null };
  const [, sign, whole, fraction = ""] = parts;
  const digits = fraction.padEnd(5, "0");
  const hundredths = BigInt(whole + digits.slice(0, 4)) + (digits[4] >= "5" ? 1n : 0n);
  const shown = grouped(String(hundredths / 100n)) + "." + String(hundredths % 100n).padStart(2, "0") + "%";
  if (hundredths === 0n) return { direction: "flat", percent: shown };
  return sign ? { direction: "down", percent: "\u2212" + shown } : { direction: "up", percent: "+" + shown };
}

export const arrows = { up: "▲", down: "▼", flat: "", none: "" };

/** 12345 → "12,345", for counts. */
export const count = (n) => grouped(String(n));

const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

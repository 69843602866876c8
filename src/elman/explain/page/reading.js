// A typed number: with a decimal point or comma, and any dash as its sign.

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The number of a text as a program writes it: "−0,5" is "-0.5". */
export const plainNumber = (text) => text.trim().replace(",", ".").replace(/[−–]/g, "-");

/** The number of a text; null if it is none, or too large to be one. */
export function numberOf(text) {
  const plain = plainNumber(text);
  const value = NUMBER.test(plain) ? Number(plain) : NaN;
  return Number.isFinite(value) ? value : null;
}

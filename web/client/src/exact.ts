/**
 * JSON whose whole numbers stay what they are: JavaScript's own parser makes another number of one beyond 2^53, and an
 * order number would come back as another order's. Such a number is read as a bigint, and written with all its digits.
 */

/** Only a text with so many digits in a row can hold a number that is too large. */
const LONG = /\d{16}/;

/** Reads JSON. A whole number beyond 2^53 is a bigint. Throws `SyntaxError`. */
export function parseJson(text: string): unknown {
  if (!LONG.test(text)) return JSON.parse(text);
  const mark = unusedIn(text);
  const marked = markLarge(text, mark);
  if (marked === text) return JSON.parse(text);
  // Whether it is JSON at all is asked of the text as it came: a mark could mend what is broken.
  JSON.parse(text);
  return JSON.parse(marked, (_, value: unknown) => (typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value));
}

/**
 * Writes JSON; a bigint as a whole number with all its digits. A number that stands for a double beyond 2^53 is written as
 * one, with an exponent: JavaScript would write out digits that it never had.
 */
export function writeJson(value: unknown, space?: number): string {
  const plain = JSON.stringify(value, (_, one: unknown) => (typeof one === "bigint" ? Number(one) : one), space) ?? "null";
  if (!LONG.test(plain) && !plain.includes("e+")) return plain;
  const mark = unusedIn(plain);
  const marked = JSON.stringify(value, (_, one: unknown) => (isLarge(one) ? `${mark}${typeof one === "bigint" ? one : one.toExponential()}` : one), space) ?? "null";
  return marked.replaceAll(new RegExp(`"${mark}(-?[0-9.e+]+)"`, "g"), "$1");
}

function isLarge(value: unknown): value is bigint | number {
  return typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value));
}

/** Whether a value is a number of either sort. */
export function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/**
 * A number as people write it: a bigint where a number would be another one. Null where it is none; `"lost"` where it has
 * more digits than can be kept: a whole number beyond 64 bits, or a fraction on top of more than 2^53.
 */
export function readNumber(text: string): number | bigint | "lost" | null {
  const trimmed = text.trim();
  const number = Number(trimmed);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return null;
  if (/^[+-]?\d+$/.test(trimmed)) {
    if (Number.isSafeInteger(number)) return number;
    const whole = BigInt(trimmed.replace("+", ""));
    return BigInt.asIntN(64, whole) === whole || BigInt.asUintN(64, whole) === whole ? whole : "lost";
  }
  if (!Number.isFinite(number)) return "lost";
  const digits = significant(trimmed);
  const isKept = Math.abs(number) < 2 ** 53 || (digits.length <= 100 && significant(number.toExponential(Math.max(0, digits.length - 1))) === digits);
  return isKept ? number : "lost";
}

/** The digits of a number from the first to the last that is not zero. */
function significant(text: string): string {
  return (text.split(/e/i)[0] ?? "").replaceAll(/\D/g, "").replace(/^0+/, "").replace(/0+$/, "");
}

/** A text that does not occur in this one. */
function unusedIn(text: string): string {
  let mark = "whole:";
  while (text.includes(mark)) mark += ":";
  return mark;
}

/** The text with each whole number that is too large as a string that begins with the mark. */
function markLarge(text: string, mark: string): string {
  let out = "";
  let copied = 0;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
    } else if (code === MINUS || isDigit(code)) {
      const from = at;
      while (at < text.length && isNumeric(text.charCodeAt(at))) at += 1;
      const token = text.slice(from, at);
      if (/^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token))) {
        out += `${text.slice(copied, from)}"${mark}${token}"`;
        copied = at;
      }
    } else {
      at += 1;
    }
  }
  return copied === 0 ? text : out + text.slice(copied);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isNumeric(code: number): boolean {
  return isDigit(code) || code === MINUS || code === 0x2b || code === 0x2e || code === 0x45 || code === 0x65;
}

/** Where the string that begins here is over. */
function stringEnd(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    at += code === BACKSLASH ? 2 : 1;
  }
  return at;
}

/** Figures and values in a few characters. */

/** Milliseconds: `12 µs`, `0.8 ms`, `140 ms`, `2.4 s`. */
export function took(ms: number): string {
  if (ms < 0.1) return `${Math.max(1, Math.round(ms * 1000))} µs`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 100_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

/** Iterations a second. */
export function rateWords(rate: number): string {
  if (rate >= 10_000) return `${Math.round(rate / 1000)}k/s`;
  return rate >= 100 ? `${Math.round(rate)}/s` : `${rate.toFixed(1)}/s`;
}

/** A number as people read it: not more digits than say something. */
export function numberWords(number: number): string {
  if (Number.isInteger(number)) return Math.abs(number) < 1e15 ? number.toLocaleString("en", { useGrouping: Math.abs(number) >= 10_000 }) : String(number);
  const size = Math.abs(number);
  if (size >= 1e15 || size < 1e-6) return number.toPrecision(6);
  return String(Number(number.toPrecision(size >= 1 ? 10 : 7)));
}

/** Bytes: `800 B`, `16 kB`, `2.1 MB`. */
export function bytesWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A value that is told only from its beginning, because it is large. */
export interface Cut {
  truncated: true;
  bytes: number;
  preview: string;
}

export function isCut(value: unknown): value is Cut {
  if (value === null || typeof value !== "object") return false;
  const { truncated, bytes, preview } = value as Partial<Cut>;
  return truncated === true && typeof bytes === "number" && typeof preview === "string";
}

/** Numbers with their units. */

export type Unit = "count" | "perMinute" | "rate" | "ms" | "bytes" | "bytes/s" | "percent";

const places = (value: number): string => {
  const size = Math.abs(value);
  return value.toLocaleString("en", { maximumFractionDigits: size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2 });
};

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];

function bytes(value: number): string {
  let size = value;
  let place = 0;
  while (size >= 1024 && place < BYTES.length - 1) {
    size /= 1024;
    place += 1;
  }
  return `${places(size)} ${BYTES[place]}`;
}

function large(value: number): string {
  if (Math.abs(value) < 10_000) return places(value);
  return value < 1_000_000 ? `${places(value / 1000)}k` : `${places(value / 1_000_000)}M`;
}

function time(ms: number): string {
  if (ms === 0) return "0";
  if (ms < 1 && ms > 0) return `${places(ms * 1000)} µs`;
  if (ms < 1000) return `${places(ms)} ms`;
  return ms < 60_000 ? `${places(ms / 1000)} s` : ms < 3_600_000 ? `${places(ms / 60_000)} min` : `${places(ms / 3_600_000)} h`;
}

/** A value in words; a dash where it is not known. */
export function inUnit(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return "–";
  switch (unit) {
    case "count":
      return large(value);
    case "perMinute":
      return large(value);
    case "rate":
      return `${large(value)}/s`;
    case "ms":
      return time(value);
    case "bytes":
      return bytes(value);
    case "bytes/s":
      return `${bytes(value)}/s`;
    case "percent":
      // Beside 100 every hundredth counts, and none is rounded up to it.
      return `${value > 99 && value < 100 ? Math.min(99.99, Math.floor(value * 100 + 1e-6) / 100) : places(value)} %`;
  }
}

/** A cost. Prices are numbers without a currency. */
export function money(value: number): string {
  return value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: value !== 0 && Math.abs(value) < 0.1 ? 6 : 2 });
}

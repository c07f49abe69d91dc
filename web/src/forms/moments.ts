/** Moments of the wire, and how a control shows them: in the local time zone, to the second. */

const OFFSET = /(z|[+-]\d\d:\d\d)$/i;

/** Whether a moment says nothing of a time zone. */
export function isLocal(value: string): boolean {
  return !OFFSET.test(value);
}

/** A moment as a control shows it. */
export function localMoment(value: string): string {
  // Browsers know no leap seconds.
  const at = new Date(value.trim().toUpperCase().replace(/(T\d\d:\d\d):60/, "$1:59"));
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** A local time with its offset: `2026-06-01T13:45` → `2026-06-01T13:45:00+02:00`. */
export function atOffset(local: string, at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const two = (number: number): string => String(number).padStart(2, "0");
  const offset = `${minutes < 0 ? "-" : "+"}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  return `${/T\d\d:\d\d$/.test(local) ? `${local}:00` : local}${offset}`;
}

/** Spans and moments in words. */

import { useEffect, useState } from "react";

/** A span: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`, `4 d 3 h`. */
export function span(seconds: number): string {
  const all = Math.max(0, seconds);
  if (all < 10) return `${all.toFixed(1)} s`;
  const whole = Math.floor(all);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** How long ago, roughly: `just now`, `12 s ago`, `3 min ago`. */
export function ago(seconds: number): string {
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** The time of day of a moment in seconds since the epoch. */
export function clock(at: number, fraction = false): string {
  const date = new Date(at * 1000);
  const two = (number: number): string => String(number).padStart(2, "0");
  const base = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return fraction ? `${base}.${String(date.getMilliseconds()).padStart(3, "0")}` : base;
}

/** Date and time of day, by the same clock as `clock`. */
export function moment(at: number): string {
  return new Date(at * 1000).toLocaleString("en", { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });
}

/** A whole number with its thousands apart. */
export function count(number: number): string {
  return number.toLocaleString("en");
}

/** This moment in seconds, anew so often; stands still when told to. */
export function useNow(everyMs: number, running = true): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    setNow(Date.now() / 1000);
    if (!running) return undefined;
    const timer = setInterval(() => setNow(Date.now() / 1000), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, running]);
  return now;
}

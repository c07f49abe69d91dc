/** The numbers of the past: those of the history and those that came live, in one row. */

import type { ModelNumbers, Snapshot } from "@callboard/client";

/** The longest time that charts show. */
export const LONGEST_SECONDS = 3600;
export const LIVE_STEP = 1;

/** A snapshot, and how many seconds apart the ones of its kind are. */
export interface Sample {
  at: Snapshot;
  step: number;
}

/** Whether so much is missing between two that follow each other that they must not be joined. */
export function isGap(before: Sample, after: Sample): boolean {
  return after.at.time - before.at.time > 2.6 * Math.max(before.step, after.step);
}

/** Adds a live one. The server's clock may have been set back: then what came before does not count any more. */
export function withLive(samples: readonly Sample[], at: Snapshot): Sample[] {
  const last = samples.at(-1);
  if (last && at.time <= last.at.time) {
    if (last.at.time - at.time < 60) return [...samples];
    return [{ at, step: LIVE_STEP }];
  }
  return cut([...samples, { at, step: LIVE_STEP }]);
}

/** Fills in the history, whose snapshots are `step` seconds apart, where nothing came live. */
export function withHistory(samples: readonly Sample[], history: readonly Snapshot[], step: number): Sample[] {
  const live = samples.filter((sample) => sample.step === LIVE_STEP);
  let place = 0;
  const fresh = history.filter(({ time }) => {
    while (place < live.length && (live[place]?.at.time ?? 0) < time - step / 2) place += 1;
    const next = live[place];
    return !next || Math.abs(next.at.time - time) > step / 2;
  });
  const all = [...live, ...fresh.map((at) => ({ at, step }))];
  return cut(all.sort((one, other) => one.at.time - other.at.time));
}

function cut(samples: Sample[]): Sample[] {
  return within(samples, LONGEST_SECONDS);
}

/** The samples of the last so many seconds. */
export function within(samples: Sample[], seconds: number): Sample[] {
  const from = (samples.at(-1)?.at.time ?? 0) - seconds;
  const first = samples.findIndex(({ at }) => at.time >= from);
  return first > 0 ? samples.slice(first) : samples;
}

/** Statuses of sessions that have not ended, as the page shows them. */
export const STATES = ["queued", "running", "waiting", "cancelling"] as const;

/** How many sessions are in each state; all that wait for people are one. */
export function states({ sessions }: Snapshot): Record<(typeof STATES)[number], number> {
  const of = (name: string): number => sessions[name] ?? 0;
  return {
    queued: of("queued"),
    running: of("running"),
    waiting: of("waiting") + of("waiting_confirmation") + of("waiting_input") + of("waiting_retry"),
    cancelling: of("cancelling"),
  };
}

export function sum(numbers: Record<string, number>): number {
  return Object.values(numbers).reduce((all, one) => all + one, 0);
}

/** Whether both are of the same servers: the counters of one that came or went are not what happened in between. */
function areOfSameServers(before: Snapshot, after: Snapshot): boolean {
  const known = new Set(before.members.map(({ incarnation }) => incarnation));
  return before.members.length === after.members.length && after.members.every(({ incarnation }) => known.has(incarnation));
}

/** By how much a counter has grown; null where it is not known, or a server was started or left in between. */
export function growth(before: Snapshot | undefined, after: Snapshot | undefined, read: (at: Snapshot) => number | null): number | null {
  if (!before || !after || !areOfSameServers(before, after)) return null;
  const [then, now] = [read(before), read(after)];
  return then === null || now === null || now < then ? null : now - then;
}

/** How sessions end. */
export const ENDS = ["completed", "failed", "cancelled"] as const;
export type Ends = Record<(typeof ENDS)[number], number>;

/** How many sessions ended between two moments, by kind. After a restart of the server, counting begins at nothing. */
export function endsBetween(before: Snapshot, after: Snapshot): Map<string, Ends> {
  const ends = new Map<string, Ends>();
  if (!areOfSameServers(before, after)) return ends;
  for (const [kind, now] of Object.entries(after.kinds)) {
    const then = before.kinds[kind];
    const isFresh = !then || ENDS.some((end) => now[end] < then[end]);
    ends.set(kind, { completed: now.completed - (isFresh ? 0 : then.completed), failed: now.failed - (isFresh ? 0 : then.failed), cancelled: now.cancelled - (isFresh ? 0 : then.cancelled) });
  }
  return ends;
}

/** The same over all samples, sample by sample, so that a restart in between loses nothing. */
export function endsOver(samples: readonly Sample[]): Map<string, Ends> {
  const all = new Map<string, Ends>();
  samples.forEach(({ at }, place) => {
    const before = samples[place - 1];
    if (!before) return;
    for (const [kind, ends] of endsBetween(before.at, at)) {
      const known = all.get(kind) ?? { completed: 0, failed: 0, cancelled: 0 };
      all.set(kind, { completed: known.completed + ends.completed, failed: known.failed + ends.failed, cancelled: known.cancelled + ends.cancelled });
    }
  });
  return all;
}

export function total(ends: Iterable<Ends>): Ends {
  const all = { completed: 0, failed: 0, cancelled: 0 };
  for (const one of ends) for (const end of ENDS) all[end] += one[end];
  return all;
}

/** What models have used over all samples; a restart in between begins at nothing. */
export function modelsOver(samples: readonly Sample[]): ModelNumbers {
  const used: ModelNumbers = { turns: 0, prompt_tokens: 0, completion_tokens: 0, cost: 0, rate_limited: 0, tool_calls: 0 };
  samples.forEach(({ at }, place) => {
    const [earlier, models] = [samples[place - 1]?.at, at.models];
    const before = earlier?.models;
    if (!models || !before || !areOfSameServers(earlier, at)) return;
    const isFresh = models.turns < before.turns || models.rate_limited < before.rate_limited;
    for (const name of Object.keys(used) as (keyof ModelNumbers)[]) used[name] += isFresh ? models[name] : models[name] - before[name];
  });
  return used;
}

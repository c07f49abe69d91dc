/** The numbers of the last fifteen minutes: those of the history and those that came live, in one row. */

import type { Snapshot } from "@callboard/client";

export const WINDOW_SECONDS = 900;
/** The history is that coarse; live ones come every second. */
export const HISTORY_STEP = 5;
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

/** Fills in the history where nothing came live. */
export function withHistory(samples: readonly Sample[], history: readonly Snapshot[]): Sample[] {
  const live = samples.filter(({ step }) => step === LIVE_STEP);
  let place = 0;
  const fresh = history.filter(({ time }) => {
    while (place < live.length && (live[place]?.at.time ?? 0) < time - HISTORY_STEP / 2) place += 1;
    const next = live[place];
    return !next || Math.abs(next.at.time - time) > HISTORY_STEP / 2;
  });
  const all = [...live, ...fresh.map((at) => ({ at, step: HISTORY_STEP }))];
  return cut(all.sort((one, other) => one.at.time - other.at.time));
}

function cut(samples: Sample[]): Sample[] {
  const from = (samples.at(-1)?.at.time ?? 0) - WINDOW_SECONDS;
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

/** By how much a counter has grown; null where it is not known, or the server was started in between. */
export function growth(before: number | null | undefined, after: number | null | undefined): number | null {
  if (before === null || before === undefined || after === null || after === undefined || after < before) return null;
  return after - before;
}

/** Of a kind's sessions that ended well or badly between two moments, how many there were and how many ended well. */
export function outcomes(before: Snapshot, after: Snapshot, kind: string): { ended: number; well: number } | null {
  const [one, other] = [before.kinds[kind] ?? { completed: 0, failed: 0 }, after.kinds[kind]];
  if (!other) return null;
  const well = growth(one.completed, other.completed);
  const badly = growth(one.failed, other.failed);
  return well === null || badly === null ? null : { ended: well + badly, well };
}

/** The same for all kinds, over the whole window. Cancelled ones count neither way: a person wanted that. */
export function overall(samples: readonly Sample[]): { ended: number; well: number } {
  const first = samples[0]?.at;
  const last = samples.at(-1)?.at;
  const all = { ended: 0, well: 0 };
  if (!first || !last) return all;
  for (const kind of Object.keys(last.kinds)) {
    const one = outcomes(first, last, kind) ?? outcomes({ ...first, kinds: {} }, last, kind);
    all.ended += one?.ended ?? 0;
    all.well += one?.well ?? 0;
  }
  return all;
}

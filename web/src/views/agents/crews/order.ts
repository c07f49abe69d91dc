/** Which tasks of a crew need which, by the rules of the server: what the graph of a crew is drawn from. */

import type { CrewTask } from "@callboard/client";

/** A task with those that it gets the output of, or only waits for. */
export interface TaskNode {
  name: string;
  description: string;
  agent: string | null;
  isAsync: boolean;
}

export interface Arrow {
  from: string;
  to: string;
  /** It only waits for it, and gets nothing of it. */
  isWait: boolean;
}

export interface TaskGraph {
  nodes: readonly TaskNode[];
  arrows: readonly Arrow[];
}

/** `agents` are those of the crew, who take turns where a task names none; `lead` does all of them where there is one. */
export function graphOf(tasks: readonly CrewTask[], agents: readonly string[], lead: string | null = null): TaskGraph {
  const needs = tasks.map((_, place) => needsOf(tasks, place));
  const reached = needs.map((_, place) => reachedFrom(needs, place));
  const arrows = tasks.flatMap((task, place) => {
    const direct = needs[place] ?? [];
    // What another one of them needs already is not drawn again.
    const drawn = direct.filter((from) => !direct.some((other) => other !== from && reached[other]?.has(from)));
    const waits = tasks.flatMap((other, from) => (from < place && !other.async_execution && !reached[place]?.has(from) ? [from] : []));
    const last = waits.filter((from) => !waits.some((other) => other !== from && reached[other]?.has(from)));
    const named = (from: number, isWait: boolean): Arrow[] => (tasks[from] ? [{ from: tasks[from].name, to: task.name, isWait }] : []);
    return [...drawn.flatMap((from) => named(from, false)), ...last.flatMap((from) => named(from, true))];
  });
  const nodes = tasks.map(({ name, description, agent, async_execution: isAsync }, place) => ({
    name, description, isAsync, agent: lead ?? agent ?? agents[place % Math.max(1, agents.length)] ?? null,
  }));
  return { nodes, arrows };
}

/** Whose output a task gets: that of the tasks it names, else of all before it; asynchronous ones do not wait for each other. */
function needsOf(tasks: readonly CrewTask[], place: number): number[] {
  const task = tasks[place];
  if (!task) return [];
  const before = tasks.slice(0, place).map((other, at) => ({ other, at }));
  const wanted = task.context ? before.filter(({ other }) => task.context?.includes(other.name)) : before.filter(({ other }) => !(task.async_execution && other.async_execution));
  return wanted.map(({ at }) => at);
}

function reachedFrom(needs: readonly (readonly number[])[], place: number): Set<number> {
  const reached = new Set<number>();
  const open = [...(needs[place] ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    open.push(...(needs[next] ?? []));
  }
  return reached;
}

/** A graph of tasks that follow each other, where nobody says how they depend. */
export function chainOf(names: readonly { name: string; agent: string }[]): TaskGraph {
  return {
    nodes: names.map(({ name, agent }) => ({ name, agent, description: "", isAsync: false })),
    arrows: names.slice(1).map(({ name }, place) => ({ from: names[place]?.name ?? "", to: name, isWait: false })),
  };
}

/** The names in braces of a crew's texts: what it has to be kicked off with. */
export function inputNames(texts: readonly (string | null | undefined)[]): string[] {
  const names = new Set<string>();
  for (const text of texts) for (const found of (text ?? "").matchAll(/\{([A-Za-z_][A-Za-z0-9_-]*)\}/g)) if (found[1]) names.add(found[1]);
  return [...names];
}

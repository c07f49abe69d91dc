/** Which node of a run a question belongs to. */

/** The lane of a node's work is `node/{how often it ran}/{its id}`; an id may have slashes itself. */
const LANE = /^node\/\d+\/(.+)$/s;

/** The node whose work goes on in a lane; null for lanes of the run itself. */
export function nodeOfLane(lane: string | null): string | null {
  return lane === null ? null : (LANE.exec(lane)?.[1] ?? null);
}

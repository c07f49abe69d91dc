/** Records by names that somebody else has chosen: a task, a field or a node may be called `constructor`. */

/** A record in which every name is only a name: it has no prototype. */
export function record<T>(entries: Iterable<readonly [string, T]> = []): Record<string, T> {
  const made = Object.create(null) as Record<string, T>;
  for (const [name, value] of entries) made[name] = value;
  return made;
}

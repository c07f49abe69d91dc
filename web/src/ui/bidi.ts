/** Text of others that says how the letters around it run: kept from turning what stands beside it round. */

const TURNS = /[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/;

/** The text, shut in where it has marks of direction, for places where it becomes part of a longer one. */
export function isolated(text: string): string {
  return TURNS.test(text) ? `\u2068${text}\u2069` : text;
}

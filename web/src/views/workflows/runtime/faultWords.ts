/** What may be wrong with a graph, for people. */

import type { GraphFault } from "../model";

const TITLES: Record<string, string> = {
  missing_node_type: "There is no such class",
  duplicate_node_id: "Two nodes have this id",
  required_input_missing: "An input is missing",
  unknown_input: "There is no such input",
  bad_linked_input: "A link leads nowhere",
  return_type_mismatch: "The types of a link do not fit",
  invalid_input_type: "A value is of the wrong type",
  value_not_in_list: "A value is none of the choices",
  value_smaller_than_min: "A number is too small",
  value_bigger_than_max: "A number is too large",
  custom_validation_failed: "A value cannot be used",
  dependency_cycle: "It needs itself: a cycle",
  too_large: "It is too large",
};

/** A fault in a few words; what a later server finds, in its own. */
export function faultTitle({ type, message }: GraphFault): string {
  return TITLES[type] ?? message;
}

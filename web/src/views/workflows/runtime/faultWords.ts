/** The problems of a graph in words. */

import type { GraphFault } from "../model";

const TITLES: Record<string, string> = {
  missing_node_type: "Unknown node class",
  duplicate_node_id: "Two nodes have the same id",
  required_input_missing: "Missing input",
  unknown_input: "Unknown input",
  bad_linked_input: "Broken link",
  return_type_mismatch: "Types do not match",
  invalid_input_type: "Wrong type",
  value_not_in_list: "Not one of the options",
  value_smaller_than_min: "Too small",
  value_bigger_than_max: "Too large",
  custom_validation_failed: "Invalid value",
  dependency_cycle: "Cycle: the node depends on itself",
  too_large: "Too large",
};

/** A problem in a few words; one of a later server in its own. */
export function faultTitle({ type, message }: GraphFault): string {
  return TITLES[type] ?? message;
}

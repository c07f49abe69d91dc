/** The value that a node stands for, in a few words: for where there is room for one only. */

import { isNumber, type NodeRun } from "@callboard/client";
import type { GraphNode, NodeClass } from "../model";
import { isCut, numberWords } from "./words";

/** Classes whose constant is their value: showing it twice says nothing. */
export const PLAIN_INPUT = /^(Text|Number|Integer|Boolean|Select)Input$/;

const MOST = 80;

/** The first output of the node's last run, or the constant of a plain input; null where there is neither. */
export function valueWords(node: GraphNode, nodeClass: NodeClass | undefined, run: NodeRun | undefined): string | null {
  if (run?.state === "error") return run.error ? shortened(run.error) : null;
  const outputs = nodeClass?.outputs ?? [];
  const name = outputs.find((output) => run?.result?.[output.name] !== undefined)?.name;
  if (name !== undefined) return inWords(run?.result?.[name]);
  if (!PLAIN_INPUT.test(node.type)) return null;
  const value = node.inputs["value"] ?? node.inputs["text"];
  return value === undefined ? null : inWords(value);
}

function inWords(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value === "" ? null : shortened(value);
  if (typeof value === "number") return numberWords(value);
  if (isNumber(value)) return String(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (isCut(value)) return shortened(value.preview);
  if (Array.isArray(value)) return value.length === 1 ? "1 item" : `${value.length} items`;
  const fields = Object.keys(value as object).length;
  return fields === 1 ? "1 field" : `${fields} fields`;
}

function shortened(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return line.length > MOST ? `${line.slice(0, MOST)}…` : line;
}

/** The document of an audit, line by line: its source where that is text, else as the server has read it. */

import { useMemo } from "react";
import type { DocumentLine, SessionDetail } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useLoaded, type Loaded } from "../../../ui/useLoaded";
import { isSource, linesOf, type MediaType } from "./place";

export interface AuditInput {
  name: string;
  mediaType: MediaType;
  /** The ids of its agents, as far as the start names them. */
  agents: readonly string[];
  text: string | null;
}

export function inputOf({ input }: Pick<SessionDetail, "input">): AuditInput {
  const { name, media_type: mediaType, agents, document } = (input ?? {}) as Readonly<Record<string, unknown>>;
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return {
    name: text(name) || "document", mediaType: text(mediaType), text: typeof document === "string" ? document : null,
    agents: Array.isArray(agents) ? agents.map(String) : [],
  };
}

export interface Paper {
  lines: readonly DocumentLine[];
  isComplete: boolean;
}

export function useDocument(id: string, input: AuditInput): Loaded<Paper | null> {
  const client = useCallboard();
  const source = input.text !== null && isSource(input.mediaType) ? input.text : null;
  const lines = useMemo(() => (source === null ? null : linesOf(source)), [source]);
  const load = async (signal: AbortSignal): Promise<Paper | null> => {
    if (lines) return null;
    const found = await client.agents.document(id, signal);
    return { lines: found.lines, isComplete: found.complete };
  };
  const read = useLoaded(`${id} ${input.mediaType}`, load);
  return lines ? { value: { lines, isComplete: true }, error: null, again: read.again } : read;
}

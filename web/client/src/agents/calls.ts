/** What can be asked about agents, crews and audits. */

import { json, request, type Transport } from "../http.js";
import type { AgentPage, AuditDocument, AuditState, CrewPage, ImportedCrew, KickedOff, StartedAudit, StoredAgent, StoredCrew } from "../wire/wire.js";
import type { AuditOptions, KickoffOptions, ProjectFile, ReportFormat } from "./types.js";

const PAGE = 200;

/** Every call throws `CallboardError`. */
export interface AgentCalls {
  /** All agents. */
  list(signal?: AbortSignal): Promise<StoredAgent[]>;
  /** All crews. */
  crews(signal?: AbortSignal): Promise<StoredCrew[]>;
  crew(id: string, signal?: AbortSignal): Promise<StoredCrew>;
  /** Lets a crew begin its tasks. */
  kickoff(id: string, options?: KickoffOptions): Promise<KickedOff>;
  /** Stores the crew of a CrewAI project; nothing of it is run. */
  importCrew(files: readonly ProjectFile[]): Promise<ImportedCrew>;
  removeCrew(id: string): Promise<void>;
  /** Has agents look through a document. */
  audit(options: AuditOptions): Promise<StartedAudit>;
  /** How an audit stands, and what it has found so far. */
  describeAudit(id: string, signal?: AbortSignal): Promise<AuditState>;
  /** The document of an audit, as it was read. */
  document(id: string, signal?: AbortSignal): Promise<AuditDocument>;
  /** An audit's report, as text. */
  report(id: string, format: ReportFormat): Promise<string>;
  /** The address of an audit's report, for whoever needs nothing but a cookie to get it. */
  reportUrl(id: string, format: ReportFormat): string;
}

export function agentCalls(transport: Transport): AgentCalls {
  const keyed = (key: string | undefined): Record<string, string> => (key ? { "Idempotency-Key": key } : {});
  const crewPath = (id: string): string => `/api/v1/crews/${encodeURIComponent(id)}`;
  const auditPath = (id: string): string => `/audits/${encodeURIComponent(id)}`;
  /** All pages of a list. */
  const all = async <P extends { next_cursor: string | null }, T>(path: string, of: (page: P) => readonly T[], signal?: AbortSignal): Promise<T[]> => {
    const found: T[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: P = await json<P>(transport, `${path}?limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, { signal });
      found.push(...of(page));
      cursor = page.next_cursor;
    }
    return found;
  };
  return {
    list: (signal) => all("/api/v1/agents", ({ agents }: AgentPage) => agents, signal),
    crews: (signal) => all("/api/v1/crews", ({ crews }: CrewPage) => crews, signal),
    crew: (id, signal) => json(transport, crewPath(id), { signal }),
    kickoff: (id, { idempotencyKey, ...body } = {}) => json(transport, `${crewPath(id)}/kickoff`, { method: "POST", body, headers: keyed(idempotencyKey) }),
    importCrew(files) {
      const body = new FormData();
      for (const { path, content } of files) body.append("files", content, path);
      return json(transport, "/api/v1/crews/import", { method: "POST", body });
    },
    removeCrew: async (id) => void (await request(transport, crewPath(id), { method: "DELETE" })),
    audit({ document, name, agents, mediaType, onDisconnect, idempotencyKey }) {
      const body = new FormData();
      body.append("file", document, name);
      body.append("name", name);
      if (agents?.length) body.append("agents", JSON.stringify(agents));
      if (mediaType) body.append("media_type", mediaType);
      if (onDisconnect) body.append("on_disconnect", onDisconnect);
      return json(transport, "/audits", { method: "POST", body, headers: keyed(idempotencyKey) });
    },
    describeAudit: (id, signal) => json(transport, auditPath(id), { signal }),
    document: (id, signal) => json(transport, `${auditPath(id)}/document`, { signal }),
    report: async (id, format) => (await request(transport, `${auditPath(id)}/report?format=${format}`, { headers: { Accept: "*/*" } })).text(),
    reportUrl: (id, format) => `${transport.base}${auditPath(id)}/report?format=${format}`,
  };
}

/** One audit: its agents side by side, what they have found, and the document in which it stands. */

import { useCallback, useMemo, useState, type ReactNode } from "react";
import { SEVERITIES, type SessionDetail, type SessionStore, type Severity } from "@callboard/client";
import { useSelected } from "@callboard/client/react";
import { useCommands } from "../../../shell/commands";
import { Link, navigate, useSearch } from "../../../shell/router";
import { Icon } from "../../../ui/Icon";
import { Questions } from "../../tasks/session/Questions";
import { Trouble } from "../../tasks/session/Trouble";
import { Failure } from "../../../ui/Failure";
import { paths } from "../paths";
import type { Board, Found } from "../runs/board";
import { Head } from "../runs/Head";
import { Spent } from "../runs/Spent";
import { useBoard } from "../runs/useBoard";
import { useDetail } from "../runs/useDetail";
import { CHECKS } from "./checks";
import { Export } from "./Export";
import { byWeight, Findings } from "./Findings";
import { Lanes, type LaneData } from "./Lanes";
import { Paper } from "./Paper";
import { lineOf } from "./place";
import { inputOf, useDocument, type AuditInput } from "./useDocument";

const NO_LINES: readonly never[] = [];

export function AuditPage({ id }: { id: string }): ReactNode {
  const { store, detail, isUnknown } = useDetail(id);
  if (isUnknown) return <Unknown id={id} />;
  if (!detail.value) return detail.error ? <Failure error={detail.error} again={detail.again} /> : <p className="loading">Loading the audit…</p>;
  return <Audit store={store} detail={detail.value} />;
}

function Unknown({ id }: { id: string }): ReactNode {
  return (
    <div className="empty" role="alert">
      <h1>There is no audit {id.slice(0, 8)}</h1>
      <p>It may have been deleted, it may have ended so long ago that the server no longer keeps it, or the link is incomplete.</p>
      <Link className="button primary" to={paths.audits}>
        Back to the audits
      </Link>
    </div>
  );
}

function Audit({ store, detail }: { store: SessionStore; detail: SessionDetail }): ReactNode {
  const input = useMemo(() => inputOf(detail), [detail]);
  const board = useBoard(store);
  const paper = useDocument(store.id, input);
  const isOver = useSelected(store, (state) => state.outcome !== null);
  const search = useSearch();
  const agent = search.get("agent");
  const [hidden, setHidden] = useState<ReadonlySet<Severity>>(new Set());
  const [pane, setPane] = useState<"findings" | "document">("findings");
  const lanes = useMemo(() => lanesOf(input, board), [input, board]);
  const findings = useMemo(() => board.runs.flatMap((run) => (agent === null || run.agentId === agent ? run.findings : [])).sort(byWeight), [board, agent]);
  const chosen = findings.find(({ seq }) => String(seq) === search.get("finding")) ?? null;
  const lines = paper.value?.lines ?? NO_LINES;
  const marks = useMemo(() => marksOf(findings, (finding) => lineOf(lines, finding.location, input.mediaType)), [findings, lines, input]);
  const go = (of: { agent?: string | null; finding?: string | null }): void => navigate(paths.audit(store.id, of), { replace: true });
  const choose = useCallback(
    (finding: Found) => {
      const isSame = new URLSearchParams(location.search).get("finding") === String(finding.seq);
      navigate(paths.audit(store.id, { agent: new URLSearchParams(location.search).get("agent"), finding: isSame ? null : String(finding.seq) }), { replace: true });
    },
    [store],
  );
  const shown = findings.filter(({ severity }) => !hidden.has(severity));
  const step = (by: number): void => {
    const at = chosen ? shown.indexOf(chosen) : by > 0 ? -1 : shown.length;
    const next = shown[Math.max(0, Math.min(shown.length - 1, at + by))];
    if (next) go({ agent, finding: String(next.seq) });
  };
  const hide = (severity: Severity): void => setHidden(new Set(SEVERITIES.filter((one) => hidden.has(one) !== (one === severity))));
  const chooseLine = (line: number): void => {
    const found = shown.find((finding) => lineOf(lines, finding.location, input.mediaType) === line);
    if (!found) return;
    go({ agent, finding: String(found.seq) });
    setPane("findings");
  };
  useCommands(
    [
      { id: "next", title: "Next finding", group: "Audit", keys: "j", run: () => step(1) },
      { id: "previous", title: "Previous finding", group: "Audit", keys: "k", run: () => step(-1) },
    ],
    "audit",
  );
  return (
    <article className="agents audit" aria-label={input.name}>
      <Head store={store} title={input.name} what="audit" back={{ to: paths.audits, title: "Back to the audits" }}>
        <Export id={store.id} name={input.name} isOver={isOver} />
      </Head>
      <Trouble store={store} />
      <Lanes store={store} lanes={lanes} chosen={agent} onChoose={(wanted) => go({ agent: wanted })} />
      <Questions store={store} />
      {board.runs.every(({ error }) => error === null) && <Failed store={store} />}
      <Spent board={board} />
      <div className="audit-panes-choice" role="group" aria-label="Shown">
        {(["findings", "document"] as const).map((one) => (
          <button key={one} type="button" className="chip" aria-pressed={pane === one} onClick={() => setPane(one)}>
            {one === "findings" ? "Findings" : "Document"}
          </button>
        ))}
      </div>
      <div className="audit-panes" data-shown={pane}>
        <div className="audit-findings">
          <Findings findings={findings} chosen={chosen} mediaType={input.mediaType} hidden={hidden} onHide={hide} isOver={isOver} onChoose={choose} />
          {chosen && (
            <button type="button" className="button show-in-document" onClick={() => setPane("document")}>
              <Icon name="search" />
              Show in the document
            </button>
          )}
        </div>
        <section className="card paper" aria-label="The document">
          <header>
            <h2>{input.name}</h2>
            <span className="muted">{input.mediaType}</span>
          </header>
          {paper.error && <Failure error={paper.error} again={paper.again} />}
          {!paper.value && !paper.error && <p className="muted paper-none">Loading the document…</p>}
          {paper.value && lines.length === 0 && <p className="muted paper-none">There is no text in this document.</p>}
          {lines.length > 0 && (
            <Paper lines={lines} mediaType={input.mediaType} marks={marks} chosen={chosen} chosenLine={chosen ? lineOf(lines, chosen.location, input.mediaType) : -1} onLine={chooseLine} />
          )}
          {paper.value?.isComplete === false && <p className="muted paper-none">The rest of this long document is not shown.</p>}
        </section>
      </div>
    </article>
  );
}

/** Why the audit as a whole failed: only where no agent says so itself. */
function Failed({ store }: { store: SessionStore }): ReactNode {
  const outcome = useSelected(store, (state) => state.outcome);
  if (outcome?.kind !== "failed") return null;
  return (
    <p className="notice" data-tone="bad" role="alert">
      <Icon name="cross" />
      <span className="grow">{outcome.text}</span>
    </p>
  );
}

/** A lane for each agent that the start names, begun or not. */
function lanesOf(input: AuditInput, { runs }: Board): LaneData[] {
  const named = input.agents.length > 0 ? input.agents : CHECKS.map(({ id }) => id);
  const ids = [...new Set([...named, ...runs.map(({ agentId }) => agentId)])];
  return ids.map((agentId) => ({ agentId, run: runs.findLast((run) => run.agentId === agentId) ?? null }));
}

function marksOf(findings: readonly Found[], lineOfFinding: (finding: Found) => number): Map<number, Severity> {
  const marks = new Map<number, Severity>();
  // The worst come first.
  for (const finding of findings) {
    const line = lineOfFinding(finding);
    if (line >= 0 && !marks.has(line)) marks.set(line, finding.severity);
  }
  return marks;
}

/** One run of a crew, or of the pipeline: who does what now, what each said and called, what it asks, what it has spent. */

import { useMemo, type ReactNode } from "react";
import type { SessionDetail, SessionStore, StoredCrew } from "@callboard/client";
import { useCallboard, useSelected } from "@callboard/client/react";
import { Link, navigate, useSearch } from "../../../shell/router";
import { titleOf } from "../../../ui/names";
import { OutcomeCard } from "../../tasks/session/Outcome";
import { Questions } from "../../tasks/session/Questions";
import { Trouble } from "../../tasks/session/Trouble";
import { Failure } from "../../../ui/Failure";
import { paths } from "../paths";
import { runOf, type Board, type Run } from "../runs/board";
import { Head } from "../runs/Head";
import { AgentNames, useAgentName } from "../runs/names";
import { RunCard } from "../runs/RunCard";
import type { Standing } from "../runs/RunStatus";
import { Spent } from "../runs/Spent";
import { useBoard } from "../runs/useBoard";
import { useDetail } from "../runs/useDetail";
import { useLoaded } from "../../../ui/useLoaded";
import { leadOf } from "./CrewPage";
import { Graph, type TaskState } from "./Graph";
import { chainOf, graphOf, type TaskGraph } from "./order";
import { noteOf } from "./notes";

export function RunPage({ id }: { id: string }): ReactNode {
  const client = useCallboard();
  const { store, detail, isUnknown } = useDetail(id);
  const crewId = detail.value?.labels["crew"] ?? "";
  // A run outlives its crew: without it, the graph is what is seen of it.
  const crew = useLoaded(`crew ${crewId}`, async (signal) => (crewId ? { crew: await client.agents.crew(crewId, signal) } : null));
  const agents = useLoaded("agents", (signal) => client.agents.list(signal));
  if (isUnknown) return <Unknown id={id} />;
  if (detail.error && !detail.value) return <Failure error={detail.error} again={detail.again} />;
  if (!detail.value || (crewId && !crew.value && !crew.error)) return <p className="loading">Loading the run…</p>;
  return (
    <AgentNames agents={agents.value}>
      <CrewRun store={store} detail={detail.value} crew={crew.value?.crew ?? null} />
    </AgentNames>
  );
}

function Unknown({ id }: { id: string }): ReactNode {
  return (
    <div className="empty" role="alert">
      <h1>There is no run {id.slice(0, 8)}</h1>
      <p>It may have been deleted, it may have ended so long ago that the server no longer keeps it, or the link is incomplete.</p>
      <Link className="button primary" to={paths.crews}>
        Back to the crews
      </Link>
    </div>
  );
}

function CrewRun({ store, detail, crew }: { store: SessionStore; detail: SessionDetail; crew: StoredCrew | null }): ReactNode {
  const board = useBoard(store);
  const requests = useSelected(store, (state) => state.requests);
  const isOver = useSelected(store, (state) => state.outcome !== null);
  const chosen = useSearch().get("task");
  const graph = useMemo(() => (crew ? graphOf(crew.tasks, crew.agents, leadOf(crew)) : seenGraph(board)), [crew, crew ? null : board]);
  const asking = useMemo(() => new Set(requests.flatMap(({ lane }) => runOf(board.runs, lane)?.key ?? [])), [requests, board]);
  const nameOf = useAgentName();
  const states = useMemo(() => new Map(graph.nodes.map(({ name }) => [name, stateOf(name, board, asking, isOver, nameOf)])), [graph, board, asking, isOver, nameOf]);
  const runs = board.runs.filter((run) => chosen === null || taskOf(run) === chosen);
  const back = crew ? { to: paths.crew(crew.id), title: `Back to ${crew.name}` } : { to: paths.crews, title: "Back to the crews" };
  return (
    <article className="agents" aria-label={titleOf(detail)}>
      <Head store={store} title={titleOf(detail)} what="run" back={back} />
      <Trouble store={store} />
      {graph.nodes.length > 0 && <Graph graph={graph} states={states} chosen={chosen} onChoose={(task) => navigate(paths.run(store.id, { task }), { replace: true })} />}
      <Questions store={store} />
      <Spent board={board} />
      <OutcomeCard store={store} without={["usage"]} />
      <section className="agents-runs" aria-label="What the agents did">
        <header>
          <h2>{chosen === null ? "Work" : `Work on ${chosen}`}</h2>
          {chosen !== null && (
            <Link className="button small" to={paths.run(store.id)}>
              Show all
            </Link>
          )}
        </header>
        {runs.length === 0 && <p className="muted">{isOver ? "No agent began." : chosen === null ? "No agent has begun yet." : "This task has not begun yet."}</p>}
        {runs.map((run) => (
          <RunCard key={run.key} run={run} store={store} standing={asking.has(run.key) ? "asks" : run.status} isChosen={chosen !== null} />
        ))}
      </section>
    </article>
  );
}

/** The crew's task that a run belongs to, also where it was handed on. */
function taskOf({ key, task }: Run): string {
  if (!key.includes("/delegate-")) return task;
  const [, name] = /^task\/(.*?)\/round-\d/.exec(key) ?? [];
  return name ?? task;
}

function stateOf(name: string, { runs }: Board, asking: ReadonlySet<string>, isOver: boolean, nameOf: (id: string) => string): TaskState {
  const all = runs.filter((run) => taskOf(run) === name);
  const [own] = all;
  if (!own) return { standing: isOver ? "unreached" : "waiting", note: "" };
  const standing: Standing = all.some(({ key }) => asking.has(key)) ? "asks" : own.status;
  // Whoever was handed work last is who works now.
  const now = all.findLast(({ status }) => status === "working") ?? own;
  return { standing, note: noteOf(now, now !== own, nameOf) };
}

/** The tasks that have begun, one after the other. */
function seenGraph({ runs }: Board): TaskGraph {
  const top = runs.filter(({ key }) => !key.includes("/delegate-"));
  return chainOf(top.map((run) => ({ name: taskOf(run), agent: run.agentId })).filter(({ name }, place, all) => all.findIndex((one) => one.name === name) === place));
}

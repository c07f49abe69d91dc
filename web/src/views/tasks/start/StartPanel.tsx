/** Starts a task: its kind, a form made from its schemas, how urgent it is; or just one of the demonstrations. */

import { useEffect, useId, type ReactNode } from "react";
import type { TaskInfo } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { Link, navigate } from "../../../shell/router";
import { setTitle } from "../../../shell/title";
import { Icon } from "../../../ui/Icon";
import { loadKinds, useKinds } from "../kinds";
import { paths } from "../paths";
import type { Filter } from "../query";
import { isOffered } from "../../welcome/kinds";
import { StartForm } from "./StartForm";

export function StartPanel({ kind, filter }: { kind: string | null; filter: Filter }): ReactNode {
  const client = useCallboard();
  const { kinds, error } = useKinds();
  const chosen = kinds?.find(({ name }) => name === kind) ?? null;
  useEffect(() => {
    return setTitle("Start a task");
  }, []);
  return (
    <div className="start">
      <header className="detail-head">
        <Link className="icon-button back" to={paths.list(filter)} aria-label="Back to the list">
          <Icon name="left" />
        </Link>
        <h1>Start a task</h1>
      </header>
      {error && (
        <div className="notice" data-tone="bad" role="alert">
          <span className="grow">{error}</span>
          <button type="button" className="button small" onClick={() => void loadKinds(client)}>
            Try again
          </button>
        </div>
      )}
      {!kinds && !error && <p className="loading">Asking the server what can be started…</p>}
      {kinds && <Kinds kinds={kinds.filter(isOffered)} chosen={chosen} filter={filter} />}
      {kinds && kind !== null && !chosen && (
        <p className="notice" data-tone="warn">
          This server has no task called “{kind}”. Choose one of those above.
        </p>
      )}
      {kinds && <StartForm key={chosen?.name ?? ""} kind={chosen} filter={filter} />}
    </div>
  );
}

function Kinds({ kinds, chosen, filter }: { kinds: readonly TaskInfo[]; chosen: TaskInfo | null; filter: Filter }): ReactNode {
  const name = useId();
  const card = (value: string | null, title: string, text: string): ReactNode => (
    <label className="kind" key={title} data-chosen={(chosen?.name ?? null) === value || undefined}>
      <input type="radio" name={name} aria-labelledby={`${name}-${title}`} aria-describedby={`${name}-${title}-text`} checked={(chosen?.name ?? null) === value} onChange={() => navigate(paths.start(value, filter), { replace: true })} />
      <span className="kind-name" id={`${name}-${title}`}>{title}</span>
      <span className="kind-text" id={`${name}-${title}-text`}>{text}</span>
    </label>
  );
  return (
    <fieldset className="kinds">
      <legend className="visually-hidden">Kind of task</legend>
      {kinds.map((kind) => card(kind.name, kind.name, kind.description))}
      {card(null, "Surprise me", "One of the demonstrations, by chance: the quickest way to see how this works.")}
    </fieldset>
  );
}

/** How many questions are open, which of them are listed, and whether the browser says when there is a new one. */

import type { ReactNode } from "react";
import type { ListedRequest } from "@callboard/client";
import { navigate } from "../../shell/router";
import { useNotifications } from "../../shell/notifications";
import { Icon } from "../../ui/Icon";
import { count } from "../../ui/time";
import { kindWords } from "../../ui/names";
import { choices, crewOf, isNarrow, NO_FILTER, pathOf, type Choice, type Filter } from "./filter";
import { sourceOf } from "../../forms/words";

interface Props {
  filter: Filter;
  requests: readonly ListedRequest[];
  shown: number;
  isComplete: boolean;
  error: string | null;
  onRetry: () => void;
}

export function Head({ filter, requests, shown, isComplete, error, onRetry }: Props): ReactNode {
  const go = (changes: Partial<Filter>): void => navigate(pathOf({ ...filter, ...changes }, null));
  const tasks = choices(requests, ({ task }) => ({ value: task, title: kindWords(task) }));
  const workflows = choices(requests, (request) => {
    const { workflow } = sourceOf(request);
    return workflow && { value: workflow.id, title: workflow.title };
  });
  const crews = choices(requests, (request) => (crewOf(request) ? { value: crewOf(request), title: crewOf(request) } : null));
  return (
    <div className="inbox-head">
      <div className="inbox-title">
        <h1>Inbox</h1>
        <span className="muted" role="status" id="inbox-count">
          {isComplete || requests.length > 0 ? words(requests.length, shown, isNarrow(filter)) : "Loading…"}
        </span>
        <NotifyButton />
      </div>
      {(requests.length > 0 || isNarrow(filter)) && (
        <div className="inbox-filters">
          <Select label="Task" all="All tasks" value={filter.task} choices={tasks} onChange={(task) => go({ task })} />
          <Select label="Workflow" all="All workflows" value={filter.workflow} choices={workflows} onChange={(workflow) => go({ workflow })} />
          <Select label="Crew" all="All crews" value={filter.crew} choices={crews} onChange={(crew) => go({ crew })} />
          {isNarrow(filter) && (
            <button type="button" className="button small quiet" onClick={() => go(NO_FILTER)}>
              Reset
            </button>
          )}
        </div>
      )}
      {error && (
        <div className="notice" data-tone="warn" role="alert">
          <Icon name="alert" />
          <span className="grow">{error}</span>
          <button type="button" className="button small" onClick={onRetry}>
            Try now
          </button>
        </div>
      )}
    </div>
  );
}

function words(open: number, shown: number, narrow: boolean): string {
  const all = `${count(open)} open ${open === 1 ? "question" : "questions"}`;
  return narrow ? `${count(shown)} of ${all}` : all;
}

function Select({ label, all, value, choices: found, onChange }: { label: string; all: string; value: string; choices: readonly Choice[]; onChange: (value: string) => void }): ReactNode {
  if (found.length === 0 && value === "") return null;
  return (
    <select aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">{all}</option>
      {value !== "" && !found.some((one) => one.value === value) && <option value={value}>{value} (0)</option>}
      {found.map((one) => (
        <option key={one.value} value={one.value}>
          {one.title} ({count(one.count)})
        </option>
      ))}
    </select>
  );
}

function NotifyButton(): ReactNode {
  const { state, toggle } = useNotifications();
  if (state === "unavailable") return null;
  return (
    <button type="button" className="button small" aria-pressed={state === "on"} onClick={() => void toggle()} disabled={state === "blocked"} title={state === "blocked" ? "This browser blocks notifications of this page: allow them in its settings" : "Show a notification when a new question comes while this page is not in sight"}>
      <Icon name="bell" />
      {state === "on" ? "Notifications on" : state === "blocked" ? "Notifications blocked" : "Notify me"}
    </button>
  );
}

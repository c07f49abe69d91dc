/** An event for everybody, or for those that asked for a subscription. */

import { useState, type FormEvent, type ReactNode } from "react";
import type { AdminCalls, ConnectionPage, EventPriority } from "@callboard/client";
import { tell } from "../../shell/toasts";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { audience, readDraft, type Draft } from "./rows";
import { said } from "./store";

const PRIORITIES: readonly EventPriority[] = ["low", "normal", "high", "critical"];
const FIRST: Draft = { type: "custom.notice", priority: "normal", data: '{\n  "text": ""\n}', subscription: "" };

interface Props {
  calls: AdminCalls;
  page: ConnectionPage;
  onClose: () => void;
}

export function BroadcastDialog({ calls, page, onClose }: Props): ReactNode {
  const [draft, setDraft] = useState(FIRST);
  const [faults, setFaults] = useState<Partial<Record<keyof Draft, string>>>({});
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const change = (changes: Partial<Draft>): void => {
    setDraft({ ...draft, ...changes });
    setFaults({});
    setRefusal(null);
  };
  const number = audience(page, draft.subscription);
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    const read = readDraft(draft);
    if ("faults" in read) return setFaults(read.faults);
    setBusy(true);
    try {
      const told = await calls.broadcast(read.event, draft.subscription || undefined);
      tell(`${read.event.type} was told to ${connections(told)}.`, told > 0 ? "good" : "warn");
      onClose();
    } catch (error) {
      setRefusal(said(error));
      setBusy(false);
    }
  };
  const asked = Object.entries(page.subscription_counts).sort(([one, a], [other, b]) => b - a || one.localeCompare(other));
  return (
    <Dialog title="Broadcast an event" onClose={onClose}>
      <form className="broadcast" onSubmit={(event) => void send(event)} noValidate>
        <div className="broadcast-field">
          <label htmlFor="broadcast-to">To</label>
          <select id="broadcast-to" value={draft.subscription} onChange={(event) => change({ subscription: event.target.value })}>
            <option value="">Every event listener</option>
            {asked.map(([name]) => (
              <option key={name} value={name}>
                Subscribers of {name}
              </option>
            ))}
          </select>
        </div>
        <div className="broadcast-field">
          <label htmlFor="broadcast-type">Type</label>
          <input id="broadcast-type" type="text" className="mono" spellCheck={false} value={draft.type} onChange={(event) => change({ type: event.target.value })} aria-invalid={faults.type ? true : undefined} aria-describedby="broadcast-type-fault" />
          <p id="broadcast-type-fault" className={faults.type ? "field-fault" : "muted"} role={faults.type ? "alert" : undefined}>
            {faults.type ?? "Such as custom.notice, or one of system.*"}
          </p>
        </div>
        <div className="broadcast-field">
          <label htmlFor="broadcast-priority">Priority</label>
          <select id="broadcast-priority" value={draft.priority} onChange={(event) => change({ priority: event.target.value as EventPriority })}>
            {PRIORITIES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </div>
        <div className="broadcast-field whole">
          <label htmlFor="broadcast-data">Data, as JSON</label>
          <textarea id="broadcast-data" className="mono" rows={6} spellCheck={false} value={draft.data} onChange={(event) => change({ data: event.target.value })} aria-invalid={faults.data ? true : undefined} aria-describedby={faults.data ? "broadcast-data-fault" : undefined} />
          {faults.data && (
            <p id="broadcast-data-fault" className="field-fault" role="alert">
              {faults.data}
            </p>
          )}
        </div>
        {refusal && (
          <div className="notice whole" data-tone="bad" role="alert">
            <Icon name="alert" />
            <span className="grow">{refusal}</span>
          </div>
        )}
        <p className="whole broadcast-preview" role="status">
          <Icon name="megaphone" />
          {number === 0 ? "Nobody subscribes to this now. Whoever listens to its type gets it, and the event log may keep it." : `Goes to ${connections(number)}${draft.subscription ? " and to whoever listens to its type" : ""}, except where a filter leaves it out.`}
        </p>
        <div className="actions whole">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" aria-disabled={isBusy}>
            {isBusy ? "Sending…" : "Broadcast"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function connections(number: number): string {
  return `${number} ${number === 1 ? "connection" : "connections"}`;
}

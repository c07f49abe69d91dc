/** The questions, the most urgent first. Only those in sight are on the page, so that ten thousand scroll as one does. */

import { useEffect, useImperativeHandle, useLayoutEffect, useRef, type KeyboardEvent, type ReactNode, type Ref } from "react";
import { useVirtualizer } from "@tanstack/react-virtual";
import type { ListedRequest } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useMay } from "../../identity/may";
import { Icon } from "../../ui/Icon";
import { ago, useNow } from "../../ui/time";
import { Link } from "../../shell/router";
import { deadlineWords } from "../../forms/deadline";
import type { InboxRow } from "./lingering";
import { useNarrow } from "./useNarrow";
import { askedWords, closingWords, kindOf, titleOf } from "../../forms/words";

/** Kept in step with inbox.css. */
const ROW_PX = 60;
const NARROW_ROW_PX = 112;
/** A click that comes sooner after a row has moved may be meant for the one that stood there before. */
const SETTLES_AFTER_MS = 400;

export interface ListHandle {
  show: (row: number) => void;
}

interface Props {
  ref: Ref<ListHandle>;
  rows: readonly InboxRow[];
  chosen: string | null;
  sending: ReadonlySet<string>;
  isReady: boolean;
  isNarrowed: boolean;
  to: (id: string) => string;
  onStep: (by: number) => void;
  onEnter: () => void;
  onAnswer: (request: ListedRequest, value: boolean) => void;
}

export function List({ ref, rows, chosen, sending, isReady, isNarrowed, to, onStep, onEnter, onAnswer }: Props): ReactNode {
  const pane = useRef<HTMLDivElement>(null);
  const client = useCallboard();
  const now = useNow(1000) + client.clockSkew;
  const isPhone = useNarrow();
  const size = isPhone ? NARROW_ROW_PX : ROW_PX;
  const keyOf = (row: number): string => rows[row]?.request.request_id ?? String(row);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => pane.current, estimateSize: () => size, getItemKey: keyOf, overscan: 8 });
  useEffect(() => virtual.measure(), [size]);
  useImperativeHandle(ref, () => ({ show: (row) => virtual.scrollToIndex(row) }));
  const onKey = (event: KeyboardEvent): void => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by !== undefined) onStep(by);
    else if (event.key === "Enter" && event.target === event.currentTarget) onEnter();
    else return;
    event.preventDefault();
  };
  return (
    <div className="inbox-pane" ref={pane} tabIndex={0} role="region" aria-label="Questions, the most urgent first" onKeyDown={onKey}>
      {rows.length === 0 && isReady && <Empty isNarrowed={isNarrowed} />}
      <ul className="space" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ key, index, start }) => {
          const row = rows[index];
          return (
            row && (
              <Row key={key} row={row} index={index} count={rows.length} start={start} now={now} isChosen={row.request.request_id === chosen} isSending={sending.has(row.request.request_id)} to={to(row.request.request_id)} onAnswer={onAnswer} />
            )
          );
        })}
      </ul>
    </div>
  );
}

interface RowProps {
  row: InboxRow;
  index: number;
  count: number;
  start: number;
  /** By the server's clock, in seconds. */
  now: number;
  isChosen: boolean;
  isSending: boolean;
  to: string;
  onAnswer: (request: ListedRequest, value: boolean) => void;
}

function Row({ row, index, count, start, now, isChosen, isSending, to, onAnswer }: RowProps): ReactNode {
  const { request, closing } = row;
  const mayAnswer = useMay("sessions:answer");
  const kind = kindOf(request);
  const title = titleOf(request);
  const movedAt = useRef(0);
  useLayoutEffect(() => {
    movedAt.current = performance.now();
  }, [index]);
  const answer = (value: boolean): void => {
    if (performance.now() - movedAt.current >= SETTLES_AFTER_MS) onAnswer(request, value);
  };
  const deadline = typeof request.expires_at !== "number" ? null : deadlineWords(request.expires_at, now, kind, request.type === "task_failed" ? undefined : request.default);
  const [yes, no] = kind === "retry" ? ["Retry", "Give up"] : ["Yes", "No"];
  return (
    <li
      className="inbox-row"
      data-request={request.request_id}
      data-chosen={isChosen || undefined}
      data-closed={closing ? true : undefined}
      aria-posinset={index + 1}
      aria-setsize={count}
      style={{ transform: `translateY(${start}px)` }}
    >
      <Icon name={kind === "retry" ? "retry" : kind === "input" ? "edit" : "hand"} />
      <div className="inbox-text">
        <Link to={to} aria-current={isChosen ? "true" : undefined}>
          {title}
        </Link>
        <p>{closing ? closingWords(closing, request) : askedWords(request)}</p>
      </div>
      <div className="inbox-times">
        {deadline && !closing && (
          <span className="inbox-deadline" data-soon={deadline.isSoon || undefined}>
            {deadline.then} <span className="inbox-left">{deadline.left}</span>
          </span>
        )}
        <span className="muted">{ago(now - request.asked_at)}</span>
      </div>
      {!closing && mayAnswer && (
        <div className="inbox-actions">
          {kind === "input" ? (
            <Link className="button small" to={to} aria-label={`Fill in: ${title}`}>
              <Icon name="edit" />
              Fill in
            </Link>
          ) : (
            <>
              <button type="button" className="button small primary" disabled={isSending} aria-label={`${yes}: ${title}`} onClick={() => answer(true)}>
                {yes}
              </button>
              <button type="button" className="button small" disabled={isSending} aria-label={`${no}: ${title}`} onClick={() => answer(false)}>
                {no}
              </button>
            </>
          )}
        </div>
      )}
    </li>
  );
}

function Empty({ isNarrowed }: { isNarrowed: boolean }): ReactNode {
  return (
    <div className="empty">
      <Icon name="check" className="inbox-clear" />
      <h2>{isNarrowed ? "No question matches these filters" : "Nobody is waiting for you"}</h2>
      <p>{isNarrowed ? "Remove a filter to see more." : "When a task, a workflow or an agent asks something, it appears here at once."}</p>
    </div>
  );
}

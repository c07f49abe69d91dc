/** The inbox: every question that waits for a person, the most urgent first, and what answers it. */

import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import type { Answer, ListedRequest } from "@callboard/client";
import { useCallboard, useInbox } from "@callboard/client/react";
import { dropDraft } from "../../forms/drafts";
import { useCommands } from "../../shell/commands";
import { NOT_AUTHENTICATED } from "../../shell/link";
import type { ViewProps } from "../../shell/registry";
import { navigate, useSearch } from "../../shell/router";
import { setTitle } from "../../shell/title";
import { tell } from "../../shell/toasts";
import { Detail } from "./Detail";
import { Head } from "./Head";
import { List, type ListHandle } from "./List";
import { filterOf, fits, isNarrow, pathOf } from "./filter";
import { useLingering } from "./lingering";
import { closingWords, titleOf } from "../../forms/words";
import "./inbox.css";

export default function InboxView({ rest }: ViewProps): ReactNode {
  const client = useCallboard();
  const inbox = useInbox();
  const filter = filterOf(useSearch());
  const [wanted, setWanted] = useState(0);
  const handle = useRef<ListHandle>(null);
  const chosen = rest[0] ?? null;
  const { rows, last } = useLingering(inbox);
  const wire = JSON.stringify(filter);
  const shown = useMemo(() => rows.filter(({ request }) => fits(request, filter)), [rows, wire]);
  const place = shown.findIndex(({ request }) => request.request_id === chosen);
  const selected = place >= 0 ? shown[place]?.request : chosen !== null ? last(chosen) : undefined;

  useEffect(() => setTitle("Inbox"), []);
  const select = (request: ListedRequest | undefined, replace = true): void => navigate(pathOf(filter, request?.request_id ?? null), { replace });
  const step = (by: number): void => {
    const next = shown[place < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, place + by))];
    if (!next) return;
    select(next.request);
    handle.current?.show(shown.indexOf(next));
  };
  /** The question that comes up once this one is gone: the one below it, else the one above. */
  const after = (id: string): ListedRequest | undefined => {
    const open = shown.filter(({ closing, request }) => !closing || request.request_id === id);
    const at = open.findIndex(({ request }) => request.request_id === id);
    return (open[at + 1] ?? open[at - 1])?.request;
  };
  const answer = async (request: ListedRequest, value: Answer, isInDetail: boolean): Promise<void> => {
    const { request_id: id } = request;
    const next = after(id);
    const won = await inbox.answer(id, value);
    if (!won) {
      const closing = client.inbox.getState().closed.get(id);
      if (closing) tell(closingWords(closing, request), "warn");
      return;
    }
    dropDraft(id);
    if (!isInDetail && chosen !== id) return;
    // Whoever answers goes on with the next question, unless they have gone elsewhere meanwhile.
    if (location.pathname.endsWith(`/${encodeURIComponent(id)}`)) select(next);
    if (isInDetail) setWanted((before) => before + 1);
  };
  useCommands(
    [
      { id: "down", title: "Next question", group: "Inbox", keys: "j", run: () => step(1) },
      { id: "up", title: "Previous question", group: "Inbox", keys: "k", run: () => step(-1) },
      { id: "answer", title: "Answer the selected question", group: "Inbox", keys: "a", run: () => (place < 0 ? step(0) : undefined, setWanted((before) => before + 1)) },
      { id: "back", title: "Back to the list", group: "Inbox", keys: "u", run: () => select(undefined) },
    ],
    "inbox",
  );
  return (
    <div className="inbox" data-open={selected ? true : undefined}>
      <section className="inbox-list" aria-label="Open questions">
        <Head filter={filter} requests={inbox.requests} shown={shown.length} isComplete={inbox.isComplete} error={inbox.error} onRetry={inbox.reconnect} />
        <List
          ref={handle}
          rows={shown}
          chosen={chosen}
          sending={inbox.sending}
          isReady={inbox.isComplete}
          isNarrowed={isNarrow(filter)}
          to={(id) => pathOf(filter, id)}
          onStep={step}
          onEnter={() => setWanted((before) => before + 1)}
          onAnswer={(request, value) => void answer(request, value, false)}
        />
      </section>
      {selected && (
        <Detail
          key={selected.request_id}
          request={selected}
          closing={inbox.closed.get(selected.request_id) ?? null}
          isSending={inbox.sending.has(selected.request_id)}
          errors={inbox.errors.get(selected.request_id)}
          canSend={inbox.connection.phase !== "stopped" || inbox.connection.code === NOT_AUTHENTICATED}
          focus={wanted}
          back={pathOf(filter, null)}
          onAnswer={(value) => void answer(selected, value, true)}
          onNext={() => select(after(selected.request_id))}
          title={titleOf(selected)}
        />
      )}
    </div>
  );
}

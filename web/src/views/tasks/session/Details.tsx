/** What the session was started with, and what else the server knows about it. */

import type { ReactNode } from "react";
import { writeJson, type SessionDetail } from "@callboard/client";
import { copyText } from "../../../ui/clipboard";
import { Icon } from "../../../ui/Icon";
import { moment, span } from "../../../ui/time";

export function Details({ detail, id }: { detail: SessionDetail | null; id: string }): ReactNode {
  if (!detail) return <p className="loading">Waiting for the server…</p>;
  const { on_disconnect: leaving, times, labels } = detail;
  const marks = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const rows: [string, ReactNode][] = [
    ["Session", <code key="id">{id}</code>],
    ["Task", detail.task],
    ["Created", moment(detail.created_at)],
    ["First run", detail.started_at === null ? "not yet" : moment(detail.started_at)],
    ["Ended", detail.ended_at === null ? "not yet" : moment(detail.ended_at)],
    ["Time spent", `queued ${span(times.queued)}, running ${span(times.running)}, waiting ${span(times.waiting)}`],
    ["Priority", detail.priority],
    ["Labels", marks.length > 0 ? marks.join(", ") : "none"],
    ["On disconnect", leaving === "keep" ? "keep running" : `cancel after ${span(leaving.cancel_after)}`],
    ["Owner", detail.owner ?? "none"],
    ["Watched by", `${detail.connections} ${detail.connections === 1 ? "connection" : "connections"} at the last change`],
  ];
  return (
    <div className="details">
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Json title="Input" value={detail.input} />
      <Json title="Configuration" value={detail.config} />
    </div>
  );
}

function Json({ title, value }: { title: string; value: unknown }): ReactNode {
  const text = writeJson(value, 2);
  return (
    <section>
      <header>
        <h3>{title}</h3>
        <button type="button" className="icon-button" aria-label={`Copy the ${title.toLowerCase()}`} onClick={() => void copyText(text, title)}>
          <Icon name="copy" />
        </button>
      </header>
      <pre>{value === null ? "none" : text}</pre>
    </section>
  );
}

/** The lines that the task has written: numbered, followed, searched; only those in sight are on the page. */

import { useLayoutEffect, useRef, type ReactNode, type UIEvent } from "react";
import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import type { SessionStore } from "@callboard/client";
import { Icon } from "../../../ui/Icon";
import { count } from "../../../ui/time";
import { Line } from "./Line";
import { StreamTools } from "./StreamTools";
import { useStream, type StreamPane } from "./useStream";

const LINE_PX = 21;
const OVERSCAN = 12;
/** So near to its end, in pixels, a pane counts as being at it. */
const AT_END_PX = 30;

export function Stream({ store, name }: { store: SessionStore; name: string }): ReactNode {
  const stream = useStream(store, name);
  return (
    <div className="stream" data-wrap={stream.wrap || undefined}>
      <StreamTools stream={stream} />
      <div className="pane-box">
        <Pane stream={stream} />
        {stream.shown === 0 && <Nothing stream={stream} />}
        {(stream.waiting > 0 || (!stream.follow && !stream.paused && stream.shown > 0)) && (
          <button type="button" className="button primary small new-lines" onClick={stream.resume}>
            <Icon name="down" />
            {stream.waiting > 0 ? `${count(stream.waiting)} new` : "To the end"}
          </button>
        )}
      </div>
    </div>
  );
}

type Lines = Virtualizer<HTMLDivElement, Element>;

function Pane({ stream }: { stream: StreamPane }): ReactNode {
  const { shown, cleared, follow, wrap, search } = stream;
  const pane = useRef<HTMLDivElement>(null);
  const virtual: Lines = useVirtualizer({ count: shown, getScrollElement: () => pane.current, estimateSize: () => LINE_PX, overscan: OVERSCAN });
  useLayoutEffect(() => {
    if (follow && pane.current) pane.current.scrollTop = pane.current.scrollHeight;
  }, [follow, shown, wrap]);
  useLayoutEffect(() => {
    if (search.current !== undefined) virtual.scrollToIndex(search.current - cleared, { align: "center" });
    // Only a step to another hit moves the pane, not a line that comes in.
  }, [search.current, search.wanted, cleared]);
  const onScroll = ({ currentTarget: at }: UIEvent<HTMLElement>): void => {
    stream.scrolled(at.scrollHeight - at.scrollTop - at.clientHeight < AT_END_PX);
  };
  return (
    <div className="pane" ref={pane} role="log" aria-label="Output" aria-live="off" tabIndex={0} onScroll={onScroll}>
      <div className="space" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ key, index, start }) => {
          const line = stream.lines[cleared + index];
          return line && <Line key={key} line={line} place={cleared + index} index={index} start={start} stream={stream} measure={wrap ? virtual.measureElement : undefined} />;
        })}
      </div>
    </div>
  );
}

function Nothing({ stream }: { stream: StreamPane }): ReactNode {
  if (stream.cleared === 0) {
    return (
      <div className="pane-empty">
        <p>{stream.ended ? "The task wrote nothing." : "Lines appear here as the task writes them."}</p>
      </div>
    );
  }
  return (
    <div className="pane-empty">
      <p>The output was cleared here. The server still has it.</p>
      <button type="button" className="button small" onClick={stream.showAll}>
        Show all of it again
      </button>
    </div>
  );
}

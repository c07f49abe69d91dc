/** Makes a link by which somebody without a login answers a question: a click for the choice of how long, one for the link. */

import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import { CallboardError, whoIs, type CreatedLink } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { Icon } from "../ui/Icon";
import { copyText } from "../ui/clipboard";
import { moment } from "../ui/time";

const HOUR = 3600;
const LENGTHS = [
  { words: "1 hour", seconds: HOUR },
  { words: "1 day", seconds: 24 * HOUR },
  { words: "7 days", seconds: 7 * 24 * HOUR },
] as const;

export function Share({ sessionId, requestId }: { sessionId: string; requestId: string }): ReactNode {
  const client = useCallboard();
  const [isOpen, setIsOpen] = useState(false);
  const [name, setName] = useState("");
  const [isMaking, setIsMaking] = useState(false);
  const [made, setMade] = useState<CreatedLink | null>(null);
  const [error, setError] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const field = useId();
  useEffect(() => {
    if (!isOpen) return;
    const leave = (event: PointerEvent): void => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setIsOpen(false);
    };
    document.addEventListener("pointerdown", leave);
    return () => document.removeEventListener("pointerdown", leave);
  }, [isOpen]);
  const make = async (expiresIn: number): Promise<void> => {
    setIsMaking(true);
    setError(null);
    try {
      const link = await client.share(sessionId, requestId, { expiresIn, by: name.trim() || undefined });
      setMade(link);
      await copyText(link.url, "Link");
    } catch (failed) {
      setError(failed instanceof CallboardError ? failed.message : "The link could not be made. Try again.");
    } finally {
      setIsMaking(false);
    }
  };
  return (
    <div className="share" ref={box} onKeyDown={(event) => event.key === "Escape" && isOpen && (event.stopPropagation(), setIsOpen(false))}>
      <button type="button" className="button small" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
        <Icon name="link" />
        Share
      </button>
      {isOpen && (
        <div className="share-box" role="group" aria-label="Share this question">
          <p>Whoever has the link can answer this question once, without signing in.</p>
          <label htmlFor={field}>
            Who is it for? <span className="optional">optional</span>
          </label>
          <input id={field} type="text" value={name} maxLength={64} autoComplete="off" onChange={(event) => setName(event.target.value)} />
          <div className="share-lengths" role="group" aria-label="Copy a link that works for">
            <span className="hint">Copy a link that works for</span>
            {LENGTHS.map(({ words, seconds }) => (
              <button key={words} type="button" className="button small" disabled={isMaking} onClick={() => void make(seconds)}>
                {words}
              </button>
            ))}
          </div>
          {made && (
            <div className="share-made" role="status">
              <input type="text" readOnly aria-label="The link" value={made.url} onFocus={(event) => event.target.select()} />
              <p className="hint">Works until {moment(made.expires_at)}. The answer will be recorded as one by {whoIs(made.by)}.</p>
            </div>
          )}
          {error && (
            <p className="notice" data-tone="bad" role="alert">
              {error}
            </p>
          )}
        </div>
      )}
    </div>
  );
}

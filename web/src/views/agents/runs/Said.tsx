/** A text of an agent: as it is, and folded where it is long. */

import { memo, useState, type ReactNode } from "react";
import { count } from "../../../ui/time";

const LONG = 1600;

export const Said = memo(function Said({ text, mono = false }: { text: string; mono?: boolean }): ReactNode {
  const [isWhole, setWhole] = useState(false);
  const isLong = text.length > LONG;
  return (
    <div className={mono ? "said mono" : "said"}>
      <p>{isLong && !isWhole ? `${text.slice(0, LONG)}…` : text}</p>
      {isLong && (
        <button type="button" className="button small quiet" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
          {isWhole ? "Show less" : `Show all ${count(text.length)} characters`}
        </button>
      )}
    </div>
  );
});

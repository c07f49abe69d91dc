/** The program's sign. */

import type { ReactNode } from "react";

export function Brand(): ReactNode {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <path className="beam" d="M16 4.5 27 27H5z" />
      <circle className="lamp" cx="16" cy="7" r="3" />
      <path className="lines" d="M9 17.5h14M9 21.5h9M9 25.5h12" />
    </svg>
  );
}

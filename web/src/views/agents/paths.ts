/** The addresses within this view. */

import { ROOT } from "../../shell/router";

const BASE = `${ROOT}/agents`;

const query = (of: Readonly<Record<string, string | null | undefined>>): string => {
  const text = new URLSearchParams(Object.entries(of).filter((one): one is [string, string] => Boolean(one[1]))).toString();
  return text && `?${text}`;
};

export const paths = {
  audits: `${BASE}/audits`,
  audit: (id: string, of: { agent?: string | null; finding?: string | null } = {}): string => `${BASE}/audits/${encodeURIComponent(id)}${query(of)}`,
  crews: `${BASE}/crews`,
  crew: (id: string): string => `${BASE}/crews/${encodeURIComponent(id)}`,
  run: (id: string, of: { task?: string | null } = {}): string => `${BASE}/runs/${encodeURIComponent(id)}${query(of)}`,
};

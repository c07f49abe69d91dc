/** The addresses within this view. The list's filters go with every one of them. */

import { ROOT } from "../../shell/router";
import { queryOf, type Filter } from "./query";

const BASE = `${ROOT}/tasks`;

export const paths = {
  list: (filter: Filter): string => `${BASE}${queryOf(filter)}`,
  start: (kind: string | null, filter: Filter): string => `${BASE}/new${kind ? `/${encodeURIComponent(kind)}` : ""}${queryOf(filter)}`,
  session: (id: string, filter: Filter, tab = "conversation"): string => `${BASE}/${id}${tab === "conversation" ? "" : `/${tab}`}${queryOf(filter)}`,
};

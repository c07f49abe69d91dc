/** The views of the page: each is one folder and one entry here. */

import { lazy, type ComponentType, type LazyExoticComponent } from "react";
import { allows, seesLists, type Scope } from "../identity/scopes";
import type { IconName } from "../ui/Icon";
import type { ShownPrincipal } from "@callboard/client";

/** What a view gets: the parts of the address after its own. */
export interface ViewProps {
  rest: readonly string[];
}

export interface View {
  /** Its part of the address, `/app/{id}`. */
  id: string;
  title: string;
  icon: IconName;
  /** The keys that lead to it. */
  keys: string;
  /** What one has to be allowed to do to see it. */
  scope: Scope;
  /** Whether it is a list: all of it, or where its address names nothing in it. */
  list?: "all" | "root";
  Component: LazyExoticComponent<ComponentType<ViewProps>>;
}

export const VIEWS: readonly View[] = [
  { id: "inbox", title: "Inbox", icon: "inbox", keys: "g i", scope: "sessions:read", list: "all", Component: lazy(() => import("../views/inbox")) },
  { id: "tasks", title: "Tasks", icon: "tasks", keys: "g t", scope: "sessions:read", list: "root", Component: lazy(() => import("../views/tasks")) },
  { id: "workflows", title: "Workflows", icon: "workflow", keys: "g w", scope: "workflows:read", list: "root", Component: lazy(() => import("../views/workflows")) },
  { id: "agents", title: "Agents", icon: "spark", keys: "g a", scope: "crews:read", list: "root", Component: lazy(() => import("../views/agents")) },
  { id: "events", title: "Events", icon: "events", keys: "g e", scope: "events:read", list: "all", Component: lazy(() => import("../views/events")) },
  { id: "metrics", title: "Metrics", icon: "metrics", keys: "g m", scope: "metrics:read", Component: lazy(() => import("../views/metrics")) },
  { id: "connections", title: "Connections", icon: "connections", keys: "g c", scope: "admin", Component: lazy(() => import("../views/connections")) },
  { id: "access", title: "Access", icon: "lock", keys: "g k", scope: "admin", Component: lazy(() => import("../views/access")) },
];

/** Where the page begins, for whoever may see it. */
const HOME = "tasks";

/** The views that are offered to somebody. */
export function viewsFor(principal: ShownPrincipal | null): readonly View[] {
  return VIEWS.filter(({ id, scope, list }) => allows(principal, scope) && (id === HOME || list === undefined || seesLists(principal)));
}

/** The view that somebody begins with. */
export function homeFor(principal: ShownPrincipal | null): string {
  const views = viewsFor(principal);
  return views.some(({ id }) => id === HOME) ? HOME : (views[0]?.id ?? HOME);
}

/** Whether this place of a view is a list, which visitors are not shown. */
export function isList({ list }: View, rest: readonly string[]): boolean {
  return list === "all" || (list === "root" && rest[0] === undefined);
}

/** The views of the page: each is one folder and one entry here. */

import { lazy, type ComponentType, type LazyExoticComponent } from "react";
import type { IconName } from "../ui/Icon";

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
  Component: LazyExoticComponent<ComponentType<ViewProps>>;
}

export const VIEWS: readonly View[] = [
  { id: "inbox", title: "Inbox", icon: "inbox", keys: "g i", Component: lazy(() => import("../views/inbox")) },
  { id: "tasks", title: "Tasks", icon: "tasks", keys: "g t", Component: lazy(() => import("../views/tasks")) },
  { id: "workflows", title: "Workflows", icon: "workflow", keys: "g w", Component: lazy(() => import("../views/workflows")) },
  { id: "agents", title: "Agents", icon: "spark", keys: "g a", Component: lazy(() => import("../views/agents")) },
  { id: "events", title: "Events", icon: "events", keys: "g e", Component: lazy(() => import("../views/events")) },
  { id: "metrics", title: "Metrics", icon: "metrics", keys: "g m", Component: lazy(() => import("../views/metrics")) },
  { id: "connections", title: "Connections", icon: "connections", keys: "g c", Component: lazy(() => import("../views/connections")) },
];

/** Where the page begins. */
export const HOME = "tasks";

/** What somebody may do, in words; and who may do it. */

import type { ShownPrincipal } from "@callboard/client";

/** Every scope, in the order in which they are listed to people. */
export const SCOPES = [
  ["sessions:start", "Start tasks"],
  ["sessions:read", "See sessions and their questions"],
  ["sessions:answer", "Answer questions"],
  ["sessions:cancel", "Cancel sessions"],
  ["sessions:delete", "Delete ended sessions"],
  ["workflows:read", "See workflows"],
  ["workflows:write", "Edit workflows"],
  ["workflows:run", "Run workflows"],
  ["workflows:live", "Set workflows live and stop them"],
  ["crews:read", "See crews and agents"],
  ["crews:write", "Edit crews and agents"],
  ["audits:start", "Start audits"],
  ["memory:read", "Read memory"],
  ["memory:write", "Change memory"],
  ["events:read", "See events"],
  ["events:publish", "Publish events"],
  ["events:all", "See everybody’s events"],
  ["metrics:read", "See metrics"],
  ["admin", "Everything, for all owners"],
] as const;

export type Scope = (typeof SCOPES)[number][0];

/** What one mostly gives to people: everything but what is others’. */
export const USUAL: readonly Scope[] = SCOPES.map(([scope]) => scope).filter((scope) => scope !== "admin" && scope !== "events:all");

/** A scope in words; one that this page does not know, as it is. */
export function inWords(scope: string): string {
  return SCOPES.find(([one]) => one === scope)?.[1] ?? scope;
}

/** What a visitor may not do, besides what needs `admin`: it also sees no list. */
const NOT_FOR_VISITORS = new Set<Scope>(["events:read", "events:publish", "events:all", "crews:read", "crews:write", "workflows:write"]);

/** Whether somebody may do what needs this scope. */
export function allows(principal: ShownPrincipal | null, scope: Scope): boolean {
  switch (principal?.kind) {
    case "operator":
      return true;
    case "local":
      return scope !== "admin";
    case "visitor":
      return scope !== "admin" && !NOT_FOR_VISITORS.has(scope);
    case "known":
      return principal.scopes === null || principal.scopes.includes(scope) || principal.scopes.includes("admin");
    default:
      return false;
  }
}

/** Whether somebody is shown lists: a visitor is shown only what it knows by its address. */
export function seesLists(principal: ShownPrincipal | null): boolean {
  return principal !== null && principal.kind !== "visitor";
}

/** Who somebody is, in a few words. */
export function nameOf({ kind, owner }: ShownPrincipal): string {
  if (kind === "known") return owner;
  if (kind === "operator") return "Operator";
  return kind === "local" ? "This machine" : "Visitor";
}

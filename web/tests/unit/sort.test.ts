import { expect, test } from "vitest";
import type { SessionRow } from "@callboard/client";
import { clicked, direction, orderOf, sorted } from "../../src/views/tasks/list/sort";
import { filterOf, isNarrow, NO_FILTER, queryOf } from "../../src/views/tasks/query";

const row = (session_id: string, changes: object): SessionRow =>
  ({ session_id, task: session_id, title: null, labels: {}, status: "completed", created_at: 0, started_at: 0, ended_at: 0, ...changes }) as unknown as SessionRow;

/** As they come: the newest first. */
const rows = [
  row("c", { status: "completed", created_at: 40, started_at: 40, ended_at: 45 }),
  row("a", { status: "running", created_at: 30, started_at: 30, ended_at: null }),
  row("d", { status: "waiting_input", created_at: 20, started_at: 25, ended_at: null }),
  row("b", { status: "failed", created_at: 10, started_at: null, ended_at: 11 }),
];
const ids = (sort: string): string => sorted(rows, sort, 100).map(({ session_id }) => session_id).join("");

test.each([
  ["", "cadb"], ["started", "bdac"], ["name", "abcd"], ["-name", "dcba"], ["duration", "bcad"], ["-duration", "dacb"],
  ["status", "dabc"], ["-status", "cbad"], ["nonsense", "cadb"],
])("in the order %j the sessions are %s", (sort, expected) => {
  expect(ids(sort)).toBe(expected);
});

test("a click on a column sorts by it, the next one turns it round, and the newest first is the usual", () => {
  expect(clicked("", "name")).toBe("name");
  expect(clicked("name", "name")).toBe("-name");
  expect(clicked("name", "duration")).toBe("-duration");
  expect(clicked("", "started")).toBe("started");
  expect(clicked("started", "started")).toBe("");
  expect([direction("", "started"), direction("-name", "name"), direction("-name", "status")]).toEqual(["descending", "descending", "none"]);
  expect(orderOf("-constructor")).toEqual({ column: "started", isDown: true });
});

test("the order stands in the address, and narrows nothing", () => {
  const filter = { ...NO_FILTER, sort: "-duration" };
  expect(filterOf(new URLSearchParams(queryOf(filter)))).toEqual(filter);
  expect(isNarrow(filter)).toBe(false);
});

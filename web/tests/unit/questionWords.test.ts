import type { ListedRequest } from "@callboard/client";
import { describe, expect, test } from "vitest";
import { deadlineWords } from "../../src/forms/deadline";
import { askedWords, closingWords, peopleWords, sourceOf, titleOf } from "../../src/forms/words";
import { choices, filterOf, fits, NO_FILTER, pathOf } from "../../src/views/inbox/filter";

const ID = "11111111-1111-4111-8111-111111111111";
const asked = (more: object = {}): ListedRequest => ({ session_id: ID, task: "long_running_task", request_id: "r", type: "request_confirmation", message: "Send it?", asked_at: 1, ...more }) as ListedRequest;
const node = { context: { source: { workflow_id: "order", node_id: "HumanConfirm-1", workflow_name: "Order with approval", node_title: "Approval" } } };

describe("a question in words", () => {
  test("is called by its own title, else by its node, else by its session, else by its task", () => {
    expect(titleOf(asked({ ...node, context: { ...node.context, title: "Payment" } }))).toBe("Payment");
    expect(titleOf(asked(node))).toBe("Order with approval → Approval");
    expect(titleOf(asked({ title: "Nightly report" }))).toBe("Nightly report");
    expect(titleOf(asked())).toBe("Long running task");
  });

  test("does not turn round what stands beside it", () => {
    expect(titleOf(asked({ title: "to the \u202enorth" }))).toBe("\u2068to the \u202enorth\u2069");
    expect(askedWords(asked({ type: "task_failed", message: "\u202eno", attempt: 2 }))).toBe("Attempt 2 failed: \u2068\u202eno\u2069");
  });

  test("is put to people by name and by group", () => {
    expect(peopleWords(["bo"], true)).toBe("Can be answered by the owner and bo.");
    expect(peopleWords(["bo", "cy", "group:ops"], true)).toBe("Can be answered by the owner, bo, cy and the group ops.");
    expect(peopleWords(["bo"], false)).toBe("Can be answered by bo, not by whoever started this.");
    expect(peopleWords([], false)).toBe("Whoever started this may not answer.");
  });

  test("links to its workflow and node, its parent or its agent", () => {
    expect(sourceOf(asked(node)).places).toEqual([
      { what: "Workflow", title: "Order with approval", to: "/app/workflows/order" },
      { what: "Node", title: "Approval", to: "/app/workflows/order?node=HumanConfirm-1" },
    ]);
    expect(sourceOf(asked({ context: { source: { session_id: ID } } })).places).toEqual([{ what: "Started by", title: "11111111", to: `/app/tasks/${ID}` }]);
    expect(sourceOf(asked({ context: { source: { agent_id: "writer" } } })).places[0]?.title).toBe("writer");
    expect(sourceOf(asked()).places).toEqual([]);
  });

  test("says what is asked in a line, whatever its kind", () => {
    expect(askedWords(asked())).toBe("Send it?");
    expect(askedWords(asked({ type: "task_failed", message: "no route", attempt: 2 }))).toBe("Attempt 2 failed: no route");
    expect(askedWords(asked({ type: "request_user_input", message: undefined, fields: [{ name: "a", description: "Subject" }, { name: "b", description: "" }] }))).toBe("Subject, b");
  });

  test("says by whom it was closed, and how", () => {
    const closing = { reason: "answered" as const, by: "ada", value: true, at: 0, isOwn: false };
    expect(closingWords(closing, asked())).toBe("Answered elsewhere by ada: Yes.");
    expect(closingWords({ ...closing, by: "link:bo" }, asked())).toBe("Answered elsewhere by bo, by a share link: Yes.");
    expect(closingWords({ ...closing, by: "websocket", value: false }, asked({ type: "task_failed" }))).toBe("Answered elsewhere: Give up.");
    expect(closingWords({ ...closing, reason: "timed_out", value: false }, asked())).toBe("Nobody answered in time: No.");
    expect(closingWords({ ...closing, reason: "withdrawn" }, asked())).toContain("Withdrawn");
  });

  test("says what happens when its time is over", () => {
    const noon = new Date(2026, 10, 29, 12, 0, 0).getTime() / 1000;
    const words = (seconds: number, kind: "confirmation" | "input" | "retry", fallback?: unknown) => deadlineWords(noon + seconds, noon, kind, fallback);
    expect(words(30, "confirmation")).toEqual({ then: "No at 12:00:30", left: "in 30 s", isSoon: true });
    expect(words(7200, "confirmation", true)).toEqual({ then: "Yes at 14:00", left: "in 2 h 00 min", isSoon: false });
    expect(words(90, "input", {}).then).toBe("Default values at 12:01:30");
    expect(words(90, "input").then).toBe("Left unanswered at 12:01:30");
    expect(words(3 * 86_400, "confirmation")).toEqual({ then: "No on Dec 2, 12:00", left: "in 3 d", isSoon: false });
    expect(words(-1, "confirmation").left).toBe("now");
  });
});

describe("the inbox's filters", () => {
  test("go to the address and back, and choose by task, workflow and crew", () => {
    const filter = { task: "t", workflow: "order", crew: "red" };
    expect(filterOf(new URLSearchParams(pathOf(filter, "r").split("?")[1]))).toEqual(filter);
    expect(pathOf(NO_FILTER, null)).toBe("/app/inbox");
    expect(fits(asked(node), { ...NO_FILTER, workflow: "order" })).toBe(true);
    expect(fits(asked(), { ...NO_FILTER, workflow: "order" })).toBe(false);
    expect(fits(asked({ labels: { crew: "red" } }), { ...NO_FILTER, crew: "red" })).toBe(true);
    expect(choices([asked(), asked(), asked({ task: "approval" })], ({ task }) => ({ value: task, title: task }))).toEqual([
      { value: "approval", title: "approval", count: 1 },
      { value: "long_running_task", title: "long_running_task", count: 2 },
    ]);
  });
});

// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { createClient, type OpenRequest } from "@callboard/client";
import { CallboardContext } from "@callboard/client/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Question } from "../../src/forms/Question";

const request = (more: Partial<OpenRequest> = {}): OpenRequest => ({
  id: "r", kind: "confirmation", lane: null, message: "Delete its disks?", fields: [], attempt: 1, deadline: null, default: undefined, context: null, answerers: {}, given: [], sending: false, errors: [], ...more,
});

function show(asked: OpenRequest): ReturnType<typeof vi.fn> {
  const onAnswer = vi.fn();
  const client = createClient({ baseUrl: "http://board.example" });
  render(
    <CallboardContext.Provider value={client}>
      <Question request={asked} canSend onAnswer={onAnswer} />
    </CallboardContext.Provider>,
  );
  return onAnswer;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

test("a question that has just appeared is not answered by a click that was meant for another one", () => {
  const onAnswer = show(request());
  const yes = screen.getByRole("button", { name: "Yes" });
  fireEvent.click(yes);
  act(() => void vi.advanceTimersByTime(300));
  fireEvent.click(yes);
  expect(onAnswer).not.toHaveBeenCalled();
  act(() => void vi.advanceTimersByTime(200));
  fireEvent.click(yes);
  expect(onAnswer).toHaveBeenCalledExactlyOnceWith(true);
});

test("says who may answer, who has, and who is missing", () => {
  show(request({ answerers: { assignees: ["bo", "group:ops"], required_answers: 3, allow_own: false }, given: [{ by: "bo", value: true }] }));
  const people = screen.getByRole("list", { name: "Who may answer" }).textContent;
  expect(people).toContain("Can be answered by bo and the group ops, not by whoever started this.");
  expect(people).toContain("1 of 3 said yes: bo. 2 more needed; one no decides.");
});

test("says nothing of people where the owner answers alone", () => {
  show(request());
  expect(screen.queryByRole("list", { name: "Who may answer" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Share" })).toBeNull();
});

test("neither is a form sent or a box ticked", () => {
  const onAnswer = show(request({ kind: "input", fields: [{ name: "all", type: "boolean", description: "All", value: null, required: true }] }));
  const box = screen.getByLabelText("All") as HTMLInputElement;
  fireEvent.click(box);
  fireEvent.submit(box.form as HTMLFormElement);
  expect(box.checked).toBe(false);
  expect(onAnswer).not.toHaveBeenCalled();
  act(() => void vi.advanceTimersByTime(500));
  fireEvent.click(box);
  fireEvent.submit(box.form as HTMLFormElement);
  expect(onAnswer).toHaveBeenCalledExactlyOnceWith({ all: true });
});

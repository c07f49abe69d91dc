// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { Confirm } from "../../src/ui/Confirm";

afterEach(cleanup);

/** A dialog whose action goes on until it is ended; gives what the action was given, and what ends it. */
function busy(canStop: boolean): { stopped: AbortSignal; end: () => void; onClose: ReturnType<typeof vi.fn> } {
  const onClose = vi.fn();
  const seen: { stopped?: AbortSignal; end?: () => void } = {};
  const act = (stopped: AbortSignal): Promise<null> => new Promise((done) => Object.assign(seen, { stopped, end: () => done(null) }));
  render(
    <Confirm title="Cancel 3 sessions?" yes="Cancel them" busy="Cancelling…" no="Keep running" canStop={canStop} act={act} onClose={onClose}>
      <p>They stop.</p>
    </Confirm>,
  );
  fireEvent.click(screen.getByRole("button", { name: "Cancel them", hidden: true }));
  return { stopped: seen.stopped!, end: seen.end!, onClose };
}

test("what is being done is stopped by the button that says so, and the dialog waits for what is under way", async () => {
  const { stopped, end, onClose } = busy(true);
  expect(screen.queryByText("Keep running")).toBeNull();
  fireEvent.click(screen.getByText("Stop"));
  expect(stopped.aborted).toBe(true);
  expect(screen.getByText("Stopping…")).toBeTruthy();
  expect(onClose).not.toHaveBeenCalled();
  end();
  await vi.waitFor(() => expect(onClose).toHaveBeenCalledOnce());
});

test("what cannot be stopped does not offer to leave all as it is", () => {
  const { stopped, onClose } = busy(false);
  expect(screen.queryByText("Keep running")).toBeNull();
  fireEvent.click(screen.getByText("Close"));
  expect(stopped.aborted).toBe(false);
  expect(onClose).toHaveBeenCalledOnce();
});

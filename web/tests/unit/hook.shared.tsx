/** What holds of the hook under every version of React. */

import { act, createElement, StrictMode, version } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createClient } from "@callboard/client";
import { CallboardContext, useSession, type UseSession } from "@callboard/client/react";
import { fakeFetch, FakeSocket, line } from "./fake";

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

export function hookTests(major: string): void {
  let root: Root;
  let seen: UseSession;
  let renders = 0;

  const frame = (): Promise<void> => act(async () => void (await vi.advanceTimersByTimeAsync(20)));
  function Watch({ id }: { id: string }): null {
    seen = useSession(id);
    renders += 1;
    return null;
  }
  const show = (id: string): Promise<void> =>
    act(async () => {
      const client = (show.client ??= createClient({ baseUrl: "http://x", WebSocket: FakeSocket, fetch: fakeFetch({}).fetch }));
      root.render(createElement(StrictMode, null, createElement(CallboardContext.Provider, { value: client }, createElement(Watch, { id }))));
    });
  show.client = null as ReturnType<typeof createClient> | null;

  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.made = [];
    renders = 0;
    root = createRoot(document.createElement("div"));
  });
  afterEach(async () => {
    await act(async () => root.unmount());
    vi.useRealTimers();
  });

  test(`this is React ${major}`, () => expect(version.split(".")[0]).toBe(major));

  test("under StrictMode it connects once, and leaves when it is unmounted", async () => {
    await show("s");
    await frame();
    expect(FakeSocket.made).toHaveLength(1);
    await act(async () => root.render(null));
    await frame();
    expect(FakeSocket.last.dropped).toBe(true);
  });

  test("it tells status, events, requests and connection, and answers", async () => {
    await show("s");
    await frame();
    await act(async () => {
      FakeSocket.last.open().replay({ type: "status", status: "waiting_confirmation", attempt: 1, seq: 1, timestamp: 1 } as never, line(2), { type: "request_confirmation", request_id: "q", message: "Go?", seq: 3, timestamp: 2 } as never);
    });
    await frame();
    expect(seen.status).toBe("waiting_confirmation");
    expect(seen.events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(seen.connection.phase).toBe("live");
    expect(seen.error).toBeNull();
    const before = seen.events;
    await act(async () => void seen.answer("q", true));
    expect(seen.requests[0]?.sending).toBe(true);
    expect(seen.events).toBe(before);
    await act(async () => void FakeSocket.last.end(4509));
    await frame();
    expect(seen.error).toBe("An operator closed the connection.");
  });

  test("a thousand messages in a frame render once", async () => {
    await show("s");
    await frame();
    await act(async () => void FakeSocket.last.open());
    await frame();
    renders = 0;
    await act(async () => void FakeSocket.last.replay(...Array.from({ length: 1000 }, (_, place) => line(place + 1))));
    await frame();
    // StrictMode renders everything twice.
    expect(renders).toBe(2);
  });

  test("another id is another session", async () => {
    await show("s");
    await frame();
    await act(async () => void FakeSocket.last.open().replay(line(1)));
    await frame();
    const first = FakeSocket.last;
    await show("other");
    await frame();
    expect(first.dropped).toBe(true);
    expect(FakeSocket.last.url).toContain("/ws/other");
    expect(seen.events).toEqual([]);
  });
}

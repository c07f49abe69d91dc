/** The frame around every view: rail, header, palette, help, toasts. */

import { Component, Suspense, useEffect, useState, type ErrorInfo, type ReactNode } from "react";
import { Icon } from "../ui/Icon";
import { listenForKeys, useCommands } from "./commands";
import { Header } from "./Header";
import { Help } from "./Help";
import { Palette } from "./Palette";
import { useOpenQuestions } from "./needed";
import { HOME, VIEWS } from "./registry";
import { Link, navigate, ROOT, usePath } from "./router";
import { useTheme } from "./theme";
import { Toasts } from "./toasts";

type Overlay = "palette" | "help" | null;

export function Shell(): ReactNode {
  const path = usePath();
  const [overlay, setOverlay] = useState<Overlay>(null);
  const [, , id, ...rest] = path.split("/");
  const view = VIEWS.find((one) => one.id === id);
  const open = useOpenQuestions();

  useEffect(() => listenForKeys(), []);
  useEffect(() => {
    if (path === "" || path === ROOT) navigate(`${ROOT}/${HOME}${location.search}`, { replace: true });
  }, [path]);

  useCommands(
    [
      ...VIEWS.map(({ id: to, title, keys }) => ({ id: `go-${to}`, title: `Go to ${title}`, group: "Views", keys, run: () => navigate(`${ROOT}/${to}`) })),
      { id: "palette", title: "Search commands and sessions", group: "Page", keys: "ctrl+k", hidden: true, run: () => setOverlay("palette") },
      { id: "help", title: "Show all shortcuts", group: "Page", keys: "?", run: () => setOverlay("help") },
      { id: "theme", title: "Change the theme: system, light, dark", group: "Page", keys: "t", words: "dark mode colours", run: () => useTheme.getState().next() },
    ],
    "shell",
  );

  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <Rail current={id} open={open} />
      <Header title={view?.title ?? "Callboard"} onPalette={() => setOverlay("palette")} onHelp={() => setOverlay("help")} />
      <main id="main" tabIndex={-1}>
        <Guard key={view?.id}>
          {view ? (
            <Suspense fallback={<p className="loading">Loading {view.title.toLowerCase()}…</p>}>
              <view.Component rest={rest} />
            </Suspense>
          ) : (
            path.length > ROOT.length && <Nowhere />
          )}
        </Guard>
      </main>
      {overlay === "palette" && <Palette onClose={() => setOverlay(null)} />}
      {overlay === "help" && <Help onClose={() => setOverlay(null)} />}
      <Toasts />
    </div>
  );
}

function Rail({ current, open }: { current: string | undefined; open: number }): ReactNode {
  return (
    <nav className="rail" aria-label="Views" data-views={VIEWS.length}>
      <Link to={ROOT} className="brand" aria-label="Callboard, start page">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path className="beam" d="M16 4.5 27 27H5z" />
          <circle className="lamp" cx="16" cy="7" r="3" />
          <path className="lines" d="M9 17.5h14M9 21.5h9M9 25.5h12" />
        </svg>
      </Link>
      <ul>
        {VIEWS.map(({ id, title, icon }) => (
          <li key={id}>
            <Link to={`${ROOT}/${id}`} aria-current={current === id ? "page" : undefined}>
              <Icon name={icon} />
              <span>{title}</span>
              {id === "inbox" && open > 0 && (
                <span className="badge">
                  {open > 99 ? "99+" : open}
                  <span className="visually-hidden"> open {open === 1 ? "question" : "questions"}</span>
                </span>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Nowhere(): ReactNode {
  return (
    <div className="empty">
      <h1>Page not found</h1>
      <p>The link may be incomplete, or made for another version of Callboard.</p>
      <Link className="button primary" to={ROOT}>
        Go to the tasks
      </Link>
    </div>
  );
}

/** Keeps the frame when a view fails, and says what to do. */
class Guard extends Component<{ children: ReactNode }, { failed: string | null }> {
  override state = { failed: null };

  static getDerivedStateFromError(error: unknown): { failed: string } {
    return { failed: error instanceof Error ? error.message : String(error) };
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error(error, info.componentStack);
  }

  override render(): ReactNode {
    if (this.state.failed === null) return this.props.children;
    return (
      <div className="empty" role="alert">
        <h1>This view failed</h1>
        <p>{this.state.failed}</p>
        <p>Your tasks keep running: only this page is affected. If the server was updated meanwhile, reloading helps.</p>
        <button type="button" className="button primary" onClick={() => location.reload()}>
          Reload the page
        </button>
      </div>
    );
  }
}

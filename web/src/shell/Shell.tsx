/** The frame around every view: rail, header, palette, help, toasts. */

import { Component, Suspense, useEffect, useState, type ErrorInfo, type ReactNode } from "react";
import { Account } from "../identity/Account";
import { useIdentified } from "../identity/may";
import { ForVisitors, NotAllowed } from "../identity/NotAllowed";
import { allows, seesLists } from "../identity/scopes";
import { Brand } from "../ui/Brand";
import { Icon } from "../ui/Icon";
import { listenForKeys, useCommands } from "./commands";
import { Header } from "./Header";
import { Help } from "./Help";
import { Palette } from "./Palette";
import { useOpenQuestions } from "./needed";
import { homeFor, isList, VIEWS, viewsFor, type View } from "./registry";
import { Link, navigate, ROOT, usePath } from "./router";
import { useTheme } from "./theme";
import { setViewTitle } from "./title";
import { Toasts } from "./toasts";

type Overlay = "palette" | "help" | "account" | null;

/** `refused` says why a ticket in the address let nobody in. */
export function Shell({ refused }: { refused: string | null }): ReactNode {
  const path = usePath();
  const [overlay, setOverlay] = useState<Overlay>(null);
  const [, , id, ...rest] = path.split("/");
  const view = VIEWS.find((one) => one.id === id);
  const { principal } = useIdentified();
  const views = viewsFor(principal);
  const open = useOpenQuestions(allows(principal, "sessions:read") && seesLists(principal));

  useEffect(() => listenForKeys(), []);
  useEffect(() => setViewTitle(view?.title ?? ""), [view]);
  const home = homeFor(principal);
  useEffect(() => {
    if (path === "" || path === ROOT) navigate(`${ROOT}/${home}${location.search}`, { replace: true });
  }, [path, home]);

  useCommands(
    [
      ...views.map(({ id: to, title, keys }) => ({ id: `go-${to}`, title: `Go to ${title}`, group: "Views", keys, run: () => navigate(`${ROOT}/${to}`) })),
      { id: "palette", title: "Search commands and sessions", group: "Page", keys: "ctrl+k", hidden: true, run: () => setOverlay("palette") },
      { id: "help", title: "Show all shortcuts", group: "Page", keys: "?", run: () => setOverlay("help") },
      { id: "account", title: "Show the account", group: "Page", words: "login logout scopes who am i", run: () => setOverlay("account") },
      { id: "theme", title: "Change the theme: system, light, dark", group: "Page", keys: "t", words: "dark mode colours", run: () => useTheme.getState().next() },
    ],
    `shell ${views.map((one) => one.id).join()}`,
  );

  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <Rail views={views} current={id} open={open} />
      <Header title={view?.title ?? "Callboard"} onPalette={() => setOverlay("palette")} onHelp={() => setOverlay("help")} onAccount={() => setOverlay("account")} />
      <main id="main" tabIndex={-1}>
        <Guard key={view?.id}>
          {view ? <Shown view={view} rest={rest} refused={refused} /> : path.length > ROOT.length && <Nowhere />}
        </Guard>
      </main>
      {overlay === "palette" && <Palette onClose={() => setOverlay(null)} />}
      {overlay === "help" && <Help onClose={() => setOverlay(null)} />}
      {overlay === "account" && <Account onClose={() => setOverlay(null)} />}
      <Toasts />
    </div>
  );
}

/** A view, or why it is not shown. */
function Shown({ view, rest, refused }: { view: View; rest: readonly string[]; refused: string | null }): ReactNode {
  const { principal } = useIdentified();
  if (!seesLists(principal) && isList(view, rest)) return <ForVisitors refused={refused} />;
  if (!allows(principal, view.scope)) return <NotAllowed title={view.title} scope={view.scope} />;
  return (
    <Suspense fallback={<p className="loading">Loading {view.title.toLowerCase()}…</p>}>
      <view.Component rest={rest} />
    </Suspense>
  );
}

function Rail({ views, current, open }: { views: readonly View[]; current: string | undefined; open: number }): ReactNode {
  return (
    <nav className="rail" aria-label="Views" data-views={views.length}>
      <Link to={ROOT} className="brand" aria-label="Callboard, start page">
        <Brand />
      </Link>
      <ul>
        {views.map(({ id, title, icon }) => (
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

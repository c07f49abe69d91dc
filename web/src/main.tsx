import { lazy, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { CallboardContext } from "@callboard/client/react";
import { pageClient } from "./identity/client";
import { Entrance } from "./identity/Entrance";
import { takeTicket } from "./identity/ticket";
import { ROOT } from "./shell/router";
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";

/** One question by a link, for whoever has it: nothing else of the page is there. */
const AnswerPage = lazy(() => import("./answer/AnswerPage"));
const isAnswer = location.pathname.replace(/\/+$/, "") === `${ROOT}/answer`;
const ticket = isAnswer ? null : takeTicket();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      {isAnswer ? (
        <Suspense fallback={<p className="loading">Loading the question…</p>}>
          <AnswerPage />
        </Suspense>
      ) : (
        <CallboardContext.Provider value={pageClient}>
          <Entrance ticket={ticket} />
        </CallboardContext.Provider>
      )}
    </StrictMode>,
  );
}

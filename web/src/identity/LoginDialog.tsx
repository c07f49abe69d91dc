/**
 * Asks to log in again over the page, once a login has ended: what was typed below stays, and goes on afterwards. Also lets
 * somebody be an operator, or log in anew before the end.
 */

import { useEffect, useRef, type ReactNode } from "react";
import { create } from "zustand";
import type { ShownPrincipal } from "@callboard/client";
import { dropAllDrafts } from "../forms/drafts";
import { ROOT } from "../shell/router";
import { Dialog } from "../ui/Dialog";
import { Icon } from "../ui/Icon";
import { LoginForm } from "./LoginForm";
import { useIdentified } from "./may";

interface LoginStore {
  isOpen: boolean;
  open: () => void;
  close: () => void;
}

export const useLogin = create<LoginStore>((set) => ({
  isOpen: false,
  open: () => set({ isOpen: true }),
  close: () => set({ isOpen: false }),
}));

export function LoginDialog(): ReactNode {
  const { phase, principal, held } = useIdentified();
  const { isOpen, open, close } = useLogin();
  const hasEnded = phase === "ended";
  useEffect(() => {
    if (hasEnded) open();
  }, [hasEnded, open]);
  // A change that is held back brings the question up again, also where somebody has closed it.
  useEffect(() => {
    if (held > 0) open();
  }, [held, open]);
  // It may be over without having been answered: in another tab, or because the server knows the login after all.
  const wasEnded = useRef(false);
  useEffect(() => {
    if (wasEnded.current && !hasEnded) close();
    wasEnded.current = hasEnded;
  }, [hasEnded, close]);
  if (!isOpen) return null;
  const isUnnamed = principal?.kind !== "known";
  const done = (now: ShownPrincipal, was: ShownPrincipal | null): void => {
    close();
    // Whoever else it is begins anew: what is shown, and what was typed, is somebody else's, or less than one is shown now.
    if (was?.kind === now.kind && was.owner === now.owner) return;
    if (was?.kind === "known") dropAllDrafts();
    location.assign(was?.kind === "known" ? ROOT : location.pathname + location.search);
  };
  return (
    <Dialog title={hasEnded ? "Your login has ended" : isUnnamed ? "Become an operator" : "Log in again"} className="confirm" onClose={close}>
      {hasEnded && (
        <p className="login-why">
          {held > 0
            ? `Log in again: ${held === 1 ? "what you sent waits" : `${held} things that you sent wait`}, and goes on then. Nothing is lost.`
            : "Log in again to go on where you are. What you have typed is still there."}
        </p>
      )}
      {!hasEnded && isUnnamed && (
        <p className="login-why">
          The admin token is the setting <code>server.admin_token</code>. If none is set, the server made one at its first start: it is in the file that ends in <code>.admin-token</code>, beside the database.
        </p>
      )}
      <LoginForm name={principal?.kind === "known" ? principal.owner : ""} onlyToken={isUnnamed} onDone={done} />
    </Dialog>
  );
}

/** In the header, while nobody is logged in any more and the dialog is closed. */
export function LoginAgain(): ReactNode {
  const { phase } = useIdentified();
  const { isOpen, open } = useLogin();
  if (phase !== "ended" || isOpen) return null;
  return (
    <button type="button" className="button small primary" onClick={open}>
      <Icon name="lock" />
      Log in again
    </button>
  );
}

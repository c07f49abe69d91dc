/** Questions with a few answers, asked in a dialog. */

import type { ReactNode } from "react";
import { create } from "zustand";
import { Dialog } from "../../../ui/Dialog";

export interface Question {
  title: string;
  text: string;
  /** More of it, one line each. */
  lines?: readonly string[];
  choices: readonly { id: string; title: string; tone?: "primary" | "danger" }[];
}

interface Asked extends Question {
  answer: (id: string | null) => void;
}

const useAsked = create<{ asked: Asked | null }>(() => ({ asked: null }));

/** Asks, and gives the id of what was chosen; null where the dialog was closed. */
export function choose(question: Question): Promise<string | null> {
  useAsked.getState().asked?.answer(null);
  return new Promise((resolve) => {
    const answer = (id: string | null): void => {
      useAsked.setState({ asked: null });
      resolve(id);
    };
    useAsked.setState({ asked: { ...question, answer } });
  });
}

export function Choices(): ReactNode {
  const asked = useAsked((state) => state.asked);
  if (!asked) return null;
  return (
    <Dialog key={asked.title} title={asked.title} onClose={() => asked.answer(null)}>
      <p>{asked.text}</p>
      {asked.lines && (
        <ul className="wf-lines">
          {asked.lines.map((line, place) => (
            <li key={place}>{line}</li>
          ))}
        </ul>
      )}
      <div className="actions">
        {asked.choices.map(({ id, title, tone }) => (
          <button key={id} type="button" className={`button ${tone ?? ""}`} onClick={() => asked.answer(id)}>
            {title}
          </button>
        ))}
      </div>
    </Dialog>
  );
}

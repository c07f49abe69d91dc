/** One question beside the list: all that it is about, and what answers it. */

import { useEffect, useRef, type ReactNode } from "react";
import { answerersOf, type Answer, type Closing, type FieldError, type ListedRequest, type OpenRequest } from "@callboard/client";
import { Question } from "../../forms/Question";
import { Link } from "../../shell/router";
import { Icon } from "../../ui/Icon";
import { moment } from "../../ui/time";
import { agentsPath, kindWords, sessionPath } from "../../ui/names";
import { closingWords, kindOf, titleOf } from "../../forms/words";
import { useAlone } from "./useNarrow";

interface Props {
  request: ListedRequest;
  closing: Closing | null;
  isSending: boolean;
  errors: readonly FieldError[] | undefined;
  canSend: boolean;
  title: string;
  /** Another number moves the focus to what answers the question. */
  focus: number;
  /** The address of the list. */
  back: string;
  onAnswer: (value: Answer) => void;
  onNext: () => void;
}

const NO_ERRORS: readonly FieldError[] = [];

export function Detail({ request, closing, isSending, errors = NO_ERRORS, canSend, title, focus, back, onAnswer, onNext }: Props): ReactNode {
  // Where it takes the list's place, it is what the page is about.
  const Heading = useAlone() ? "h1" : "h2";
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    if (focus === 0) return;
    const question = box.current?.querySelector<HTMLElement>(".question");
    (question?.querySelector<HTMLElement>("input, textarea, select, button") ?? question ?? box.current)?.focus();
  }, [focus]);
  return (
    <aside className="inbox-detail" ref={box} aria-label={title} tabIndex={-1}>
      <header>
        <Link className="icon-button back" to={back} aria-label="Back to the list">
          <Icon name="left" />
        </Link>
        <div className="inbox-detail-title">
          <Heading>{titleOf(request)}</Heading>
          <p className="muted">
            <Link to={agentsPath(request) ?? sessionPath(request.session_id)}>{request.title || kindWords(request.task)}</Link> asked {moment(request.asked_at)}
          </p>
        </div>
        <Link className="icon-button close" to={back} aria-label="Close the question" title="Close (u)">
          <Icon name="cross" />
        </Link>
      </header>
      {closing ? (
        <div className="notice" data-tone={closing.reason === "answered" ? "plain" : "warn"} role="status">
          <Icon name="info" />
          <span className="grow">{closingWords(closing, request)}</span>
          <button type="button" className="button small" onClick={onNext}>
            Next question
          </button>
        </div>
      ) : (
        <Question request={openRequest(request, isSending, errors)} sessionId={request.session_id} canSend={canSend} onAnswer={onAnswer} />
      )}
    </aside>
  );
}

/** The question as the card takes it. */
function openRequest(request: ListedRequest, sending: boolean, errors: readonly FieldError[]): OpenRequest {
  return {
    id: request.request_id, kind: kindOf(request), lane: null, message: request.message ?? "", fields: request.type === "request_user_input" ? request.fields : [],
    attempt: request.type === "task_failed" ? request.attempt : 1, deadline: request.expires_at ?? null,
    default: request.type === "task_failed" ? undefined : request.default, context: request.context ?? null,
    answerers: answerersOf(request), given: [], sending, errors,
  };
}

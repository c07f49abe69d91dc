/** What a link says once there is nothing to answer by it, or when there never was. */

import type { ReactNode } from "react";
import type { Answer } from "@callboard/client";
import { Icon, type IconName } from "../ui/Icon";
import type { OverReason } from "./useShared";

const WORDS: Readonly<Record<OverReason, readonly [IconName, string, string]>> = {
  given: ["check", "Your answer was sent", "Thank you. You can close this page."],
  used: ["check", "This link has been used", "It takes one answer, and has got it. If that was not you, tell the person who sent you the link."],
  expired: ["clock", "This link has expired", "It was good for a limited time. Ask the person who sent it for a new one."],
  elsewhere: ["info", "Somebody else has answered", "The question was answered elsewhere, so there is nothing left to do here."],
  withdrawn: ["info", "This question is not asked any more", "Its task has ended or goes on without an answer, so there is nothing left to do here."],
  wrong: ["alert", "This link does not work", "It may be incomplete: open it again from the message that it came in, or ask for a new one."],
  incomplete: ["alert", "This link is incomplete", "The part behind the # is missing: open it again from the message that it came in."],
};

export function Over({ why, given = null }: { why: OverReason; given?: Answer | null }): ReactNode {
  const [icon, title, text] = WORDS[why];
  return (
    <div className="card answer-over" data-good={why === "given" || undefined} role="status">
      <Icon name={icon} />
      <h2>{title}</h2>
      {typeof given === "boolean" && (
        <p>
          You answered <strong>{given ? "yes" : "no"}</strong>.
        </p>
      )}
      <p>{text}</p>
    </div>
  );
}

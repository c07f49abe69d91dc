//! Makes a conversation fit that is too long for its model: what tools gave goes first, then the middle, then whole calls.

use callboard_model::Message;

/// Bytes of a token, about.
const BYTES_A_TOKEN: usize = 4;
/// Bytes that stay of a text that is cut.
const KEPT: usize = 400;
/// Bytes of the note in the place of what is left out, at most.
const NOTE: usize = 100;
/// Messages at the end that are cut last.
const RECENT: usize = 4;

/// The messages up to which one, and which of them.
type Pass<'a> = (usize, &'a dyn Fn(&Message) -> bool);

/// Shortens a conversation to about two thirds of what its model takes, and at least to half of what it was: a token may have
/// fewer bytes than is thought here. The instructions stay; a call of a tool keeps its result, or goes with it. Gives how many
/// bytes were left out.
pub(super) fn shorten(messages: &mut Vec<Message>, limit: Option<u64>) -> usize {
    let by_limit = limit.and_then(|tokens| usize::try_from(tokens).ok()).map(|tokens| tokens * BYTES_A_TOKEN / 3 * 2);
    let before: usize = messages.iter().map(size_of).sum();
    let target = by_limit.unwrap_or(usize::MAX).min(before / 2);
    let recent = messages.len().saturating_sub(RECENT);
    let is_result = |message: &Message| matches!(message, Message::Tool { .. });
    let is_cuttable = |message: &Message| !matches!(message, Message::System(_));
    let passes: [Pass<'_>; 4] =
        [(recent, &is_result), (messages.len(), &is_result), (recent, &is_cuttable), (messages.len(), &is_cuttable)];
    let mut now = before;
    for (end, may) in passes {
        for message in messages.iter_mut().take(end).filter(|message| may(message)) {
            if now <= target {
                return before - now;
            }
            let was = text_of(message).len();
            cut(message, now - target);
            now = now + text_of(message).len() - was;
        }
    }
    leave_out_calls(messages, now, target);
    before.saturating_sub(messages.iter().map(size_of).sum())
}

/// Leaves out turns that called tools, with what came of that, the oldest first, until the rest has no more than `target` of
/// its `size` bytes; the last turn stays.
fn leave_out_calls(messages: &mut Vec<Message>, mut size: usize, target: usize) {
    let last = messages.iter().rposition(|message| matches!(message, Message::Assistant { .. })).unwrap_or_default();
    let (mut left_out, mut goes) = (0_usize, false);
    let mut at = 0;
    messages.retain(|message| {
        goes = match message {
            Message::Assistant { calls, .. } => !calls.is_empty() && at < last && size > target,
            Message::Tool { .. } => goes,
            Message::System(_) | Message::User(_) => false,
        };
        at += 1;
        if goes {
            size -= size_of(message);
            left_out += usize::from(matches!(message, Message::Assistant { .. }));
        }
        !goes
    });
    if left_out > 0
        && let Some(Message::User(task)) = messages.iter_mut().find(|message| matches!(message, Message::User(_)))
    {
        task.push_str(&format!(
            "\n\n[{left_out} turns with calls of tools were left out, as the conversation was too long]"
        ));
    }
}

/// The bytes of a message, with the arguments of calls in it.
fn size_of(message: &Message) -> usize {
    let arguments = match message {
        Message::Assistant { calls, .. } => calls.iter().map(|call| call.arguments.text_len()).sum(),
        Message::System(_) | Message::User(_) | Message::Tool { .. } => 0,
    };
    text_of(message).len() + arguments
}

/// Takes about `over` bytes out of the middle of a message, as far as enough stays of it.
fn cut(message: &mut Message, over: usize) {
    let (Message::System(text) | Message::User(text) | Message::Assistant { text, .. } | Message::Tool { text, .. }) =
        message;
    let kept = text.len().saturating_sub(over + NOTE).max(KEPT);
    if text.len() <= kept + NOTE {
        return;
    }
    let head = text.floor_char_boundary(kept / 2);
    let tail = text.ceil_char_boundary(text.len() - kept / 2);
    let left_out = tail - head;
    *text = format!(
        "{}\n[{left_out} bytes were left out, as the conversation was too long]\n{}",
        text.get(..head).unwrap_or_default(),
        text.get(tail..).unwrap_or_default()
    );
}

fn text_of(message: &Message) -> &str {
    let (Message::System(text) | Message::User(text) | Message::Assistant { text, .. } | Message::Tool { text, .. }) =
        message;
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use callboard_model::{Arguments, ToolCall};
    use serde_json::json;

    fn result(text: String) -> Message {
        Message::Tool { call_id: "c".into(), text }
    }

    #[test]
    fn old_results_go_first_and_instructions_stay() {
        let mut messages = vec![Message::System("s".repeat(1000)), Message::User("u".repeat(1000))];
        messages.extend((0..6).map(|_| result("é".repeat(5000))));
        let before = messages.clone();
        let left_out = shorten(&mut messages, None);
        assert_eq!(messages[..2], before[..2]);
        assert_eq!(messages.len(), before.len());
        assert!(text_of(&messages[2]).len() < 600 && text_of(&messages[2]).contains("left out"));
        assert_eq!(messages[7], before[7], "the newest is whole");
        let size: usize = messages.iter().map(|message| text_of(message).len()).sum();
        assert!(size < 36_000, "{size}");
        let was: usize = before.iter().map(|message| text_of(message).len()).sum();
        assert_eq!(size + left_out, was);
    }

    #[test]
    fn turns_that_are_too_many_go_with_their_calls_and_the_last_stays() {
        let call = |at: usize| {
            let arguments = Arguments::Valid(json!({"path": "p".repeat(300)}).as_object().unwrap().clone());
            let calls = vec![ToolCall { id: format!("c{at}"), name: "read".into(), arguments }];
            let result = Message::Tool { call_id: format!("c{at}"), text: "r".repeat(100) };
            [Message::Assistant { text: String::new(), calls }, result]
        };
        let size = |messages: &[Message]| messages.iter().map(size_of).sum::<usize>();
        let mut messages = vec![Message::System("s".into()), Message::User("u".into())];
        messages.extend((0..100).flat_map(call));
        let (before, last) = (size(&messages), messages[200..].to_vec());
        assert!(shorten(&mut messages, None) >= before / 2 - 200);
        assert!(size(&messages) <= before / 2 + 200, "{}", size(&messages));
        assert!(
            matches!(&messages[1], Message::User(task) if task.contains("turns with calls of tools were left out"))
        );
        assert!(shorten(&mut messages, Some(1)) > 0);
        assert_eq!(messages[2..], last);
        // There is nothing more to leave out.
        assert_eq!(shorten(&mut messages, Some(1)), 0);
        assert_eq!(messages[2..], last);
    }

    #[test]
    fn a_task_that_is_too_long_itself_is_cut_in_its_middle() {
        let mut messages = vec![Message::System("s".into()), Message::User("u".repeat(100_000))];
        shorten(&mut messages, Some(1000));
        assert!(text_of(&messages[1]).len() < 4000);
    }
}

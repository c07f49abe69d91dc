//! Makes a conversation fit that is too long for its model: what tools gave goes first, then the middle.

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

/// Shortens a conversation to about two thirds of what its model takes, or to half of what it was where nobody knows that.
/// The instructions stay; calls of tools keep their results. Gives how many bytes were left out.
pub(super) fn shorten(messages: &mut [Message], limit: Option<u64>) -> usize {
    let size = |messages: &[Message]| messages.iter().map(|message| text_of(message).len()).sum::<usize>();
    let by_limit = limit.and_then(|tokens| usize::try_from(tokens).ok()).map(|tokens| tokens * BYTES_A_TOKEN / 3 * 2);
    let before = size(messages);
    let target = by_limit.unwrap_or(usize::MAX).min(before / 2);
    let recent = messages.len().saturating_sub(RECENT);
    let is_result = |message: &Message| matches!(message, Message::Tool { .. });
    let is_cuttable = |message: &Message| !matches!(message, Message::System(_));
    let passes: [Pass<'_>; 4] =
        [(recent, &is_result), (messages.len(), &is_result), (recent, &is_cuttable), (messages.len(), &is_cuttable)];
    for (end, may) in passes {
        for at in 0..end {
            let over = size(messages).saturating_sub(target);
            if over == 0 {
                return before.saturating_sub(size(messages));
            }
            if let Some(message) = messages.get_mut(at).filter(|message| may(message)) {
                cut(message, over);
            }
        }
    }
    before.saturating_sub(size(messages))
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
    fn a_task_that_is_too_long_itself_is_cut_in_its_middle() {
        let mut messages = vec![Message::System("s".into()), Message::User("u".repeat(100_000))];
        shorten(&mut messages, Some(1000));
        assert!(text_of(&messages[1]).len() < 4000);
    }
}

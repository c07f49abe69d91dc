//! A message that comes in fragments, put together. The inbound guard has checked that it is not too large.

use crate::hub::close::CloseCode;

/// A message, as far as it has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// A whole text.
    Text(String),
    /// Something whole that is no text.
    Binary,
    /// More is to come.
    Unfinished,
}

/// The fragments of the current message.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    is_text: bool,
    data: Vec<u8>,
}

impl Fragments {
    /// The first fragment of a message.
    pub(super) fn begin(&mut self, is_text: bool, data: &[u8]) -> Result<Message, CloseCode> {
        self.is_text = is_text;
        self.data.clear();
        self.go_on(data)
    }

    /// A fragment between the first and the last.
    pub(super) fn go_on(&mut self, data: &[u8]) -> Result<Message, CloseCode> {
        // Of a binary message nothing is used.
        if self.is_text {
            self.data.extend_from_slice(data);
        }
        Ok(Message::Unfinished)
    }

    /// The last fragment of a message.
    pub(super) fn finish(&mut self, data: &[u8]) -> Result<Message, CloseCode> {
        self.go_on(data)?;
        let data = std::mem::take(&mut self.data);
        if !self.is_text {
            return Ok(Message::Binary);
        }
        String::from_utf8(data).map(Message::Text).map_err(|_| CloseCode::NotUtf8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_may_be_split_between_fragments() {
        let mut fragments = Fragments::default();
        assert_eq!(fragments.begin(true, &[b'a', 0xc3]), Ok(Message::Unfinished));
        assert_eq!(fragments.go_on(&[]), Ok(Message::Unfinished));
        assert_eq!(fragments.finish(&[0xa4]), Ok(Message::Text("aä".into())));
        assert_eq!(fragments.begin(false, &[0xff]), Ok(Message::Unfinished));
        assert_eq!(fragments.finish(&[]), Ok(Message::Binary));
        fragments.begin(true, &[0xff]).unwrap();
        assert_eq!(fragments.finish(b"x"), Err(CloseCode::NotUtf8));
    }
}

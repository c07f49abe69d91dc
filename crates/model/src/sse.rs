//! Server-sent events as model servers write them: comments, missing blank lines and all.

use crate::error::Error;

/// What one event is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The text of its `data`.
    Data(String),
    /// An error in place of a reply: the text of a field `error`, or the `data` of an event of that name.
    Error(String),
    /// `[DONE]`: nothing follows.
    Done,
}

/// Cuts a stream of bytes into events.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Bytes of a line that has not ended.
    line: Vec<u8>,
    /// `data` of an event that has not ended.
    data: String,
    /// Whether that event is named `error`.
    is_error: bool,
    /// Whether the last byte was a carriage return, so that a line feed behind it ends no other line.
    after_return: bool,
    most: usize,
    read: usize,
}

impl Reader {
    /// A reader of a stream that may have so many bytes.
    pub(crate) fn new(most: usize) -> Self {
        Self { line: Vec::new(), data: String::new(), is_error: false, after_return: false, most, read: 0 }
    }

    /// The events that these bytes complete.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where the stream has more bytes than it may.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Error> {
        self.read = self.read.saturating_add(bytes.len());
        if self.read > self.most {
            return Err(Error::TooLarge { limit: self.most });
        }
        let mut events = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' if self.after_return => {}
                b'\n' | b'\r' => self.end_line(&mut events),
                _ => self.line.push(*byte),
            }
            self.after_return = *byte == b'\r';
        }
        Ok(events)
    }

    /// What is left at the end of the stream: some servers do not end their last line.
    pub(crate) fn end(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        self.end_line(&mut events);
        self.end_event(&mut events);
        events
    }

    fn end_line(&mut self, events: &mut Vec<Event>) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return self.end_event(events);
        }
        let line = String::from_utf8_lossy(&line);
        if let Some(error) = line.strip_prefix("error:") {
            self.end_event(events);
            return events.push(Event::Error(error.trim().to_owned()));
        }
        if let Some(name) = line.strip_prefix("event:") {
            self.is_error = name.trim() == "error";
        }
        // Other fields, and comments, say nothing here.
        let Some(data) = line.strip_prefix("data:") else { return };
        let data = data.strip_prefix(' ').unwrap_or(data);
        if !self.data.is_empty() {
            // One JSON text is rarely written over several lines; several without blank lines between them are.
            if serde_json::from_str::<serde::de::IgnoredAny>(&self.data).is_ok() {
                self.end_event(events);
            } else {
                self.data.push('\n');
            }
        }
        self.data.push_str(data);
        if self.data.trim() == "[DONE]" {
            self.end_event(events);
        }
    }

    fn end_event(&mut self, events: &mut Vec<Event>) {
        let data = std::mem::take(&mut self.data);
        let is_error = std::mem::take(&mut self.is_error);
        let text = data.trim();
        match text {
            "" => {}
            "[DONE]" => events.push(Event::Done),
            // A comment that was sent as data.
            text if text.starts_with(':') => {}
            _ if is_error => events.push(Event::Error(data)),
            _ => events.push(Event::Data(data)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(text: &str) -> Vec<Event> {
        let mut reader = Reader::new(1 << 20);
        let mut events = reader.read(text.as_bytes()).unwrap();
        events.extend(reader.end());
        events
    }

    fn data(texts: &[&str]) -> Vec<Event> {
        texts.iter().map(|text| Event::Data((*text).into())).collect()
    }

    #[test]
    fn events_are_read_as_servers_write_them() {
        let error = |text: &str| Event::Error(text.into());
        let cases: [(&str, Vec<Event>); 12] = [
            ("data: {\"a\":1}\n\ndata: {\"b\":2}\n\n", data(&["{\"a\":1}", "{\"b\":2}"])),
            ("data:{\"a\":1}\r\n\r\n", data(&["{\"a\":1}"])),
            ("data: {\"a\":1}\r\rdata: {\"b\":2}\r\r", data(&["{\"a\":1}", "{\"b\":2}"])),
            // No blank lines.
            ("data: {\"a\":1}\ndata: {\"b\":2}\n", data(&["{\"a\":1}", "{\"b\":2}"])),
            // One text over two lines, as the standard has it.
            ("data: {\"a\":\ndata: 1}\n\n", data(&["{\"a\":\n1}"])),
            (": keepalive\n\ndata: : keepalive\n\ndata: \n\nevent: x\nid: 1\nretry: 2\n\n", Vec::new()),
            ("data: {\"a\":1}", data(&["{\"a\":1}"])),
            ("data: [DONE]\n", vec![Event::Done]),
            ("error: {\"code\":500}\n\n", vec![error("{\"code\":500}")]),
            (
                "event: error\ndata: {\"b\":2}\n\ndata: {\"a\":1}\n\n",
                [vec![error("{\"b\":2}")], data(&["{\"a\":1}"])].concat(),
            ),
            ("event: message\ndata: {\"a\":1}\n\n", data(&["{\"a\":1}"])),
            ("data: {\"a\":1}\ndata: [DONE]\n\n", [data(&["{\"a\":1}"]), vec![Event::Done]].concat()),
        ];
        for (text, expected) in cases {
            assert_eq!(events(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_stream_without_end_is_refused() {
        let mut reader = Reader::new(10);
        assert!(reader.read(b"data: 123").is_ok());
        assert_eq!(reader.read(b"45"), Err(Error::TooLarge { limit: 10 }));
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_cut_does_not_matter(text in "(data: ?|: |error: |event: error|\\{\"a\":1\\}|\\[DONE\\]|é|\r\n|\n|\r){0,30}", cut: prop::sample::Index) {
            let bytes = text.as_bytes();
            let at = cut.index(bytes.len() + 1);
            let mut reader = Reader::new(1 << 20);
            let mut found = reader.read(&bytes[..at]).unwrap();
            found.extend(reader.read(&bytes[at..]).unwrap());
            found.extend(reader.end());
            prop_assert_eq!(found, events(&text));
        }
    }
}

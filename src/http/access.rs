//! What each route and each message on a socket is for, from the tables that decide: for `callboard access`.

use crate::auth::Action;
use crate::connection::dialect::{audit, event_socket, session, workflow};
use crate::connection::entrance;

/// A route, or a message that clients may send on a socket.
struct Entry {
    method: String,
    /// The path of a route; the socket and the message, where it is one.
    place: String,
    action: Action,
}

fn table() -> Vec<Entry> {
    let mut table: Vec<Entry> = super::routes().iter().map(of_route).collect();
    table.push(Entry { method: "GET".into(), place: "(fallback files)".into(), action: super::FALLBACK });
    let mut add = |socket: &str, word: &str, action| {
        table.push(Entry { method: "WS".into(), place: format!("{socket} → {word}"), action });
    };
    session::MESSAGES.iter().for_each(|message| add("/ws/{session_id}", message.word, message.action));
    audit::MESSAGES.iter().for_each(|message| add("/ws/audit/{audit_id}", message.word, message.action));
    workflow::MESSAGES.iter().for_each(|message| add("/ws", message.word, message.action));
    for socket in ["/ws/{session_id}", "/ws/audit/{audit_id}", "/ws", "events"] {
        add(socket, entrance::AUTHENTICATE, Action::Authenticate);
    }
    event_socket::MESSAGES.iter().for_each(|message| add("events", message.word, message.action));
    table
}

fn of_route(route: &super::Route) -> Entry {
    let (method, path, action) = route.access();
    // What a pattern takes is of no interest here.
    Entry { method: method.to_string(), place: path.replace(":.*}", "}"), action }
}

/// One line for each route and each message: method, path and scope.
#[must_use]
pub(crate) fn access() -> String {
    let table = table();
    let width = table.iter().map(|entry| entry.place.chars().count()).max().unwrap_or_default();
    let line =
        |Entry { method, place, action }: &Entry| format!("{method:<6}  {place:<width$}  {}\n", action.scope().word());
    table.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Decision, Principal, PrincipalKind, Resource, may};
    use std::collections::BTreeMap;

    /// Who may do what, one line for each route and message: `METHOD PLACE`, its scope, and who may.
    const MATRIX: &str = include_str!("access/matrix.tsv");

    fn matrix() -> BTreeMap<String, (String, String)> {
        let lines = MATRIX.lines().skip(1).map(|line| {
            let mut columns = line.split('\t').map(str::to_owned);
            let mut next = || columns.next().unwrap_or_else(|| panic!("{line} has too few columns"));
            (next(), (next(), next()))
        });
        lines.collect()
    }

    #[test]
    fn every_route_and_message_is_for_those_whom_the_matrix_names() {
        let actual = table().into_iter().map(|Entry { method, place, action }| {
            // Who has a credential may what its scopes say.
            let without = PrincipalKind::ALL.iter().filter(|kind| **kind != PrincipalKind::Known);
            let may_do =
                |kind: &&PrincipalKind| may(&Principal::new(**kind), action, Resource::Unread) == Decision::Allowed;
            let who: Vec<&str> = without.filter(may_do).map(|kind| kind.word()).collect();
            (format!("{method} {place}"), (action.scope().word().to_owned(), who.join(" ")))
        });
        let (actual, expected) = (actual.collect::<BTreeMap<_, _>>(), matrix());
        for (entry, row) in &actual {
            assert_eq!(Some(row), expected.get(entry), "{entry} in src/http/access/matrix.tsv");
        }
        let gone: Vec<_> = expected.keys().filter(|entry| !actual.contains_key(*entry)).collect();
        assert!(gone.is_empty(), "{gone:?}");
        assert_eq!(table().len(), actual.len(), "none is declared twice");
    }

    #[test]
    fn each_line_has_method_path_and_scope() {
        let text = access();
        let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap_or_default();
        let words = |start| line(start).split_whitespace().collect::<Vec<_>>();
        assert_eq!(words("POST    /start-task"), ["POST", "/start-task", "sessions:start"]);
        assert_eq!(
            words("WS      /ws/{session_id} → cancel"),
            ["WS", "/ws/{session_id}", "→", "cancel", "sessions:cancel"]
        );
    }
}

//! The contract: what every engine must do, run against each; and beside it what is particular to one.

mod backup;
mod beside;
mod damage;
mod failing;
mod file_faults;
mod kill;
mod members;
mod migration;
mod model;
mod redis_answers;
mod redis_faults;
mod redis_server;
mod several;
mod support;
mod transfer;

use crate::{Change, Error, Health, Idempotency, JournalRange, ListSessions, Reason, Spent, State, Summary};
use callboard_domain::id::ExecutionId;
use callboard_domain::owner::Owner;
use callboard_domain::status::{OnDisconnect, Priority, Status};
use callboard_domain::time::Timestamp;
use support::{ALL, Board, SERVER, append, body, create, ended, state, summary, update};

/// Runs each rule against each engine.
macro_rules! contract {
    ($($rule:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(&mut super::Board::memory()).await;
            })*
        }

        mod sqlite {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(&mut super::Board::sqlite()).await;
            })*
        }

        mod shared {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(&mut super::Board::shared()).await;
            })*
        }

        mod redis {
            $(#[tokio::test]
            async fn $rule() {
                let Some(mut board) = super::Board::redis() else { return };
                super::$rule(&mut board).await;
            })*
        }
    };
}

// Behind the macro that they use.
mod asked;
mod documents;
mod events;
mod requests;
mod search;
mod shared_log;

contract! {
    a_session_is_found_as_it_was_made,
    an_update_changes_what_may_change_and_the_last_one_counts,
    a_journal_is_read_from_anywhere_and_in_parts,
    each_worker_hears_of_its_own_sessions_once_a_commit,
    a_row_that_is_there_is_refused_and_the_rest_of_its_batch_is_written,
    nothing_follows_a_row_that_was_refused,
    a_refusal_names_the_session_once_and_the_row_that_failed,
    a_session_that_is_readmitted_goes_on_behind_what_is_written,
    a_row_without_its_session_is_refused,
    sessions_are_listed_newest_first_and_page_by_page,
    lists_are_filtered_by_every_word,
    sessions_are_listed_by_owner_page_by_page,
    labels_are_plain_words_whatever_is_in_them,
    a_restart_thinks_of_what_runs_and_what_is_due,
    an_idempotency_key_leads_to_its_session_until_that_is_removed,
    an_idempotency_key_is_its_owners_alone,
    an_execution_is_found_by_its_id_until_it_is_removed,
    only_ended_sessions_are_removed,
    a_purge_takes_the_oldest_ends_first,
    what_is_closed_takes_and_gives_nothing_more,
    what_was_appended_before_the_close_is_written,
    keys_rise_with_time,
    a_secret_is_sealed_and_unsealed,
    nothing_waits_once_all_is_acknowledged,
}

async fn a_session_is_found_as_it_was_made(board: &mut Board) {
    let mut whole = summary(&board.store, 0);
    whole.owner = "Ada".parse().unwrap();
    whole.priority = Priority::Critical;
    whole.labels = vec![("z".into(), "1".into()), ("a".into(), "\"quoted\" 'and' ünïcode".into())];
    whole.on_disconnect = OnDisconnect::CancelAfter(2.5);
    whole.title = Some("An order".into());
    whole.state = State {
        status: Status::WaitingInput,
        attempt: 3,
        last_seq: 12,
        started_at: Some(Timestamp::from_micros(5)),
        ended_at: None,
        deadline: Some(Timestamp::NEVER),
        since: Timestamp::from_micros(7),
        spent: Spent { queued: 1, running: 2, waiting: 3 },
    };
    let plain = summary(&board.store, 1);
    board.write([create(&whole), create(&plain)]).await;
    assert_eq!(board.store.find(whole.id).await.unwrap(), Some(whole));
    assert_eq!(board.store.find(plain.id).await.unwrap(), Some(plain));
    assert_eq!(board.store.find(callboard_domain::id::SessionId::random()).await.unwrap(), None);
}

async fn an_update_changes_what_may_change_and_the_last_one_counts(board: &mut Board) {
    let one = summary(&board.store, 0);
    let first = State { attempt: 2, ..state(Status::Queued) };
    let last = ended(Status::Failed, 99);
    board.write([create(&one), update(&one, 1, &first), append(&one, 2, Change::None), update(&one, 3, &last)]).await;
    let now = board.store.find(one.id).await.unwrap();
    assert_eq!(now, Some(Summary { state: last, ..one.clone() }));
    let rows = board.store.journal(one.key, ALL).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.row).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

async fn a_journal_is_read_from_anywhere_and_in_parts(board: &mut Board) {
    let one = summary(&board.store, 0);
    let other = summary(&board.store, 0);
    // Every third row holds no entry that clients see, so its last_seq is that of the row before.
    let seq = |row: u32| u64::from(row - row / 3);
    let mut batch = vec![create(&one), create(&other)];
    batch.extend((1..20).map(|row| {
        let mut append = append(&one, row, Change::None);
        append.last_seq = seq(row);
        append
    }));
    board.write(batch).await;
    let all = board.store.journal(one.key, ALL).await.unwrap();
    assert_eq!(all.len(), 20);
    assert!(all.iter().all(|row| row.body == body(&one, row.row)));
    for after in 0..22 {
        let by_row = board.store.journal(one.key, JournalRange { after_row: Some(after), ..ALL }).await.unwrap();
        assert_eq!(by_row, all.iter().filter(|row| row.row > after).cloned().collect::<Vec<_>>(), "after row {after}");
        let after = u64::from(after);
        let by_seq = board.store.journal(one.key, JournalRange { after_seq: Some(after), ..ALL }).await.unwrap();
        assert_eq!(by_seq, all.iter().filter(|row| row.last_seq > after).cloned().collect::<Vec<_>>(), "after {after}");
        let both = JournalRange { after_seq: Some(after), after_row: Some(10), ..ALL };
        let both = board.store.journal(one.key, both).await.unwrap();
        assert!(both.iter().all(|row| row.row > 10 && row.last_seq > after));
    }
    let two = all[0].body.len() + 1;
    for (max_bytes, rows) in [(0, 1), (1, 1), (two, 2), (usize::MAX, 20)] {
        let part = board.store.journal(one.key, JournalRange { max_bytes, ..ALL }).await.unwrap();
        assert_eq!(part, all[..rows], "{max_bytes} bytes");
    }
    assert_eq!(board.store.journal(other.key, ALL).await.unwrap().len(), 1);
}

async fn each_worker_hears_of_its_own_sessions_once_a_commit(board: &mut Board) {
    let mine = summary(&board.store, 0);
    let also = summary(&board.store, 0);
    let theirs = summary(&board.store, 1);
    let mut foreign = create(&theirs);
    foreign.worker = 1;
    let batch = [create(&mine), foreign, create(&also), append(&mine, 1, Change::None)];
    for append in batch {
        board.store.append(append);
    }
    board.written(0, mine.id, 1).await;
    board.written(0, also.id, 0).await;
    board.written(1, theirs.id, 0).await;
    for (worker, message) in &board.received {
        assert!(message.rows.iter().all(|(id, _)| (*id == theirs.id) == (*worker == 1)), "{message:?}");
        let mut ids: Vec<_> = message.rows.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), message.rows.len(), "a session is named twice in {message:?}");
    }
}

async fn a_row_that_is_there_is_refused_and_the_rest_of_its_batch_is_written(board: &mut Board) {
    let (torn, well) = (summary(&board.store, 0), summary(&board.store, 0));
    board.write([create(&torn), create(&well), append(&torn, 1, Change::None)]).await;
    let mut double = append(&torn, 1, Change::Update(Box::new(ended(Status::Failed, 9))));
    double.body = "another".into();
    board.store.append(append(&well, 1, Change::None));
    board.store.append(double);
    board.write([append(&well, 2, Change::None)]).await;
    let rows = board.store.journal(torn.key, ALL).await.unwrap();
    assert_eq!(rows.last().map(|row| row.body.clone()), Some(body(&torn, 1)));
    assert_eq!(board.store.find(torn.id).await.unwrap(), Some(torn));
    assert_eq!(board.store.journal(well.key, ALL).await.unwrap().len(), 3);
    assert_eq!(board.store.health(), Health::Well);
}

async fn nothing_follows_a_row_that_was_refused(board: &mut Board) {
    let (torn, well) = (summary(&board.store, 0), summary(&board.store, 0));
    board.write([create(&torn), create(&well), append(&torn, 1, Change::None)]).await;
    board.received.clear();
    board.store.append(append(&torn, 1, Change::None));
    board.store.append(append(&torn, 2, Change::None));
    board.write([append(&well, 1, Change::None)]).await;
    board.store.append(append(&torn, 3, Change::None));
    board.write([append(&well, 2, Change::None)]).await;
    assert!(board.received.iter().all(|(_, message)| message.rows.iter().all(|(id, _)| *id == well.id)));
    assert_eq!(board.store.journal(torn.key, ALL).await.unwrap().len(), 2);
    assert_eq!(board.store.unwritten(), 0);
}

async fn a_row_without_its_session_is_refused(board: &mut Board) {
    let well = summary(&board.store, 0);
    for (index, change) in [Change::None, Change::Update(Box::new(state(Status::Running)))].into_iter().enumerate() {
        let nobody = summary(&board.store, 0);
        board.store.append(append(&nobody, 0, change));
        let next = u32::try_from(index).unwrap();
        board.write([if next == 0 { create(&well) } else { append(&well, next, Change::None) }]).await;
        assert_eq!(board.store.journal(nobody.key, ALL).await.unwrap(), []);
    }
    let mut double = summary(&board.store, 0);
    double.id = well.id;
    board.store.append(create(&double));
    board.write([append(&well, 2, Change::None)]).await;
    assert_eq!(board.store.find(well.id).await.unwrap(), Some(well));
    assert_eq!(board.store.journal(double.key, ALL).await.unwrap(), []);
}

async fn sessions_are_listed_newest_first_and_page_by_page(board: &mut Board) {
    let mut made: Vec<_> = (0..25).map(|at| summary(&board.store, at % 2)).collect();
    board.write(made.iter().map(create)).await;
    made.sort_unstable_by_key(|one| std::cmp::Reverse(one.key));
    let mut listed = Vec::new();
    let mut before = None;
    loop {
        let page = board.store.list(ListSessions { before, limit: 10, ..ListSessions::default() }).await.unwrap();
        before = page.last().map(|last| last.key);
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    assert_eq!(listed, made);
}

async fn lists_are_filtered_by_every_word(board: &mut Board) {
    let owner = |name: Option<&str>| name.map_or(SERVER, |name| name.parse().unwrap());
    let make = |status, task: &str, name: Option<&str>, label: &str| Summary {
        state: state(status),
        task: task.into(),
        owner: owner(name),
        labels: vec![("team".into(), label.into()), ("both".into(), "yes".into())],
        ..summary(&board.store, 0)
    };
    let made = [
        make(Status::Queued, "audit", None, "red"),
        make(Status::Running, "audit", Some("Ada"), "blue"),
        make(Status::WaitingInput, "approval", Some("Ada"), "red"),
        make(Status::Completed, "approval", Some("Bo"), "red"),
    ];
    board.write(made.iter().map(create)).await;
    let any = ListSessions { limit: 100, ..ListSessions::default() };
    let label = |value: &str| vec![("both".to_owned(), "yes".to_owned()), ("team".to_owned(), value.to_owned())];
    let cases = [
        (any.clone(), vec![3, 2, 1, 0]),
        (ListSessions { status: vec![Status::Running], ..any.clone() }, vec![1]),
        (ListSessions { status: vec![Status::Running, Status::Queued], ..any.clone() }, vec![1, 0]),
        (ListSessions { status: vec![Status::Running, Status::Completed], ..any.clone() }, vec![3, 1]),
        (ListSessions { status: vec![Status::Failed], ..any.clone() }, vec![]),
        (ListSessions { task: Some("audit".into()), ..any.clone() }, vec![1, 0]),
        (ListSessions { owner: Some(owner(Some("Ada"))), ..any.clone() }, vec![2, 1]),
        (ListSessions { owner: Some(SERVER), ..any.clone() }, vec![0]),
        (ListSessions { owner: Some(owner(Some("ada"))), ..any.clone() }, vec![]),
        (ListSessions { labels: label("red"), ..any.clone() }, vec![3, 2, 0]),
        (ListSessions { labels: label("red"), owner: Some(owner(Some("Ada"))), ..any.clone() }, vec![2]),
        (ListSessions { labels: label("green"), ..any.clone() }, vec![]),
        (ListSessions { before: Some(made[2].key), status: vec![Status::Queued], ..any.clone() }, vec![0]),
        (ListSessions { limit: 0, ..any.clone() }, vec![]),
    ];
    for (query, expected) in cases {
        let listed = board.store.list(query.clone()).await.unwrap();
        let expected: Vec<_> = expected.iter().map(|at: &usize| made[*at].clone()).collect();
        assert_eq!(listed, expected, "{query:?}");
    }
}

async fn sessions_are_listed_by_owner_page_by_page(board: &mut Board) {
    let owners: Vec<Owner> = ["server", "ada", "ad", "Ada Lovelace"].map(|owner| owner.parse().unwrap()).into();
    let made: Vec<Summary> = (0..24)
        .map(|at| {
            let status = if at % 3 == 0 { Status::WaitingInput } else { Status::Running };
            let owner = owners[at % owners.len()].clone();
            Summary { owner, state: state(status), ..summary(&board.store, 0) }
        })
        .collect();
    board.write(made.iter().map(create)).await;
    let ended = ended(Status::Completed, 5);
    board.write([update(&made[1], 1, &ended)]).await;
    board.store.remove(made[1].key).await.unwrap();
    for owner in &owners {
        for status in [vec![], vec![Status::WaitingInput]] {
            let fits =
                |one: &&Summary| one.owner == *owner && (status.is_empty() || status.contains(&one.state.status));
            let there = made.iter().filter(|one| one.id != made[1].id);
            let expected: Vec<Summary> = there.filter(fits).rev().cloned().collect();
            let (mut listed, mut before): (Vec<Summary>, _) = (Vec::new(), None);
            loop {
                let owner = Some(owner.clone());
                let page = ListSessions { owner, status: status.clone(), before, limit: 2, ..ListSessions::default() };
                let page = board.store.list(page).await.unwrap();
                let Some(last) = page.last() else { break };
                before = Some(last.key);
                listed.extend(page);
            }
            assert_eq!(listed, expected, "{owner} {status:?}");
        }
    }
    let mut bytes = Vec::new();
    for owner in &owners {
        let there = made.iter().filter(|one| one.owner == *owner && one.id != made[1].id).count();
        let query = ListSessions { owner: Some(owner.clone()), ..ListSessions::default() };
        let counts = board.store.count(Vec::new(), query).await.unwrap();
        assert_eq!(counts.by_status.iter().map(|(_, many)| many).sum::<u64>(), there as u64, "{owner}");
        bytes.push(board.store.owned_bytes(owner).await.unwrap());
    }
    let all: u64 = bytes.iter().sum();
    assert!(bytes.iter().all(|own| (all / 8..all / 2).contains(own)), "{bytes:?}");
}

async fn labels_are_plain_words_whatever_is_in_them(board: &mut Board) {
    let words = ["", "a.b", "$", "\"", "\\", "'; DROP TABLE sessions; --", "%", "1", "true", "null", "ключ", "\u{0}x"];
    let made: Vec<_> = words
        .map(|word| Summary { labels: vec![(word.into(), word.into())], ..summary(&board.store, 0) })
        .into_iter()
        .collect();
    board.write(made.iter().map(create)).await;
    for one in made {
        let query = ListSessions { labels: one.labels.clone(), limit: 100, ..ListSessions::default() };
        assert_eq!(board.store.list(query).await.unwrap(), [one]);
    }
    let whole = Summary { labels: vec![("x=y".into(), "z=".into())], ..summary(&board.store, 0) };
    board.write([create(&whole)]).await;
    for (name, value) in [("x", "y=z="), ("x=y", "z="), ("x=y=z", "")] {
        let labels = vec![(name.to_owned(), value.to_owned())];
        let query = ListSessions { labels, limit: 100, ..ListSessions::default() };
        assert_eq!(board.store.list(query).await.unwrap(), std::slice::from_ref(&whole), "{name}={value}");
    }
}

async fn a_restart_thinks_of_what_runs_and_what_is_due(board: &mut Board) {
    let mut made = Vec::new();
    for status in Status::ALL {
        for deadline in [None, Some(Timestamp::from_micros(77))] {
            made.push(Summary { state: State { deadline, ..state(status) }, ..summary(&board.store, 0) });
        }
    }
    board.write(made.iter().map(create)).await;
    let pending = board.store.pending().await.unwrap();
    let due = |one: &&Summary| one.state.deadline.is_some() || one.state.status.is_resumed_at_start();
    let expected: Vec<_> = made.iter().filter(due).collect();
    assert_eq!(pending.len(), expected.len());
    for (pending, expected) in pending.iter().zip(expected) {
        assert_eq!((pending.id, pending.status), (expected.id, expected.state.status));
        assert_eq!((pending.priority, pending.deadline), (expected.priority, expected.state.deadline));
        assert_eq!(pending.since, expected.state.since);
    }
    for slots in [vec![pending[0].id.slot()], pending[1..4].iter().map(|one| one.id.slot()).collect(), vec![]] {
        let there = board.store.pending_in(slots.clone()).await.unwrap();
        let expected: Vec<_> = pending.iter().filter(|one| slots.contains(&one.id.slot())).collect();
        assert!(there.iter().map(|one| one.id).eq(expected.iter().map(|one| one.id)), "{slots:?}");
        assert!(there.iter().map(|one| one.last_seq).eq(expected.iter().map(|one| one.last_seq)));
    }
    let mut counted = board.store.count_live().await.unwrap();
    counted.sort_by_key(|(status, _)| status.as_str());
    let mut live: Vec<_> = Status::ALL.into_iter().filter(|status| !status.is_terminal()).map(|one| (one, 2)).collect();
    live.sort_by_key(|(status, _)| status.as_str());
    assert_eq!(counted, live);
}

async fn an_idempotency_key_leads_to_its_session_until_that_is_removed(board: &mut Board) {
    let one = Summary { state: ended(Status::Completed, 1), ..summary(&board.store, 0) };
    let mut first = create(&one);
    let key = "POST /start-task abc";
    let mark = Idempotency { key: key.into(), digest: [7; 32] };
    first.change = Change::Create(Box::new(one.clone()), Some(mark.clone()));
    board.write([first]).await;
    assert_eq!(board.store.idempotent(SERVER, key.into()).await.unwrap(), Some((one.id, [7; 32])));
    assert_eq!(board.store.idempotent(SERVER, "POST /start-task abcd".into()).await.unwrap(), None);
    let other = summary(&board.store, 0);
    let well = summary(&board.store, 0);
    let mut double = create(&other);
    double.change = Change::Create(Box::new(other.clone()), Some(mark));
    board.store.append(double);
    board.write([create(&well)]).await;
    assert_eq!(board.store.find(other.id).await.unwrap(), None);
    board.store.remove(one.key).await.unwrap();
    assert_eq!(board.store.idempotent(SERVER, key.into()).await.unwrap(), None);
}

async fn an_execution_is_found_by_its_id_until_it_is_removed(board: &mut Board) {
    let word: ExecutionId = "exec_123".parse().unwrap();
    let [ada, bo]: [Owner; 2] = ["Ada", "Bo"].map(|name| name.parse().unwrap());
    let store = board.store.clone();
    let called = |owner: &Owner| Summary {
        state: ended(Status::Completed, 1),
        owner: owner.clone(),
        execution_id: Some(word.clone()),
        ..summary(&store, 0)
    };
    let (mine, hers, double, well) = (called(&SERVER), called(&ada), called(&SERVER), summary(&board.store, 0));
    board.write([&mine, &hers].map(create)).await;
    assert_eq!(board.store.find(mine.id).await.unwrap().as_ref(), Some(&mine));
    board.store.append(create(&double));
    board.write([create(&well)]).await;
    assert_eq!(board.store.find(double.id).await.unwrap(), None);
    let found = async |owner: &Owner, word: &ExecutionId| store.execution(owner.clone(), word.clone()).await.unwrap();
    assert_eq!((found(&SERVER, &word).await, found(&ada, &word).await), (Some(mine.id), Some(hers.id)));
    assert_eq!((found(&bo, &word).await, found(&SERVER, &well.id.into()).await), (None, None));
    board.store.remove(mine.key).await.unwrap();
    assert_eq!((found(&SERVER, &word).await, found(&ada, &word).await), (None, Some(hers.id)));
    let again = called(&SERVER);
    board.write([create(&again)]).await;
    assert_eq!(found(&SERVER, &word).await, Some(again.id));
}

async fn an_idempotency_key_is_its_owners_alone(board: &mut Board) {
    let ada: Owner = "Ada".parse().unwrap();
    let make = |owner: &Owner, digest| {
        let one = Summary { owner: owner.clone(), state: ended(Status::Failed, 1), ..summary(&board.store, 0) };
        let mark = Idempotency { key: "key".into(), digest: [digest; 32] };
        (append(&one, 0, Change::Create(Box::new(one.clone()), Some(mark))), one)
    };
    let ((first, mine), (second, hers)) = (make(&SERVER, 1), make(&ada, 2));
    board.write([first, second]).await;
    assert_eq!(board.store.idempotent(SERVER, "key".into()).await.unwrap(), Some((mine.id, [1; 32])));
    assert_eq!(board.store.idempotent(ada.clone(), "key".into()).await.unwrap(), Some((hers.id, [2; 32])));
    board.store.remove(mine.key).await.unwrap();
    assert_eq!(board.store.idempotent(SERVER, "key".into()).await.unwrap(), None);
    assert_eq!(board.store.idempotent(ada, "key".into()).await.unwrap(), Some((hers.id, [2; 32])));
}

async fn a_refusal_names_the_session_once_and_the_row_that_failed(board: &mut Board) {
    let (torn, well) = (summary(&board.store, 0), summary(&board.store, 0));
    board.write([create(&torn), create(&well)]).await;
    for row in 0..3 {
        board.store.append(append(&torn, row, Change::None));
    }
    board.write([append(&well, 1, Change::None)]).await;
    let refused = board.refused(torn.id).await;
    assert_eq!((refused.key, refused.row), (torn.key, 0));
    assert!(matches!(refused.reason, Reason::Conflict(_)), "{refused:?}");
    let all =
        board.received.iter().flat_map(|(worker, message)| message.refused.iter().map(|one| (*worker, one.session)));
    assert_eq!(all.collect::<Vec<_>>(), [(0, torn.id)]);
}

async fn a_session_that_is_readmitted_goes_on_behind_what_is_written(board: &mut Board) {
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    for row in [0, 1, 2] {
        board.store.append_with(append(&one, row, Change::None), vec![events::new("custom.kept", 7)]);
    }
    board.refused(one.id).await;
    assert_eq!(board.store.journal(one.key, ALL).await.unwrap().len(), 1);
    board.store.readmit(one.key);
    board.write([append(&one, 1, Change::None), append(&one, 2, Change::None)]).await;
    assert_eq!(board.store.journal(one.key, ALL).await.unwrap().len(), 3);
    assert_eq!(board.store.event_span().await.unwrap().last_seq, 0, "what was refused causes nothing");
    assert_eq!(board.store.unwritten(), 0);
}

async fn only_ended_sessions_are_removed(board: &mut Board) {
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    assert!(matches!(board.store.remove(one.key).await, Err(Error::Conflict(_))));
    assert_eq!(board.store.journal(one.key, ALL).await.unwrap().len(), 1);
    board.write([update(&one, 1, &ended(Status::Cancelled, 5))]).await;
    board.store.remove(one.key).await.unwrap();
    assert_eq!(board.store.find(one.id).await.unwrap(), None);
    assert_eq!(board.store.journal(one.key, ALL).await.unwrap(), []);
    assert_eq!(board.store.remove(one.key).await, Err(Error::NotFound));
}

async fn a_purge_takes_the_oldest_ends_first(board: &mut Board) {
    let ends = [Some(40), Some(10), None, Some(30), Some(20), Some(50)];
    let made: Vec<_> = ends
        .iter()
        .map(|end| {
            let state = end.map_or_else(|| state(Status::Running), |end| ended(Status::Completed, end));
            Summary { state, ..summary(&board.store, 0) }
        })
        .collect();
    board.write(made.iter().map(create)).await;
    let before = Timestamp::from_micros(40);
    assert_eq!(board.store.purge(before, 2).await.unwrap(), [made[1].id, made[4].id]);
    assert_eq!(board.store.purge(before, 2).await.unwrap(), [made[3].id]);
    assert_eq!(board.store.purge(before, 2).await.unwrap(), []);
    assert_eq!(board.store.journal(made[1].key, ALL).await.unwrap(), []);
    let left = board.store.list(ListSessions { limit: 9, ..ListSessions::default() }).await.unwrap();
    assert_eq!(left, [made[5].clone(), made[2].clone(), made[0].clone()]);
}

async fn what_is_closed_takes_and_gives_nothing_more(board: &mut Board) {
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    assert_eq!(board.store.close().await, 0);
    assert!(matches!(board.store.health(), Health::Failing { .. }));
    assert!(matches!(board.store.find(one.id).await, Err(Error::Unavailable(_))));
    assert!(matches!(board.store.pending().await, Err(Error::Unavailable(_))));
    assert!(matches!(board.store.remove(one.key).await, Err(Error::Unavailable(_))));
    board.store.append(append(&one, 1, Change::None));
    assert_eq!(board.store.close().await, 1);
}

async fn what_was_appended_before_the_close_is_written(board: &mut Board) {
    let one = summary(&board.store, 0);
    board.store.append(create(&one));
    for row in 1..500 {
        board.store.append(append(&one, row, Change::None));
    }
    assert_eq!(board.store.close().await, 0);
    board.written(0, one.id, 499).await;
}

async fn keys_rise_with_time(board: &mut Board) {
    let mut last = None;
    for at in 0..1000 {
        let key = board.store.next_key(at % 2);
        assert!(last.is_none_or(|(worker, last)| worker != at % 2 || last < key));
        last = Some((at % 2, key));
    }
}

async fn a_secret_is_sealed_and_unsealed(board: &mut Board) {
    let sealed = board.store.seal(b"hunter2");
    assert!(!sealed.contains("hunter2"));
    assert_eq!(board.store.unseal(&sealed).unwrap(), b"hunter2");
    assert!(matches!(board.store.unseal("nonsense"), Err(Error::Unusable(_))));
}

async fn nothing_waits_once_all_is_acknowledged(board: &mut Board) {
    let one = summary(&board.store, 0);
    board.write([create(&one), append(&one, 1, Change::None), append(&one, 2, Change::None)]).await;
    assert_eq!(board.store.unwritten(), 0);
}

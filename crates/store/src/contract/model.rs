//! Random sequences of commands: all engines do what a naive model does.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::support::{self, ALL, Board, append, ended, state, summary};
use crate::{Change, Error, JournalRange, ListSessions, Row, SessionKey, State, Summary};
use callboard_domain::status::Status;
use callboard_domain::time::Timestamp;

#[derive(Clone, Debug)]
enum Step {
    Create { status: Status, label: u8 },
    Append { session: usize, update: Option<(Status, Option<i64>)>, quiet: bool },
    Remove { session: usize },
    Purge { before: i64, limit: usize },
}

fn status() -> impl Strategy<Value = Status> {
    proptest::sample::select(Status::ALL.to_vec())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (status(), 0_u8..3).prop_map(|(status, label)| Step::Create { status, label }),
        6 => (0_usize..8, proptest::option::of((status(), proptest::option::of(0_i64..100))), any::<bool>())
            .prop_map(|(session, update, quiet)| Step::Append { session, update, quiet }),
        1 => (0_usize..8).prop_map(|session| Step::Remove { session }),
        1 => (0_i64..100, 0_usize..4).prop_map(|(before, limit)| Step::Purge { before, limit }),
    ]
}

/// What ought to be in the store.
type Model = BTreeMap<SessionKey, (Summary, Vec<Row>)>;

fn new_state(status: Status, moment: Option<i64>) -> State {
    if status.is_terminal() {
        return ended(status, moment.unwrap_or(50));
    }
    State { deadline: moment.map(Timestamp::from_micros), ..state(status) }
}

async fn perform(board: &mut Board, model: &mut Model, made: &mut Vec<Summary>, step: Step) {
    match step {
        Step::Create { status, label } => {
            let labels = (0..label).map(|at| (format!("l{at}"), label.to_string())).collect();
            let one = Summary { labels, state: new_state(status, None), ..summary(&board.store, 0) };
            let first = append(&one, 0, Change::Create(Box::new(one.clone()), None));
            let row = Row { row: 0, last_seq: 0, body: first.body.clone() };
            model.insert(one.key, (one.clone(), vec![row]));
            made.push(one);
            board.store.append(first);
        }
        Step::Append { session, update, quiet } => {
            let Some((summary, rows)) = made.get(session).and_then(|one| model.get_mut(&one.key)) else { return };
            let change = match update {
                Some((status, moment)) => {
                    summary.state = new_state(status, moment);
                    Change::Update(Box::new(summary.state.clone()))
                }
                None => Change::None,
            };
            let mut next = append(summary, u32::try_from(rows.len()).unwrap(), change);
            next.last_seq = rows.last().map_or(0, |row| row.last_seq) + u64::from(!quiet);
            rows.push(Row { row: next.row, last_seq: next.last_seq, body: next.body.clone() });
            board.store.append(next);
        }
        Step::Remove { session } => {
            let Some(one) = made.get(session) else { return };
            let answer = board.store.remove(one.key).await;
            match model.get(&one.key).map(|(summary, _)| summary.state.status.is_terminal()) {
                None => assert_eq!(answer, Err(Error::NotFound)),
                Some(false) => assert!(matches!(answer, Err(Error::Conflict(_)))),
                Some(true) => {
                    answer.unwrap();
                    model.remove(&one.key);
                }
            }
        }
        Step::Purge { before, limit } => {
            let before = Timestamp::from_micros(before);
            let all = model.values().map(|(summary, _)| summary);
            let mut due: Vec<_> = all
                .filter_map(|one| one.state.ended_at.filter(|end| *end < before).map(|end| (end, one.key)))
                .collect();
            due.sort_unstable();
            due.truncate(limit);
            let ids: Vec<_> = due.iter().filter_map(|(_, key)| model.remove(key)).map(|(one, _)| one.id).collect();
            assert_eq!(board.store.purge(before, limit).await.unwrap(), ids);
        }
    }
}

async fn compare(board: &Board, model: &Model) {
    let any = ListSessions { limit: usize::MAX, ..ListSessions::default() };
    let newest_first = |fits: &dyn Fn(&Summary) -> bool| -> Vec<Summary> {
        model.values().rev().map(|(summary, _)| summary.clone()).filter(|one| fits(one)).collect()
    };
    assert_eq!(board.store.list(any.clone()).await.unwrap(), newest_first(&|_| true));
    for status in Status::ALL {
        let query = ListSessions { status: vec![status, Status::Running], ..any.clone() };
        let fits = |one: &Summary| [status, Status::Running].contains(&one.state.status);
        assert_eq!(board.store.list(query).await.unwrap(), newest_first(&fits));
    }
    let label = ("l0".to_owned(), "2".to_owned());
    let query = ListSessions { labels: vec![label.clone()], ..any };
    assert_eq!(board.store.list(query).await.unwrap(), newest_first(&|one| one.labels.contains(&label)));
    let due: Vec<_> = model
        .values()
        .map(|(summary, _)| summary)
        .filter(|one| one.state.deadline.is_some() || one.state.status.is_resumed_at_start())
        .map(|one| one.id)
        .collect();
    let pending: Vec<_> = board.store.pending().await.unwrap().iter().map(|pending| pending.id).collect();
    assert_eq!(pending, due);
    for (key, (_, rows)) in model {
        assert_eq!(&board.store.journal(*key, ALL).await.unwrap(), rows);
        for seq in 0..4 {
            let after = JournalRange { after_seq: Some(seq), ..ALL };
            let expected: Vec<_> = rows.iter().filter(|row| row.last_seq > seq).cloned().collect();
            assert_eq!(board.store.journal(*key, after).await.unwrap(), expected);
        }
    }
}

async fn follows_the_model(mut board: Board, steps: Vec<Step>) {
    let mut model = Model::new();
    let mut made = Vec::new();
    for step in steps {
        perform(&mut board, &mut model, &mut made, step).await;
    }
    // Its last row is written after all others.
    let last = summary(&board.store, 0);
    let first = append(&last, 0, Change::Create(Box::new(last.clone()), None));
    model.insert(last.key, (last, vec![Row { row: 0, last_seq: 0, body: first.body.clone() }]));
    board.write([first]).await;
    compare(&board, &model).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn all_engines_follow_the_model(steps in proptest::collection::vec(step(), 0..60)) {
        support::block_on(async {
            follows_the_model(Board::memory(), steps.clone()).await;
            follows_the_model(Board::shared(), steps.clone()).await;
            if let Some(board) = Board::redis() {
                follows_the_model(board, steps.clone()).await;
            }
            follows_the_model(Board::sqlite(), steps).await;
        });
    }
}

//! The contract of documents: versions, preconditions, lists; and random sequences against a naive model.

use std::collections::BTreeMap;

use futures::future::join_all;
use proptest::prelude::*;

use super::support::{self, Board, SERVER, create, summary};
use crate::Precondition::{Absent, Anything, Version};
use crate::{ChangeError, Document, Error, Precondition, Store, Write};
use callboard_domain::owner::Owner;

contract! {
    a_document_is_found_as_it_was_written,
    a_version_counts_up_and_the_beginning_is_kept,
    a_precondition_that_fails_changes_nothing,
    of_many_writers_with_one_expectation_one_wins,
    documents_are_listed_in_the_order_of_ids_and_page_by_page,
    folders_are_counted_by_the_beginnings_of_ids,
    a_removed_document_begins_anew,
    a_document_comes_after_what_was_appended_before,
    several_documents_change_all_or_none,
    a_change_names_each_document_once_and_not_too_many,
    a_guarded_change_is_decided_by_what_is_there_when_it_is_made,
    a_document_is_its_owners_alone,
    documents_of_all_are_listed_by_owner_and_id,
    a_closed_store_takes_and_gives_no_documents,
}

/// Words that something between here and the database might stumble over.
const ODD: [&str; 12] =
    ["", " ", "a.b", "%", "_", "\"", "'; DROP TABLE documents; --", "null", "ключ", "\u{0}x", "x\u{0}", "\u{10ffff}"];

async fn put(store: &Store, id: &str, body: &str) -> Document {
    store.put_document(&SERVER, "workflows", id, body.into(), Anything).await.unwrap()
}

async fn a_document_is_found_as_it_was_written(board: &mut Board) {
    let large = "ü\n".repeat(1 << 20);
    let bodies = ODD.iter().copied().chain([large.as_str()]);
    for (at, body) in bodies.enumerate() {
        let (collection, id) = (ODD[at % 5], ODD[at % ODD.len()]);
        let written = board.store.put_document(&SERVER, collection, id, body.to_owned(), Anything).await.unwrap();
        assert_eq!((written.collection.as_str(), written.id.as_str()), (collection, id));
        assert_eq!(written.body, body);
        assert_eq!(board.store.document(&SERVER, collection, id).await.unwrap(), Some(written));
    }
    assert_eq!(board.store.document(&SERVER, "workflows", "nobody").await.unwrap(), None);
    assert_eq!(board.store.document(&SERVER, "nowhere", "").await.unwrap(), None);
}

async fn folders_are_counted_by_the_beginnings_of_ids(board: &mut Board) {
    assert_eq!(board.store.count_folders(&SERVER, "workflows", 10).await.unwrap(), 0);
    for id in ["a/1", "a/2", "a!/1", "a0/1", "b", "b/", "b/c/d", "ключ/x", "~"] {
        put(&board.store, id, "").await;
    }
    board.store.put_document(&SERVER, "other", "z/1", String::new(), Anything).await.unwrap();
    assert_eq!(board.store.count_folders(&SERVER, "workflows", 10).await.unwrap(), 5);
    assert_eq!(board.store.count_folders(&SERVER, "workflows", 3).await.unwrap(), 3);
}

async fn a_version_counts_up_and_the_beginning_is_kept(board: &mut Board) {
    let mut before = put(&board.store, "one", "0").await;
    assert_eq!((before.version, before.created_at), (1, before.updated_at));
    for version in 2..20 {
        let now = put(&board.store, "one", &version.to_string()).await;
        assert_eq!((now.version, now.created_at), (version, before.created_at));
        assert!(now.updated_at >= before.updated_at);
        before = now;
    }
    assert_eq!(put(&board.store, "other", "0").await.version, 1);
    assert_eq!(board.store.document(&SERVER, "workflows", "one").await.unwrap(), Some(before));
}

async fn a_precondition_that_fails_changes_nothing(board: &mut Board) {
    put(&board.store, "there", "old").await;
    let there = put(&board.store, "there", "present").await;
    let outdated = Error::Outdated { version: 2 };
    let cases = [
        ("there", Absent, outdated.clone()),
        ("there", Version(1), outdated.clone()),
        ("there", Version(3), outdated.clone()),
        ("there", Version(0), outdated.clone()),
        ("there", Version(u64::MAX), outdated),
        ("nowhere", Version(0), Error::NotFound),
        ("nowhere", Version(1), Error::NotFound),
    ];
    for (id, precondition, expected) in cases {
        let put = board.store.put_document(&SERVER, "workflows", id, "new".into(), precondition).await;
        assert_eq!(put, Err(expected.clone()), "{id} {precondition:?}");
        let removed = board.store.remove_document(&SERVER, "workflows", id, precondition).await;
        assert_eq!(removed, Err(expected), "{id} {precondition:?}");
    }
    for precondition in [Absent, Anything] {
        let removed = board.store.remove_document(&SERVER, "workflows", "nowhere", precondition).await;
        assert_eq!(removed, Err(Error::NotFound));
    }
    assert_eq!(board.store.documents(&SERVER, "workflows", None, 9).await.unwrap(), [there]);
}

async fn of_many_writers_with_one_expectation_one_wins(board: &mut Board) {
    for precondition in [Absent, Version(1), Version(2)] {
        let writers = (0..20).map(|writer| {
            let store = board.store.clone();
            tokio::spawn(async move {
                store.put_document(&SERVER, "workflows", "one", writer.to_string(), precondition).await
            })
        });
        let answers: Vec<_> = join_all(writers).await.into_iter().map(Result::unwrap).collect();
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 19));
        let won = won.into_iter().next().unwrap().unwrap();
        assert!(lost.iter().all(|answer| *answer == Err(Error::Outdated { version: won.version })), "{lost:?}");
        assert_eq!(board.store.document(&SERVER, "workflows", "one").await.unwrap(), Some(won));
    }
}

async fn documents_are_listed_in_the_order_of_ids_and_page_by_page(board: &mut Board) {
    let mut made = Vec::new();
    for id in ODD {
        put(&board.store, id, "first").await;
        made.push(put(&board.store, id, id).await);
        board.store.put_document(&SERVER, "workflow", id, id.into(), Anything).await.unwrap();
        board.store.put_document(&SERVER, "workflows2", id, id.into(), Anything).await.unwrap();
    }
    made.sort_by(|one, other| one.id.cmp(&other.id));
    for limit in [1, 5, 12, 13, usize::MAX] {
        let mut listed = Vec::new();
        loop {
            let after = listed.last().map(|last: &Document| last.id.clone());
            let page = board.store.documents(&SERVER, "workflows", after.as_deref(), limit).await.unwrap();
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            listed.extend(page);
        }
        assert_eq!(listed, made, "pages of {limit}");
    }
    assert_eq!(board.store.documents(&SERVER, "workflows", None, 0).await.unwrap(), []);
    assert_eq!(board.store.documents(&SERVER, "nowhere", None, 9).await.unwrap(), []);
    assert_eq!(
        board.store.documents(&SERVER, "workflows", Some("%%"), 1).await.unwrap()[0].id,
        "'; DROP TABLE documents; --"
    );
}

async fn a_removed_document_begins_anew(board: &mut Board) {
    for precondition in [Version(2), Anything] {
        put(&board.store, "one", "1").await;
        put(&board.store, "one", "2").await;
        put(&board.store, "other", "1").await;
        board.store.remove_document(&SERVER, "workflows", "one", precondition).await.unwrap();
        assert_eq!(board.store.document(&SERVER, "workflows", "one").await.unwrap(), None);
        assert_eq!(board.store.documents(&SERVER, "workflows", None, 9).await.unwrap().len(), 1);
        let again = board.store.put_document(&SERVER, "workflows", "one", "new".into(), Absent).await.unwrap();
        assert_eq!(again.version, 1);
        board.store.remove_document(&SERVER, "workflows", "one", Version(1)).await.unwrap();
    }
}

async fn several_documents_change_all_or_none(board: &mut Board) {
    let store = &board.store;
    let put = |id: &str, body: &str, precondition| Write::put(&SERVER, "a", id, body.into(), precondition);
    let remove = |id: &str, precondition| Write::remove(&SERVER, "a", id, precondition);
    let made = store.change_documents(vec![put("x", "1", Absent), put("y", "1", Absent)]).await.unwrap();
    let shown = |made: &[Option<Document>]| -> Vec<Option<(String, u64)>> {
        made.iter().map(|one| one.as_ref().map(|one| (one.id.clone(), one.version))).collect()
    };
    assert_eq!(shown(&made), [Some(("x".into(), 1)), Some(("y".into(), 1))]);
    let writes = vec![
        put("z", "2", Absent),
        put("x", "2", Version(7)),
        put("y", "2", Version(1)),
        remove("nowhere", Anything),
        put("w", "2", Version(1)),
    ];
    let failed = vec![(1, Error::Outdated { version: 1 }), (3, Error::NotFound), (4, Error::NotFound)];
    assert_eq!(store.change_documents(writes).await, Err(ChangeError::Preconditions(failed)));
    let there = store.documents(&SERVER, "a", None, 9).await.unwrap();
    assert_eq!(there.into_iter().map(Some).collect::<Vec<_>>(), made, "nothing has changed");
    let writes = vec![put("y", "3", Version(1)), remove("x", Version(1)), put("z", "1", Absent)];
    let changed = store.change_documents(writes).await.unwrap();
    assert_eq!(shown(&changed), [Some(("y".into(), 2)), None, Some(("z".into(), 1))]);
    let there = store.documents(&SERVER, "a", None, 9).await.unwrap();
    assert_eq!(there, [changed[0].clone().unwrap(), changed[2].clone().unwrap()]);
    assert_eq!(store.change_documents(Vec::new()).await, Ok(Vec::new()));
}

async fn a_change_names_each_document_once_and_not_too_many(board: &mut Board) {
    let put = |id: usize| Write::put(&SERVER, "a", &id.to_string(), String::new(), Anything);
    let refused = |answer| matches!(answer, Err(ChangeError::Store(Error::Conflict(_))));
    assert!(refused(board.store.change_documents(vec![put(1), put(2), put(1)]).await));
    assert!(refused(board.store.change_documents((0..1025).map(put).collect()).await));
    assert_eq!(board.store.documents(&SERVER, "a", None, 1).await.unwrap(), []);
    assert_eq!(board.store.change_documents((0..1024).map(put).collect()).await.unwrap().len(), 1024);
}

async fn a_guarded_change_is_decided_by_what_is_there_when_it_is_made(board: &mut Board) {
    const MOST: usize = 7;
    let makers = (0..20).map(|maker| {
        let store = board.store.clone();
        async move {
            let decide = async || {
                let there = store.document_heads(&SERVER, "a", None, MOST).await.map_err(ChangeError::from)?.len();
                if there == MOST {
                    return Err(ChangeError::Store(Error::NotFound));
                }
                Ok((vec![Write::put(&SERVER, "a", &maker.to_string(), there.to_string(), Absent)], ()))
            };
            store.change_guarded(&SERVER, "a", decide).await
        }
    });
    let (made, refused): (Vec<_>, Vec<_>) = join_all(makers).await.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (MOST, 13));
    assert!(
        made.iter().all(|made| made.as_ref().is_ok_and(|(made, ())| made.len() == 1)),
        "the guard is not among them"
    );
    assert!(refused.iter().all(|refused| *refused == Err(ChangeError::Store(Error::NotFound))));
    let mut found: Vec<_> = board.store.documents(&SERVER, "a", None, 99).await.unwrap();
    found.sort_by_key(|one| one.body.clone());
    assert!(found.iter().map(|one| one.body.parse::<usize>().unwrap()).eq(0..MOST), "each saw what was made before");
}

async fn a_document_is_its_owners_alone(board: &mut Board) {
    let ada: Owner = "ada".parse().unwrap();
    let store = &board.store;
    put(store, "one/a", "server's").await;
    let hers = store.put_document(&ada, "workflows", "one/a", "hers".into(), Absent).await.unwrap();
    assert_eq!((hers.version, &hers.owner), (1, &ada));
    assert_eq!(put(store, "one/a", "server's").await.version, 2);
    assert_eq!(store.document(&ada, "workflows", "one/a").await.unwrap().as_ref(), Some(&hers));
    assert_eq!(store.documents(&ada, "workflows", None, 9).await.unwrap(), std::slice::from_ref(&hers));
    put(store, "two/b", "server's").await;
    assert_eq!(store.count_folders(&ada, "workflows", 9).await.unwrap(), 1);
    assert_eq!(store.count_folders(&SERVER, "workflows", 9).await.unwrap(), 2);
    store.remove_document(&SERVER, "workflows", "one/a", Version(2)).await.unwrap();
    assert_eq!(store.document(&ada, "workflows", "one/a").await.unwrap(), Some(hers));
}

async fn a_document_comes_after_what_was_appended_before(board: &mut Board) {
    for _ in 0..20 {
        let one = summary(&board.store, 0);
        board.store.append(create(&one));
        put(&board.store, "one", "1").await;
        assert_eq!(board.store.find(one.id).await.unwrap(), Some(one));
    }
}

async fn documents_of_all_are_listed_by_owner_and_id(board: &mut Board) {
    let owners: Vec<Owner> = ["server", "Zoë", "ad", "ada", "ada:x"].map(|owner| owner.parse().unwrap()).into();
    let mut made = Vec::new();
    for owner in &owners {
        for id in ["b", "a", "", "ключ"] {
            made.push(board.store.put_document(owner, "workflows", id, id.into(), Anything).await.unwrap());
        }
        board.store.put_document(owner, "other", "a", "".into(), Anything).await.unwrap();
    }
    for id in ["a", "gone"] {
        let nobody: Owner = "nobody".parse().unwrap();
        board.store.put_document(&nobody, "workflows", id, "".into(), Anything).await.unwrap();
        board.store.remove_document(&nobody, "workflows", id, Anything).await.unwrap();
    }
    made.sort_by(|one, other| (&one.owner, &one.id).cmp(&(&other.owner, &other.id)));
    let found = board.store.document_owners("workflows", None, 9).await.unwrap();
    assert_eq!(found, owners);
    for (at, owner) in owners.iter().enumerate() {
        let found = board.store.document_owners("workflows", Some(owner), 2).await.unwrap();
        assert_eq!(found, owners.iter().skip(at + 1).take(2).cloned().collect::<Vec<_>>());
    }
    assert_eq!(board.store.document_owners("nowhere", None, 9).await.unwrap(), []);
    for limit in [1, 3, 4, 100] {
        let mut listed: Vec<Document> = Vec::new();
        loop {
            let after = listed.last().map(|last| (&last.owner, last.id.as_str()));
            let page = board.store.documents_of_all("workflows", after, limit).await.unwrap();
            assert!(page.len() <= limit);
            if page.is_empty() {
                break;
            }
            listed.extend(page);
        }
        assert_eq!(listed, made, "{limit}");
    }
}

async fn a_closed_store_takes_and_gives_no_documents(board: &mut Board) {
    put(&board.store, "one", "1").await;
    assert_eq!(board.store.close().await, 0);
    let unavailable = |error: Error| matches!(error, Error::Unavailable(_));
    assert!(unavailable(board.store.document(&SERVER, "workflows", "one").await.unwrap_err()));
    assert!(unavailable(board.store.documents(&SERVER, "workflows", None, 1).await.unwrap_err()));
    assert!(unavailable(
        board.store.put_document(&SERVER, "workflows", "one", "2".into(), Anything).await.unwrap_err()
    ));
    assert!(unavailable(board.store.remove_document(&SERVER, "workflows", "one", Anything).await.unwrap_err()));
}

#[derive(Clone, Debug)]
struct Step {
    collection: &'static str,
    id: &'static str,
    precondition: Precondition,
    removes: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let precondition = prop_oneof![Just(Absent), Just(Anything), (0_u64..5).prop_map(Version)];
    let names = (proptest::sample::select(vec!["a", "b"]), proptest::sample::select(vec!["", "x", "y"]));
    (names, precondition, proptest::bool::weighted(0.2)).prop_map(|((collection, id), precondition, removes)| Step {
        collection,
        id,
        precondition,
        removes,
    })
}

/// The version and text of each document that ought to be there.
type Model = BTreeMap<(&'static str, &'static str), (u64, String)>;

async fn perform(store: &Store, model: &mut Model, number: usize, step: Step) {
    let Step { collection, id, precondition, removes } = step;
    let present = model.get(&(collection, id)).map(|(version, _)| *version);
    let refusal = match (precondition, present) {
        (Absent, Some(version)) => Some(Error::Outdated { version }),
        (Version(_), None) => Some(Error::NotFound),
        (Version(expected), Some(version)) if expected != version => Some(Error::Outdated { version }),
        (Absent | Anything, None) if removes => Some(Error::NotFound),
        (Absent | Version(_) | Anything, _) => None,
    };
    let body = number.to_string();
    let done = if removes {
        store.remove_document(&SERVER, collection, id, precondition).await.map(|()| None)
    } else {
        store.put_document(&SERVER, collection, id, body.clone(), precondition).await.map(Some)
    };
    match (refusal, done) {
        (Some(expected), done) => assert_eq!(done, Err(expected)),
        (None, Ok(Some(document))) => {
            let version = present.unwrap_or(0) + 1;
            assert_eq!((document.version, &document.body), (version, &body));
            model.insert((collection, id), (version, body));
        }
        (None, Ok(None)) => drop(model.remove(&(collection, id))),
        (None, Err(error)) => panic!("it should be done, and is not: {error}"),
    }
}

async fn follows_the_model(board: Board, steps: Vec<Step>) {
    let mut model = Model::new();
    for (number, step) in steps.into_iter().enumerate() {
        perform(&board.store, &mut model, number, step).await;
    }
    let mut all = Vec::new();
    for collection in ["a", "b"] {
        let listed = board.store.documents(&SERVER, collection, None, 9).await.unwrap();
        all.extend(listed.into_iter().map(|one| ((one.collection, one.id), (one.version, one.body))));
    }
    let expected: Vec<_> =
        model.into_iter().map(|((collection, id), there)| ((collection.to_owned(), id.to_owned()), there)).collect();
    assert_eq!(all, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn documents_of_all_engines_follow_the_model(steps in proptest::collection::vec(step(), 0..40)) {
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

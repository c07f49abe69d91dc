//! What is kept, for how long, and within which limits.

use std::cell::RefCell;

use futures::future::join;

use super::place::GLOBAL;
use super::*;

fn memory(limits: Limits) -> Memory {
    let settings = store::Settings { url: "memory:".into(), ..store::Settings::default() };
    Memory::new(Store::open(&settings, 1).unwrap(), &limits)
}

fn at(client_id: &str, key: &str) -> Place {
    Place::new(client_id, key).unwrap()
}

const SHORT: Option<Duration> = Some(Duration::from_micros(1));
const LONG: Option<Duration> = Some(Duration::from_secs(60));

#[actix_web::test]
async fn what_has_come_to_its_end_is_not_there_for_anybody() {
    let memory = memory(Limits::default());
    for (key, ttl) in [("a", None), ("b", SHORT), ("c", LONG), ("d", SHORT), ("e", None)] {
        memory.put(&at("ada", key), "1", ttl, Precondition::Anything).await.unwrap();
    }
    assert_eq!(memory.get(&at("ada", "b")).await, Err(Error::Missing));
    assert_eq!(memory.remove(&at("ada", "b"), Precondition::Anything).await, Err(Error::Missing));
    assert!(memory.get(&at("ada", "c")).await.unwrap().expires_at.is_some());
    let keys = |found: Vec<Kept>| found.into_iter().map(|kept| kept.key).collect::<Vec<_>>();
    assert_eq!(keys(memory.list("ada", None, 10).await.unwrap()), ["a", "c", "e"]);
    assert_eq!(keys(memory.list("ada", Some("a"), 2).await.unwrap()), ["c", "e"]);
    let again = memory.put(&at("ada", "b"), "2", None, Precondition::Absent).await.unwrap();
    assert_eq!((again.version, again.expires_at), (1, None));
    assert_eq!(memory.clear("ada").await, Ok(4));
}

#[actix_web::test]
async fn a_later_write_ends_when_it_says_and_not_when_the_one_before_did() {
    let memory = memory(Limits::default());
    let place = at("ada", "k");
    memory.put(&place, "1", LONG, Precondition::Anything).await.unwrap();
    assert_eq!(memory.put(&place, "2", None, Precondition::Version(1)).await.unwrap().expires_at, None);
    assert_eq!(memory.get(&place).await.unwrap().expires_at, None);
    memory.put(&place, "3", SHORT, Precondition::Anything).await.unwrap();
    assert_eq!(memory.get(&place).await, Err(Error::Missing));
}

#[actix_web::test]
async fn two_who_write_at_once_leave_the_value_of_one_with_its_own_end() {
    let memory = memory(Limits::default());
    let place = at("ada", "k");
    for _ in 0..20 {
        let timed = memory.put(&place, "\"timed\"", LONG, Precondition::Anything);
        let (timed, lasting) = join(timed, memory.put(&place, "\"lasting\"", None, Precondition::Anything)).await;
        assert!(timed.is_ok() && lasting.is_ok());
        let kept = memory.get(&place).await.unwrap();
        assert_eq!(kept.expires_at.is_some(), kept.text == "\"timed\"");
    }
}

#[actix_web::test]
async fn what_is_over_is_removed_and_nothing_else() {
    let memory = memory(Limits::default());
    for (key, ttl) in [("a", None), ("b", SHORT), ("c", LONG), ("d", SHORT)] {
        memory.put(&at("ada", key), "1", ttl, Precondition::Anything).await.unwrap();
    }
    let removed = RefCell::new(Vec::new());
    let last =
        memory.expire_page(None, &|_: &Owner, place: &Place| removed.borrow_mut().push(place.key().to_owned())).await;
    assert_eq!((last, removed.take()), (Ok(None), vec!["b".to_owned(), "d".to_owned()]));
    let left = memory.store.document_heads(&Owner::SERVER, VALUES, None, 10).await.unwrap();
    assert_eq!(left.iter().map(|value| value.id.as_str()).collect::<Vec<_>>(), ["ada/a", "ada/c"]);
    assert_eq!(memory.store.documents(&Owner::SERVER, ENDS, None, 10).await.unwrap().len(), 1);
}

#[actix_web::test]
async fn a_client_keeps_so_many_keys_and_values_so_large() {
    let memory = memory(Limits { max_clients: 1, max_keys: 2, max_value_bytes: 3 });
    let put = async |client: &str, key: &str, text: &str| {
        memory.put(&at(client, key), text, None, Precondition::Anything).await.map(|kept| kept.version)
    };
    assert_eq!(put("ada", "a", "1234").await, Err(Error::TooLarge(3)));
    assert_eq!(put("ada", "a", "123").await, Ok(1));
    assert_eq!(put("ada", "b", "1").await, Ok(1));
    assert_eq!(put("ada", "c", "1").await, Err(Error::Full(2)));
    assert_eq!(put("ada", "b", "2").await, Ok(2));
    assert_eq!(put("bob", "a", "1").await, Err(Error::TooManyClients(1)));
}

#[actix_web::test]
async fn what_one_owner_keeps_is_not_there_for_another_and_what_is_everybody_s_is_changed_by_the_server_alone() {
    let memory = memory(Limits::default());
    let (ada, bo) = (memory.of(&"ada".parse().unwrap()), memory.of(&"bo".parse().unwrap()));
    let (own, common) = (at("notes", "k"), at(GLOBAL, "k"));
    ada.put(&own, "1", SHORT, Precondition::Anything).await.unwrap();
    ada.put(&own, "1", None, Precondition::Anything).await.unwrap();
    assert_eq!(bo.get(&own).await, Err(Error::Missing));
    assert_eq!(memory.get(&own).await, Err(Error::Missing));
    assert_eq!(bo.list("notes", None, 9).await.unwrap().len(), 0);
    assert_eq!(bo.clear("notes").await, Ok(0));
    bo.put(&own, "2", SHORT, Precondition::Absent).await.unwrap();
    assert_eq!(ada.get(&own).await.unwrap().text, "1");
    memory.put(&common, "3", None, Precondition::Anything).await.unwrap();
    assert_eq!(ada.get(&common).await.unwrap().text, "3");
    assert_eq!(ada.list(GLOBAL, None, 9).await.unwrap().len(), 1);
    assert_eq!(ada.put(&common, "4", None, Precondition::Anything).await, Err(Error::Everybodys));
    assert_eq!(ada.remove(&common, Precondition::Anything).await, Err(Error::Everybodys));
    assert_eq!(ada.clear(GLOBAL).await, Err(Error::Everybodys));
    let removed = RefCell::new(Vec::new());
    memory.expire_page(None, &|owner: &Owner, _: &Place| removed.borrow_mut().push(owner.to_string())).await.unwrap();
    assert_eq!(removed.take(), ["bo"]);
    assert_eq!(ada.clear("notes").await, Ok(1));
}

#[test]
fn a_session_s_agents_keep_things_for_its_client_its_owner_or_everybody() {
    let spec = |text: &str| serde_json::from_str::<crate::domain::record::Spec>(text).unwrap();
    assert_eq!(client_of(&spec(r#"{"task": "t", "client_id": "ada", "owner": "bob"}"#)), "ada");
    assert_eq!(client_of(&spec(r#"{"task": "t", "owner": "bob"}"#)), "bob");
    assert_eq!(client_of(&spec(r#"{"task": "t", "owner": "Bo Ün"}"#)), "Bo__n");
    assert_eq!(client_of(&spec(r#"{"task": "t"}"#)), GLOBAL);
}

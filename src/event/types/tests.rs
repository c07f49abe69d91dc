//! What is declared, how much of it, and what an event has to fit.

use serde_json::json;

use super::*;
use crate::domain::event::Kind;
use crate::store::Precondition::Anything;
use crate::store::Settings;

fn types(most: usize) -> EventTypes {
    let settings = Settings { url: "memory:".into(), ..Settings::default() };
    EventTypes::start(Store::open(&settings, 1).unwrap(), most).unwrap()
}

fn about(schema: Value) -> EventType {
    EventType { description: "d".into(), schema: Some(schema) }
}

#[actix::test]
async fn an_event_has_to_fit_what_is_declared_at_the_moment() {
    let types = types(10);
    let event = NewEvent::new(Kind::parse("custom.a").unwrap()).with("n", 1);
    assert_eq!(types.faults(&event).await, Ok(Vec::new()));
    for (kind, faults) in [("string", 1), ("integer", 0), ("boolean", 1)] {
        let schema = json!({"properties": {"n": {"type": kind}}});
        types.declare("custom.a", &about(schema), Anything).await.unwrap();
        assert_eq!(types.faults(&event).await.unwrap().len(), faults, "{kind}");
    }
    types.forget("custom.a", Anything).await.unwrap();
    assert_eq!(types.faults(&event).await, Ok(Vec::new()));
    assert_eq!(types.forget("custom.a", Anything).await, Err(Error::Unknown));
    assert!(matches!(types.declare("custom.a", &about(json!({"$ref": "#"})), Anything).await, Err(Error::Schema(_))));
    assert!(matches!(types.get("custom.a").await, Err(Error::Unknown)));
}

#[actix::test]
async fn no_more_types_are_declared_than_may_be_also_at_once() {
    let types = types(3);
    let words: Vec<String> = (0..8).map(|number| format!("custom.t{number}")).collect();
    let anything = about(json!(true));
    let declaring = words.iter().map(|word| types.declare(word, &anything, Anything));
    let done = futures::future::join_all(declaring).await;
    assert_eq!(done.iter().filter(|declared| declared.is_ok()).count(), 3);
    assert!(done.iter().all(|declared| matches!(declared, Ok(_) | Err(Error::TooMany(3)))));
    let known = types.list(None, 10).await.unwrap();
    assert_eq!(types.declare(&known[0].word, &about(json!(false)), Anything).await.unwrap().version, 2);
    types.forget(&known[0].word, Anything).await.unwrap();
    types.declare("custom.new", &about(json!(true)), Anything).await.unwrap();
}

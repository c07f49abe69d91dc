//! Functions of the script language whose own versions count too little, or wait.

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString};

type Outcome = Result<(), Box<EvalAltResult>>;

/// Puts functions that keep to the limits in the place of those that do not.
pub(super) fn register(engine: &mut Engine, most_text: usize, most_items: usize) {
    engine.register_fn("sleep", |_: i64| refuse("a script cannot sleep; there is the node Delay"));
    engine.register_fn("sleep", |_: f64| refuse("a script cannot sleep; there is the node Delay"));
    engine.register_fn("replace", move |text: &mut ImmutableString, from: &str, to: &str| {
        replace(text, from, to, most_text)
    });
    engine.register_fn("replace", move |text: &mut ImmutableString, from: char, to: &str| {
        replace(text, from.encode_utf8(&mut [0; 4]), to, most_text)
    });
    engine.register_fn("replace", move |text: &mut ImmutableString, from: &str, to: char| {
        replace(text, from, to.encode_utf8(&mut [0; 4]), most_text)
    });
    engine.register_fn("pad", move |list: &mut Array, length: i64, item: Dynamic| pad(list, length, &item, most_items));
}

/// Replaces all occurrences, unless the text would become too large: only then is memory taken.
fn replace(text: &mut ImmutableString, from: &str, to: &str, most: usize) -> Outcome {
    if to.len() > from.len() {
        let more = text.matches(from).count().saturating_mul(to.len() - from.len());
        if text.len().saturating_add(more) > most {
            return refuse("the text would become too large");
        }
    }
    *text = text.replace(from, to).into();
    Ok(())
}

/// Makes a list longer.
fn pad(list: &mut Array, length: i64, item: &Dynamic, most: usize) -> Outcome {
    if item.is_array() || item.is_map() {
        return refuse("a list cannot be made longer by lists or objects");
    }
    let Ok(length) = usize::try_from(length) else { return Ok(()) };
    if length > most {
        return refuse("the list would become too large");
    }
    if length > list.len() {
        list.resize(length, item.clone());
    }
    Ok(())
}

fn refuse(why: &str) -> Outcome {
    Err(why.into())
}

//! What one rendering of a template may look at and make, counted before memory is taken.
//!
//! The engine counts steps, but a single step may repeat a text a million times or compare two long lists. So whatever
//! makes or reads values of any size asks here first.

use std::cell::Cell;
use std::time::{Duration, Instant};

use minijinja::value::{Rest, Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, filters, tests};

use super::super::bounded::LARGEST_TEXT;

/// Most bytes that are read, by all operators and filters of one rendering together.
const MOST_READ: usize = 128 * 1024 * 1024;

/// Most bytes of values that are made, by all operators and filters of one rendering together.
const MOST_MADE: usize = 32 * 1024 * 1024;

/// How long a rendering may take.
const LONGEST: Duration = Duration::from_secs(1);

/// Bytes of a value, apart from a long text or the items in it.
const ONE: usize = 24;

/// What the rendering on this thread may still do.
#[derive(Clone, Copy)]
struct Left {
    read: usize,
    made: usize,
    written: usize,
    until: Option<Instant>,
}

thread_local! {
    static LEFT: Cell<Left> = const { Cell::new(Left { read: 0, made: 0, written: 0, until: None }) };
}

/// Renders within a budget of its own.
pub(super) fn within<T>(render: impl FnOnce() -> T) -> T {
    LEFT.set(Left { read: MOST_READ, made: MOST_MADE, written: LARGEST_TEXT, until: Some(Instant::now() + LONGEST) });
    render()
}

fn spend(take: impl FnOnce(&mut Left) -> Option<()>, why: &'static str) -> Result<(), Error> {
    let mut left = LEFT.get();
    if left.until.is_some_and(|until| Instant::now() >= until) {
        return Err(refused("the template takes too long"));
    }
    take(&mut left).ok_or_else(|| refused(why))?;
    LEFT.set(left);
    Ok(())
}

fn read(bytes: usize) -> Result<(), Error> {
    let take = |left: &mut Left| {
        left.read = left.read.checked_sub(bytes)?;
        Some(())
    };
    spend(take, "the template looks at too much")
}

fn make(bytes: usize) -> Result<(), Error> {
    let take = |left: &mut Left| {
        left.made = left.made.checked_sub(bytes)?;
        Some(())
    };
    spend(take, "the template makes too large values")
}

fn write(bytes: usize) -> Result<(), Error> {
    let mut left = LEFT.get();
    left.written = left
        .written
        .checked_sub(bytes)
        .ok_or_else(|| refused(&format!("the text becomes larger than {LARGEST_TEXT} bytes")))?;
    LEFT.set(left);
    Ok(())
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, why.to_owned())
}

/// About how many bytes a value has, all that is in it included; looking is paid for.
#[expect(clippy::wildcard_enum_match_arm, reason = "all kinds but three are of one size")]
fn weigh(value: &Value) -> Result<usize, Error> {
    if let Some(text) = value.as_str() {
        read(ONE + text.len())?;
        return Ok(ONE + text.len());
    }
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            read(value.len().unwrap_or(0).saturating_mul(ONE))?;
            value.try_iter()?.try_fold(ONE, |sum, item| Ok(sum + weigh(&item)?))
        }
        ValueKind::Map => value.try_iter()?.try_fold(ONE, |sum, key| {
            let item = value.get_item(&key)?;
            Ok(sum + weigh(&key)? + weigh(&item)?)
        }),
        _ => {
            read(ONE)?;
            Ok(ONE)
        }
    }
}

/// Puts filters, tests and functions that keep to the budget in the place of those that do not.
pub(super) fn guard(environment: &mut Environment<'static>) {
    for (name, filter) in filters() {
        environment.add_filter(name, move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
            let args = args.into_values();
            let mut weight = 0;
            let mut parts = 0;
            for arg in args.iter() {
                weight += weigh(arg)?;
                parts += arg.as_str().map_or_else(|| arg.len().unwrap_or(0), str::len);
            }
            // At most a text of escapes, and a value for each character or item.
            make(weight.saturating_mul(if is_small(name) { 0 } else { 2 }))?;
            make(parts.saturating_mul(if takes_apart(name) { ONE } else { 0 }))?;
            let given = filter.call(state, &args)?;
            make(given.as_str().map_or(0, str::len))?;
            Ok::<Value, Error>(given)
        });
    }
    for (name, test) in comparisons() {
        environment.add_test(name, move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
            let args = args.into_values();
            args.iter().try_for_each(|arg| weigh(arg).map(drop))?;
            Ok::<bool, Error>(test.call(state, &args)?.is_true())
        });
    }
    environment.add_function("dict", |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
        let args = args.into_values();
        args.iter().try_for_each(|arg| make(weigh(arg)?))?;
        Value::from_function(minijinja::functions::dict).call(state, &args)
    });
    for operator in OPERATORS {
        environment.add_filter(operator, move |args: Rest<Value>| {
            operands(operator, &args)?;
            // In the order in which they are unpacked onto the stack again.
            Ok::<Value, Error>(args.iter().rev().cloned().collect())
        });
    }
    environment.set_formatter(|out, state, value| {
        if value.as_str().is_some() {
            write(value.as_str().map_or(0, str::len))?;
            return minijinja::escape_formatter(out, state, value);
        }
        make(weigh(value)?.saturating_mul(4))?;
        let text = value.to_string();
        write(text.len())?;
        minijinja::escape_formatter(out, state, &Value::from(text))
    });
}

/// The names under which operators ask for their operands; no template can name them.
pub(super) const REPEAT: &str = "*";
pub(super) const ADD: &str = "+";
pub(super) const JOIN: &str = "~";
pub(super) const SLICE: &str = "[:]";
pub(super) const COMPARE: &str = "==";
const OPERATORS: [&str; 5] = [REPEAT, ADD, JOIN, SLICE, COMPARE];

/// Asks for what an operator is about to make of its operands.
fn operands(operator: &str, args: &[Value]) -> Result<(), Error> {
    match (operator, args) {
        (REPEAT, [one, other]) => {
            let times = |value: &Value| usize::try_from(value.clone()).ok();
            match (repeated(one), repeated(other)) {
                (Some(size), _) => make(size.saturating_mul(times(other).unwrap_or(0))),
                (None, Some(size)) => make(size.saturating_mul(times(one).unwrap_or(0))),
                (None, None) => Ok(()),
            }
        }
        (ADD, args) => make(args.iter().filter_map(repeated).sum()),
        (JOIN, args) => args.iter().try_for_each(|arg| {
            let weight = weigh(arg)?;
            make(if arg.as_str().is_some() { weight } else { weight.saturating_mul(4) })
        }),
        (SLICE, [value, ..]) => make(weigh(value)?),
        (COMPARE, args) => args.iter().try_for_each(|arg| weigh(arg).map(drop)),
        _ => Ok(()),
    }
}

/// How many bytes a text or a list takes once more; nothing for what cannot be repeated.
#[expect(clippy::wildcard_enum_match_arm, reason = "only texts and lists can be repeated")]
fn repeated(value: &Value) -> Option<usize> {
    let items = || value.len().map(|len| len.saturating_mul(ONE));
    match value.kind() {
        ValueKind::String => value.as_str().map(str::len),
        ValueKind::Seq | ValueKind::Iterable => items(),
        _ => None,
    }
}

/// Whether what a filter gives is small, whatever it is given.
fn is_small(name: &str) -> bool {
    matches!(name, "length" | "count" | "first" | "last" | "min" | "max" | "sum")
}

/// Whether a filter makes a value of each character or item.
fn takes_apart(name: &str) -> bool {
    !is_small(name)
        && !matches!(name, "lower" | "upper" | "title" | "capitalize" | "trim" | "string" | "escape" | "e" | "safe")
}

fn filters() -> Vec<(&'static str, Value)> {
    vec![
        ("safe", Value::from_function(filters::safe)),
        ("escape", Value::from_function(filters::escape)),
        ("e", Value::from_function(filters::escape)),
        ("lower", Value::from_function(filters::lower)),
        ("upper", Value::from_function(filters::upper)),
        ("title", Value::from_function(filters::title)),
        ("capitalize", Value::from_function(filters::capitalize)),
        ("trim", Value::from_function(filters::trim)),
        ("string", Value::from_function(filters::string)),
        ("length", Value::from_function(filters::length)),
        ("count", Value::from_function(filters::length)),
        ("first", Value::from_function(filters::first)),
        ("last", Value::from_function(filters::last)),
        ("min", Value::from_function(filters::min)),
        ("max", Value::from_function(filters::max)),
        ("sum", Value::from_function(filters::sum)),
        ("dictsort", Value::from_function(filters::dictsort)),
        ("items", Value::from_function(filters::items)),
        ("reverse", Value::from_function(filters::reverse)),
        ("split", Value::from_function(filters::split)),
        ("lines", Value::from_function(filters::lines)),
        ("sort", Value::from_function(filters::sort)),
        ("list", Value::from_function(filters::list)),
        ("select", Value::from_function(filters::select)),
        ("reject", Value::from_function(filters::reject)),
        ("selectattr", Value::from_function(filters::selectattr)),
        ("rejectattr", Value::from_function(filters::rejectattr)),
        ("map", Value::from_function(filters::map)),
        ("groupby", Value::from_function(filters::groupby)),
        ("unique", Value::from_function(filters::unique)),
        ("chain", Value::from_function(filters::chain)),
        ("zip", Value::from_function(filters::zip)),
        ("replace", Value::from_function(super::replace)),
        ("join", Value::from_function(super::join)),
        ("indent", Value::from_function(super::indent)),
        ("tojson", Value::from_function(super::to_json)),
    ]
}

/// The tests that compare values of any size.
fn comparisons() -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    let mut add = |names: &[&'static str], test: Value| all.extend(names.iter().map(|name| (*name, test.clone())));
    add(&["eq", "equalto", "=="], Value::from_function(tests::is_eq));
    add(&["ne", "!="], Value::from_function(tests::is_ne));
    add(&["lt", "lessthan", "<"], Value::from_function(tests::is_lt));
    add(&["le", "<="], Value::from_function(tests::is_le));
    add(&["gt", "greaterthan", ">"], Value::from_function(tests::is_gt));
    add(&["ge", ">="], Value::from_function(tests::is_ge));
    add(&["in"], Value::from_function(tests::is_in));
    add(&["lower"], Value::from_function(tests::is_lower));
    add(&["upper"], Value::from_function(tests::is_upper));
    all
}

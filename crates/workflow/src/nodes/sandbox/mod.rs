//! Where scripts and expressions run: without files, network, clock or output, and within limits.
//!
//! What a script may hold is limited, each value and all of them together, and so is what it may do: operations are
//! counted, and past a second of time it is stopped. It runs within the loop of its workflow, on a stack large enough for the deepest value that it can make.

mod convert;
mod functions;
#[cfg(test)]
mod hostile;

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage,
    BasicStringPackage, LanguageCorePackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{AST, Dynamic, Engine, EvalAltResult, ParseError, Scope};

use crate::node::NodeError;
use crate::settings::Settings;
use crate::value::Value;

/// How long a script may run.
const LONGEST: Duration = Duration::from_secs(1);
/// How many operations there are from one look at the clock to the next.
const BETWEEN_LOOKS: u64 = 16;
/// Most bytes of a script.
const MOST_CODE: usize = 65_536;
/// Most bytes of texts in one value.
const MOST_TEXT: usize = 262_144;
/// Most items of lists, and most entries of objects, in one value with all that is in it.
const MOST_ITEMS: usize = 10_000;
/// Most bytes of memory that a script takes. Variables, arguments that wait for the others, and what functions further up
/// hold are many values, and the library limits each alone.
const MOST_HELD: isize = 64 << 20;
/// Bytes of the stack that a script runs on: enough to drop or to compare lists nested [`MOST_ITEMS`] deep. Memory is
/// taken for what is used of it.
const STACK: usize = 512 << 20;

/// Most bytes of code that runs on the stack there is, if it cannot repeat anything.
const SHORT: usize = 400;
/// What code must have to repeat something; functions of lists repeat what they are given as a function.
const REPEATS: [&str; 6] = ["for", "while", "loop", "do", "fn", "Fn"];

/// What the script that runs on this thread may still do.
#[derive(Clone, Copy)]
struct Allowance {
    operations: u64,
    until: Option<Instant>,
    /// What the thread held when it began.
    held: isize,
}

thread_local! {
    static ALLOWANCE: Cell<Allowance> = const { Cell::new(Allowance { operations: 0, until: None, held: 0 }) };
}

/// Code that is ready to run.
pub(super) struct Compiled {
    ast: AST,
    may_go_deep: bool,
}

impl Compiled {
    /// Whether it may make values nested so deeply that dropping them takes a stack of its own. Short code that cannot
    /// repeat anything only adds some levels to what it is given; it is spared the cost of such a stack.
    fn may_go_deep(&self) -> bool {
        self.may_go_deep
    }
}

/// Where scripts and expressions run.
pub(super) struct Sandbox {
    engine: Engine,
    operations: u64,
    longest: Duration,
    largest: usize,
}

impl Sandbox {
    /// A sandbox with the limits of the settings.
    pub(super) fn new(settings: &Settings) -> Self {
        let mut engine = Engine::new_raw();
        LanguageCorePackage::new().register_into_engine(&mut engine);
        ArithmeticPackage::new().register_into_engine(&mut engine);
        LogicPackage::new().register_into_engine(&mut engine);
        BasicMathPackage::new().register_into_engine(&mut engine);
        BasicStringPackage::new().register_into_engine(&mut engine);
        MoreStringPackage::new().register_into_engine(&mut engine);
        BasicArrayPackage::new().register_into_engine(&mut engine);
        BasicMapPackage::new().register_into_engine(&mut engine);
        BasicIteratorPackage::new().register_into_engine(&mut engine);
        BasicFnPackage::new().register_into_engine(&mut engine);
        functions::register(&mut engine, MOST_TEXT, MOST_ITEMS);
        // A function may carry values along, which no limit counts.
        engine.disable_symbol("eval").disable_symbol("curry");
        engine.set_max_call_levels(32).set_max_expr_depths(64, 32).set_max_variables(64).set_max_functions(64);
        engine.set_max_string_size(MOST_TEXT).set_max_array_size(MOST_ITEMS).set_max_map_size(MOST_ITEMS);
        engine.on_progress(|_| spend().err().map(Dynamic::from));
        Self { engine, operations: settings.max_script_operations, longest: LONGEST, largest: settings.max_value_bytes }
    }

    /// A script, ready to run; or what is wrong with it, with its place.
    pub(super) fn script(&self, code: &str) -> Result<Compiled, String> {
        self.compile(code, |engine| engine.compile(code))
    }

    /// A single expression, ready to run; or what is wrong with it, with its place.
    pub(super) fn expression(&self, code: &str) -> Result<Compiled, String> {
        self.compile(code, |engine| engine.compile_expression(code))
    }

    /// Does something with code, within one allowance of operations and time for all of it.
    pub(super) fn within<T>(
        &self,
        code: &Compiled,
        work: impl FnOnce() -> Result<T, NodeError>,
    ) -> Result<T, NodeError> {
        let until = Some(Instant::now() + self.longest);
        ALLOWANCE.set(Allowance { operations: self.operations, until, held: callboard_meter::held() });
        // The library may panic, where a script gives a sort an order that is none. What it has begun is dropped.
        let guarded = || panic::catch_unwind(AssertUnwindSafe(work));
        let done = if code.may_go_deep() { stacker::grow(STACK, guarded) } else { guarded() };
        done.unwrap_or_else(|_| Err("the script has failed inside".into()))
    }

    /// Runs code; only [`Sandbox::within`] an allowance.
    pub(super) fn run(&self, code: &Compiled, scope: &mut Scope<'_>) -> Result<Dynamic, NodeError> {
        // An expression without operations costs one as well, so that many of them come to an end.
        spend().map_err(NodeError::new)?;
        let given = self.engine.eval_ast_with_scope::<Dynamic>(scope, &code.ast);
        given.map_err(|error| NodeError::new(in_words(*error)))
    }

    /// What a script is given, [`Sandbox::within`] its allowance.
    pub(super) fn given(&self, value: &Value) -> Result<Dynamic, NodeError> {
        convert::dynamic(value, &|| Ok(fits()?))
    }

    /// What a script gives.
    pub(super) fn taken(&self, result: &Dynamic) -> Result<Value, NodeError> {
        convert::value(result, self.largest)
    }

    fn compile(
        &self,
        code: &str,
        compile: impl FnOnce(&Engine) -> Result<AST, ParseError>,
    ) -> Result<Compiled, String> {
        if code.len() > MOST_CODE {
            return Err(format!("it is longer than {MOST_CODE} bytes"));
        }
        let guarded = || panic::catch_unwind(AssertUnwindSafe(|| compile(&self.engine)));
        let ast = stacker::grow(STACK, guarded).map_err(|_| "it cannot be read".to_owned())?;
        let ast = ast.map_err(|error| error.to_string())?;
        Ok(Compiled { ast, may_go_deep: code.len() > SHORT || may_repeat(code) })
    }
}

fn may_repeat(code: &str) -> bool {
    let mut words = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    code.contains('|') || words.any(|word| REPEATS.contains(&word))
}

/// Takes one operation off the allowance, and looks at what else it allows.
fn spend() -> Result<(), &'static str> {
    let mut allowance = ALLOWANCE.get();
    allowance.operations = allowance.operations.checked_sub(1).ok_or("it takes too many operations")?;
    ALLOWANCE.set(allowance);
    fits()?;
    let looks = allowance.operations.is_multiple_of(BETWEEN_LOOKS);
    if looks && allowance.until.is_some_and(|until| Instant::now() >= until) {
        return Err("it takes too long");
    }
    Ok(())
}

/// Whether the script takes no more memory than it may.
fn fits() -> Result<(), &'static str> {
    let taken = callboard_meter::held().wrapping_sub(ALLOWANCE.get().held);
    if taken > MOST_HELD { Err("it takes too much memory") } else { Ok(()) }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all errors of scripts but one tell themselves best")]
fn in_words(error: EvalAltResult) -> String {
    match error {
        EvalAltResult::ErrorTerminated(reason, place) => match reason.into_immutable_string() {
            Ok(reason) => format!("{reason} ({place})"),
            Err(_) => format!("it was stopped ({place})"),
        },
        other => other.to_string(),
    }
}

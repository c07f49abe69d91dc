//! Scripts that try to take the server down: each must end in an error, within the limits.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rhai::Scope;

use super::{LONGEST, Sandbox};
use crate::settings::Settings;
use crate::value::Value;

fn run(sandbox: &Sandbox, code: &str) -> Result<Value, String> {
    let code = sandbox.script(code)?;
    let given = sandbox.within(&code, || sandbox.taken(&sandbox.run(&code, &mut Scope::new())?));
    given.map_err(|error| error.to_string())
}

/// Runs code on a thread with a stack as small as those of servers are, and tells how it failed.
fn error_of(code: &str) -> String {
    let owned = code.to_owned();
    let sandbox = Arc::new(Sandbox::new(&Settings::default()));
    let thread = thread::Builder::new().stack_size(2 << 20).spawn(move || run(&sandbox, &owned));
    match thread.unwrap().join().unwrap() {
        Ok(value) => panic!("{code:.60} ended well, with {} bytes", value.size()),
        Err(error) => error,
    }
}

#[test]
fn what_never_ends_is_stopped() {
    for code in [
        "loop { }",
        "while true { let x = 1; }",
        "for i in 0..9223372036854775807 { let x = i; }",
        "loop { try { loop { } } catch { } }",
        "fn f() { loop { } } f()",
        "let s = 0; for a in 0..100000 { for b in 0..100000 { s += 1 } } s",
    ] {
        let error = error_of(code);
        assert!(error.contains("it takes too"), "{code}: {error}");
    }
}

#[test]
fn what_grows_is_stopped() {
    for code in [
        "let s = \"x\"; loop { s += s; }",
        "let s = \"x\"; loop { s = `${s}${s}`; }",
        "let s = \"x\"; s.pad(1000000000, \"y\"); s",
        "let s = \"\"; s.pad(200000, \"a\"); let t = \"\"; t.pad(200000, \"b\"); s.replace(\"a\", t); s",
        "let s = \"\"; s.pad(200000, \"a\"); let t = \"\"; t.pad(200000, \"b\"); s.replace('a', t); s",
        "let a = [1]; loop { a += a; }",
        "let a = [1]; loop { a.push(a); }",
        "let a = []; loop { a.insert(0, 1); }",
        "let a = []; a.pad(9223372036854775807, 0); a",
        "let a = []; a.pad(9000, 0); let b = []; b.pad(9000, a); b",
        "let m = #{}; let i = 0; loop { m[`${i}`] = i; i += 1; }",
        "let m = #{}; loop { m = #{a: m, b: m}; }",
        "let s = \"\"; s.pad(200000, \"a\"); let a = []; for i in 0..9000 { a.push(s); } a",
    ] {
        let error = error_of(code);
        let said = ["too large", "exceeds", "longer by lists", "it takes too"].iter().any(|said| error.contains(said));
        assert!(said, "{code}: {error}");
    }
}

#[test]
fn what_takes_much_memory_in_many_values_is_stopped() {
    let list = "let a = []; a.pad(9000, 1); ";
    let maps = "let a = []; a.push(#{x: 1}); for i in 0..12 { a += a; } ";
    let names: String = (0..60).map(|at| format!("let b{at} = a; ")).collect();
    let mut sandbox = Sandbox::new(&Settings::default());
    // Only memory is to stop it, however slow the machine is.
    sandbox.longest = Duration::from_secs(600);
    for code in [
        format!("{list}f({}a)", "a,".repeat(20_000)),
        format!("{list}a.f({}a)", "a,".repeat(20_000)),
        format!("{maps}f({}a)", "a,".repeat(500)),
        format!("{list}{}a{}", format!("f({}", "a, ".repeat(40)).repeat(25), ")".repeat(25)),
        format!("fn f(n, a) {{ {names} if n > 0 {{ f(n - 1, a) }} }} {list}f(30, a)"),
        format!("{maps}{names}"),
    ] {
        let error = run(&sandbox, &code).unwrap_err();
        assert!(error.contains("it takes too much memory"), "{code:.60}: {error}");
    }
    let code = format!("{list}let s = 0; for i in 0..900 {{ s += a[i]; let b = a; }} s");
    assert_eq!(run(&sandbox, &code), Ok(Value::from(900)), "what was let go is not counted");
}

#[test]
fn what_a_script_is_given_counts_as_well() {
    let sandbox = Sandbox::new(&Settings::default());
    let code = sandbox.script("1").unwrap();
    let objects = Value::from(serde_json::Value::from(vec![serde_json::json!({"a": 1}); 200_000]));
    let given = sandbox.within(&code, || sandbox.given(&objects).map(drop));
    assert_eq!(given, Err("it takes too much memory".into()));
}

#[test]
fn what_recurses_is_stopped() {
    for code in ["fn f() { f() } f()", "fn f(x) { f(x) + f(x) } f(1)", "let f = |x, f| f.call(x, f); f.call(1, f)"] {
        let error = error_of(code);
        assert!(error.contains("Stack overflow"), "{code}: {error}");
    }
}

#[test]
fn code_that_is_too_deep_is_not_compiled() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(3000), close.repeat(3000));
    for code in [
        deep("(", ")"),
        deep("[", "]"),
        deep("#{a:", "}"),
        deep("{", "}"),
        deep("-", ""),
        deep("!", ""),
        deep("if true {", "}"),
        deep("|x| ", ""),
        deep("`${", "}`"),
        deep("loop {", "}"),
        deep("switch 1 { 1 => ", "}"),
    ] {
        let error = error_of(&code);
        assert!(error.contains("line"), "{code:.20}: {error}");
    }
    assert_eq!(error_of(&" ".repeat(65_537)), "it is longer than 65536 bytes");
}

#[test]
fn long_chains_take_no_stack() {
    for code in [
        format!("1{}", "+1".repeat(30_000)),
        format!("let x = #{{}}; x{}", ".y".repeat(30_000)),
        format!("let x = #{{}}; x{}", "?.y".repeat(20_000)),
        format!("let x = []; x{}", "[0]".repeat(20_000)),
        format!("let x = 1; x{}", ".f()".repeat(15_000)),
        format!("()?{}", "?()".repeat(15_000)),
        format!("()  {}", "??()".repeat(15_000)),
        format!("true{}", "&&true".repeat(10_000)),
        format!("if false {{}} {}", "else if false {}".repeat(4_000)),
        "let x = 1;".repeat(6_500),
    ] {
        let sandbox = Arc::new(Sandbox::new(&Settings::default()));
        let shown = code.chars().take(20).collect::<String>();
        let thread = thread::Builder::new().stack_size(2 << 20).spawn(move || run(&sandbox, &code).map(|_| ()));
        assert!(thread.unwrap().join().is_ok(), "{shown}");
    }
}

#[test]
fn values_nested_as_deep_as_can_be_take_no_more_stack_than_there_is() {
    let nest = "let a = []; let m = 0; for i in 0..4900 { a = [a]; a = #{x: a}; } let b = a; ";
    for end in [
        "a",
        "a == b",
        "a.to_string()",
        "a.to_debug()",
        "[a].contains(b)",
        "a.to_json()",
        "a = 1; b = 1; [[a]].nothing",
    ] {
        error_of(&format!("{nest}{end}"));
    }
}

#[test]
fn what_cannot_repeat_runs_on_the_stack_there_is() {
    let deep = (0..128).fold(Value::Null, |inner, _| serde_json::Value::Array(vec![inner.to_json()]).into());
    let wraps = "let x = [a]; ".to_owned() + &*"x = [[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]; ".repeat(6);
    let thread = thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let sandbox = Sandbox::new(&Settings::default());
        for end in ["let y = x; x == y", "x.to_debug()", "x"] {
            let code = sandbox.script(&format!("{wraps}{end}")).unwrap();
            assert!(!code.may_go_deep(), "{end}");
            let given = sandbox.within(&code, || {
                let mut scope = Scope::new();
                scope.push_dynamic("a", sandbox.given(&deep)?);
                sandbox.taken(&sandbox.run(&code, &mut scope)?)
            });
            assert!(given.is_ok() == (end != "x"), "{end}: {given:?}");
        }
    });
    assert!(thread.unwrap().join().is_ok());
}

#[test]
fn code_that_may_repeat_gets_a_stack_of_its_own() {
    let sandbox = Sandbox::new(&Settings::default());
    for (code, deep) in [
        ("a * 2 + b", false),
        ("a.format + b.before", false),
        ("for i in 0..3 { }", true),
        ("do { } while a", true),
        ("loop { }", true),
        ("fn f() { } f()", true),
        ("[1].map(|x| x)", true),
        ("Fn(\"f\")", true),
        (&format!("{}1", " ".repeat(400)), true),
    ] {
        assert_eq!(sandbox.script(code).unwrap().may_go_deep(), deep, "{code:.20}");
    }
}

#[test]
fn an_order_that_is_none_does_no_harm() {
    let sandbox = Sandbox::new(&Settings::default());
    let code =
        "let a = []; for i in 0..500 { a.push(i * 7919 % 501); } a.sort(|x, y| (x * 31 + y * 17) % 5 - 2); a.len";
    let given = run(&sandbox, code);
    assert!(given.is_ok() || given == Err("the script has failed inside".to_owned()), "{given:?}");
    assert_eq!(
        sandbox
            .within(&sandbox.script("1").unwrap(), || -> Result<(), _> { panic!("inside") })
            .map_err(|error| error.to_string()),
        Err("the script has failed inside".to_owned())
    );
}

#[test]
fn nothing_outside_can_be_reached() {
    for code in [
        "import \"/etc/passwd\" as x;",
        "eval(\"1\")",
        "open(\"/etc/passwd\")",
        "sleep(1)",
        "sleep(0.5)",
        "timestamp()",
        "Fn(\"eval\").call(\"1\")",
        "let f = |x| x; f.curry(1).call()",
        "let x = 1; let f = || x; f.call()",
    ] {
        error_of(code);
    }
}

#[test]
fn what_takes_long_with_few_operations_is_stopped_by_the_clock() {
    let settings = Settings { max_script_operations: u64::MAX, ..Settings::default() };
    let sandbox = Sandbox::new(&settings);
    let began = Instant::now();
    let error = run(&sandbox, "loop { }").unwrap_err();
    assert!(error.contains("it takes too long") && began.elapsed() >= LONGEST, "{error}");
}

//! Texts that nest in every way that a language has, to everything that parses them, on a stack as small as those of
//! servers are: each must be refused or run, and must not end the process.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::built_in;
use super::rig::Rig;
use crate::port::{Type, Widget};
use crate::settings::Settings;

/// Bytes of the stack of a thread that serves requests or runs nodes.
const STACK: usize = 2 << 20;

/// Bytes of the texts; deeper than that nothing goes on, because the limits of nesting are far below.
const LONG: usize = 8_000;

/// Most repetitions in them, which are far deeper than that, too; fewer in regular expressions, whose classes of Unicode
/// are large and whose nesting has a limit of 250.
const MANY: usize = 2_000;
const MANY_IN_PATTERNS: usize = 300;

/// Bytes of the largest texts that are read at all: of scripts, and of constants.
const LARGEST: [usize; 2] = [65_536, 262_144];

/// Every input that is parsed, with the others that its class needs.
fn parsers() -> Vec<(&'static str, &'static str, Json)> {
    vec![
        ("Template", "template", json!({"values": {"a": [[1]]}})),
        ("Script", "code", json!({"a": 1})),
        ("Expression", "expression", json!({"a": 1})),
        ("Map", "expression", json!({"items": [1]})),
        ("Filter", "expression", json!({"items": [1]})),
        ("SortBy", "expression", json!({"items": [1]})),
        ("Reduce", "expression", json!({"items": [1], "initial": 0})),
        ("JsonPath", "path", json!({"json": {"a": [[1]]}})),
        ("RegexMatch", "pattern", json!({"text": "aaa"})),
        ("Replace", "search", json!({"text": "aaa", "regex": true})),
        ("Pick", "key", json!({"json": {"a": 1}})),
        ("SetKey", "key", json!({"value": 1})),
        ("ParseJson", "text", json!({})),
        ("FormatTime", "format", json!({"seconds": 1})),
    ]
}

/// What is repeated, between what begins a text and what ends it; what closes it is repeated as well.
#[expect(clippy::too_many_lines, reason = "a table, one form a line")]
fn forms() -> Vec<(&'static str, &'static str, &'static str, &'static str, &'static str)> {
    let mut forms = Vec::new();
    let tags = [
        "not ",
        "-",
        "+",
        "a.",
        "a if a else ",
        "a and ",
        "a or ",
        "a ~ ",
        "a + ",
        "a * ",
        "a ** ",
        "a // ",
        "a == ",
        "a < ",
        "a in ",
        "a not in ",
        "a, ",
        "f(*",
        "f(**",
        "'a' ",
        "(a, ",
        "a[a:",
    ];
    forms.extend(tags.map(|piece| ("{{ ", piece, "a", "", " }}")));
    let behind = [
        ".a",
        "[0]",
        "[1:]",
        "()",
        "(1)",
        "|upper",
        "|default(1)",
        " is defined",
        " is not none",
        " if a",
        " is divisibleby 3",
    ];
    forms.extend(behind.map(|piece| ("{{ a", piece, "", "", " }}")));
    let brackets =
        [("(", ")"), ("[", "]"), ("{1: ", "}"), ("a[", "]"), ("a(", ")"), ("a|f(", ")"), ("(a,", ")"), ("-(", ")")];
    forms.extend(brackets.map(|(open, close)| ("{{ ", open, "a", close, " }}")));
    let blocks = [
        ("{% if a %}", "{% endif %}"),
        ("{% for a in a %}", "{% endfor %}"),
        ("{% with a = a %}", "{% endwith %}"),
        ("{% filter upper %}", "{% endfilter %}"),
        ("{% set a %}", "{% endset %}"),
        ("{% autoescape true %}", "{% endautoescape %}"),
        ("{% macro a() %}", "{% endmacro %}"),
        ("{% call a() %}", "{% endcall %}"),
        ("{% block a %}", "{% endblock %}"),
        ("{% if a %}{% else %}", "{% endif %}"),
        ("{% raw %}", "{% endraw %}"),
        ("{% set a = [a] %}", ""),
        ("{% set a = {1: a} %}", ""),
        ("{% set a = a|items %}", ""),
        ("{% set a = (a, a) %}", ""),
        ("{% set a = a + a %}", ""),
        ("{% set a = dict(b=a) %}", ""),
        ("{# ", " #}"),
        ("{{ ", " }}"),
        ("{% ", " %}"),
    ];
    forms.extend(blocks.map(|(open, close)| ("{% set a = [1] %}", open, "{{ a }}{{ a == a }}", close, "")));
    forms.push(("{% if a %}", "{% elif a %}", "", "", "{% endif %}"));
    let code = [
        ("(", ")"),
        ("[", "]"),
        ("{", "}"),
        ("#{a:", "}"),
        ("-", ""),
        ("!", ""),
        ("+", ""),
        ("|x| ", ""),
        ("a+", ""),
        ("a.b.", ""),
        ("a?.", ""),
        ("a[", "]"),
        ("f(", ")"),
        ("if true {", "}"),
        ("if a {} else ", ""),
        ("loop {", "}"),
        ("`${", "}`"),
        ("a = ", ""),
        ("a??", ""),
        ("a==", ""),
        ("a&&", ""),
        ("a||", ""),
        ("a**", ""),
        ("a..", ""),
        ("a in ", ""),
        ("switch 1 { 1 => ", "}"),
        ("let a = ", ""),
        ("a;", ""),
        ("/*", "*/"),
        ("\"", ""),
        ("fn f() {", "}"),
        ("try {", "} catch {}"),
        ("do {", "} while a"),
        ("for i in ", ""),
        ("return ", ""),
        ("throw ", ""),
        ("a,", ""),
        ("Fn(", ")"),
        ("a.f(", ")"),
        ("#", ""),
        ("'", ""),
    ];
    forms.extend(code.map(|(open, close)| ("", open, "a", close, "")));
    let paths = [
        (".a", ""),
        ("[0]", ""),
        ("[*]", ""),
        ("..a", ""),
        ("[?@", "]"),
        ("[?@.a[?", "]]"),
        ("[?match(value(@", "), 'a')]"),
        ("[0,", "]"),
        ("[1:", "]"),
        ("[\"a\"]", ""),
        ("[?count($", ")]"),
    ];
    forms.extend(paths.map(|(open, close)| ("$", open, "", close, "")));
    let filters = [
        ("(", ")"),
        ("!", ""),
        ("!(", ")"),
        ("@ && ", ""),
        ("@ || ", ""),
        ("@ == ", ""),
        ("length(", ")"),
        ("count(@[?", "])"),
        ("value($[?", "])"),
        ("match(@, '", "')"),
        ("@.a", ""),
    ];
    forms.extend(filters.map(|(open, close)| ("$[?", open, "@", close, "]")));
    let patterns = [
        ("(", ")"),
        ("(?:", ")"),
        ("(?i:", ")"),
        ("[", "]"),
        ("[^", "]"),
        ("[a&&[", "]]"),
        ("a|", ""),
        ("a*", ""),
        ("(a*", ")*"),
        ("(a{2}", "){2}"),
        ("(?P<a>", ")"),
        ("\\w", ""),
        ("a{1000}", ""),
        ("\\pL", ""),
        ("^", "$"),
        ("(|", ")"),
        ("?", ""),
        ("\\", ""),
    ];
    forms.extend(patterns.map(|(open, close)| ("", open, "a", close, "")));
    forms.extend(
        [("{\"a\":", "}"), ("[{\"a\":", "}]"), ("%Y", ""), ("%", ""), ("%-", ""), ("a.", ""), ("é", "")]
            .map(|(open, close)| ("", open, "1", close, "")),
    );
    forms
}

#[test]
fn nothing_that_nests_ends_the_process() {
    let threads: Vec<_> = parsers()
        .into_iter()
        .map(|(class, input, others)| {
            let thread = std::thread::Builder::new().stack_size(STACK).name(format!("{class}.{input}"));
            let each = move || {
                let mut rig = Rig::new(class, others);
                // All forms, and those that every language has in some way as large as can be.
                let most = if matches!(input, "pattern" | "search") { MANY_IN_PATTERNS } else { MANY };
                // Both classes with regular expressions read them in the same way, and reading them takes long.
                let is_other = |open: &str| class != "Replace" || open == "(";
                let all = forms().into_iter().filter(|(_, open, ..)| is_other(open)).map(|form| (form, LONG, most));
                let brackets = forms().into_iter().filter(|(_, open, ..)| *open == "(");
                let largest = brackets.flat_map(|form| LARGEST.map(|bytes| (form, bytes, bytes)));
                for ((begin, open, middle, close, end), bytes, most) in all.chain(largest) {
                    let times = (bytes - begin.len() - end.len() - middle.len()) / (open.len() + close.len());
                    let times = times.min(most);
                    let text = format!("{begin}{}{middle}{}{end}", open.repeat(times), close.repeat(times));
                    let faults = rig.set(input, json!(text)).faults();
                    let given = rig.run();
                    assert!(faults.is_empty() || given.is_err(), "{class}: {text:.60}");
                }
            };
            thread.spawn(each).unwrap()
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn every_input_that_is_code_is_tried() {
    let parsers = parsers();
    for class in built_in(&Settings::default()).unwrap().all() {
        for input in class.spec().inputs.iter().filter(|input| input.widget == Widget::Code && input.ty == Type::Text) {
            let tried = parsers.iter().any(|(name, port, _)| (*name, *port) == (class.spec().class, input.name));
            assert!(tried, "{}.{}", class.spec().class, input.name);
        }
    }
}

#[test]
fn what_takes_long_is_stopped() {
    let spread = json!((0..2000).collect::<Vec<_>>());
    let path = "$[?count($[?count($[?count($[*]) > 1]) > 1]) > 1]";
    let error = Rig::new("JsonPath", json!({"json": spread, "path": path})).run().unwrap_err();
    assert!(error.contains("takes too long"), "{error}");
    let text = json!("A".repeat(400_000));
    let mut rig =
        Rig::new("Replace", json!({"text": text, "search": ".*[^A-Z]|[A-Z]", "replacement": "", "regex": true}));
    let error = rig.run().unwrap_err();
    assert!(error.contains("takes too long"), "{error}");
    let mut rig = Rig::new(
        "RegexMatch",
        json!({"text": "a".repeat(4_000_000), "pattern": format!("{}.*{}", "(".repeat(200), ")".repeat(200))}),
    );
    assert!(rig.run().is_err());
    let pattern = "(?:a|b)*a(?:a|b){800}c";
    let long = json!([{"a": "ab".repeat(200_000)}]);
    let path = format!("$[?search(@.a, '{pattern}')]");
    let error = Rig::new("JsonPath", json!({"json": long, "path": path})).run().unwrap_err();
    assert!(error.contains("takes too long"), "{error}");
    let parts = Rig::new("Split", json!({"text": "a".repeat(200_000), "separator": ""})).run();
    assert_eq!(parts, Err("the text has more than 100000 parts".to_owned()));
}

proptest! {
    #[test]
    fn what_is_mixed_of_hostile_forms_ends_in_a_value_or_an_error(
        parser in 0..parsers().len(),
        pieces in prop::collection::vec((0..forms().len(), 1..40usize), 1..5),
    ) {
        let (class, input, others) = parsers().swap_remove(parser);
        let forms = forms();
        let (mut text, mut behind) = (String::new(), String::new());
        for (form, times) in pieces {
            let (begin, open, middle, close, end) = forms[form];
            text += &format!("{begin}{}{middle}", open.repeat(times));
            behind = format!("{}{end}{behind}", close.repeat(times));
        }
        let mut rig = Rig::new(class, others);
        let faults = rig.set(input, json!(text + &*behind)).faults();
        prop_assert!(faults.is_empty() || rig.run().is_err());
    }
}

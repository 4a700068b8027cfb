//! Texts that a mapping must survive.

use fastrand::Rng;

const NASTY: [&str; 30] = [
    "",
    " ",
    "\n",
    "\0",
    "\u{feff}",
    "\u{feff}{}",
    "{",
    "}",
    "{}",
    "[]",
    "[",
    "null",
    "true",
    "17",
    "-",
    "1e999",
    "\"",
    "\"text\"",
    "{\"id\":",
    "{\"id\":null}",
    "{\"id\":\"\"}",
    "{\"id\":\"\\ud800\"}",
    "{\"id\":\"a\",\"id\":\"b\"}",
    "{\"\\u0000\":\"\\u0000\\n\\r\\u2028\"}",
    "{} {}",
    "{}\n{}",
    "not json",
    "\r\n\r\n{\"id\":\r\n}",
    "{\"é\":\"Zoë 😀\"",
    "{\"id\":123456789012345678901234567890}",
];

/// What a value of a record becomes.
const VALUES: [&str; 8] = [
    "null",
    "-1",
    "1e308",
    "\"\"",
    "[]",
    "{}",
    "[[],{},null,\"\\n\"]",
    "\"\\u2028\\u0000 x\"",
];

/// How often each record is changed at random.
const CHANGES: usize = 60;

/// Returns texts of every kind: nasty ones, and records that are cut, garbled, or have other values. The same each time.
pub(super) fn texts(records: &[String]) -> Vec<String> {
    let mut texts: Vec<String> = NASTY.map(str::to_owned).to_vec();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        texts.push(open.repeat(10_000));
        texts.push(format!("{}1{}", open.repeat(10_000), close.repeat(10_000)));
    }
    texts.push(format!("{{\"id\":\"{}\"}}", "x".repeat(1 << 20)));
    let mut rng = Rng::with_seed(1);
    for record in records {
        texts.push(record.clone());
        texts.push(format!("\n  {record}\n"));
        for _ in 0..CHANGES {
            let at = rng.usize(..=record.len());
            let (before, after) = record.split_at(record.floor_char_boundary(at));
            texts.push(before.to_owned());
            let mut garbled = before.to_owned();
            garbled.push(rng.char(..));
            garbled.extend(after.chars().skip(1));
            texts.push(garbled);
            // The value after the next colon becomes another one.
            if let Some((between, value)) = after.split_once("\":") {
                let end = value.find([',', '}']).unwrap_or(value.len());
                let (_, rest) = value.split_at(end);
                let other = rng.choice(VALUES).unwrap_or_default();
                texts.push(format!("{before}{between}\":{other}{rest}"));
            }
        }
    }
    texts
}

//! The search for a secret in everything that might contain it.

use std::fmt::Write;

use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine};
use sophos_central_simulator::Request;

use crate::place::Place;

/// An encoder with its name.
type Encoder = (&'static str, fn(&str) -> String);

/// The encodings that docs/security.md names.
pub const ENCODERS: [Encoder; 8] = [
    ("as it is", str::to_owned),
    ("JSON", in_json),
    ("JSON in ASCII", |text| {
        in_json(text).replace('é', "\\u00e9")
    }),
    ("percent", |text| in_form(text).replace('+', "%20")),
    ("form", in_form),
    ("base64", |text| BASE64_STANDARD.encode(text)),
    ("base64 without padding", |text| {
        BASE64_STANDARD_NO_PAD.encode(text)
    }),
    ("base64url", |text| BASE64_URL_SAFE_NO_PAD.encode(text)),
];

fn in_json(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap();
    json[1..json.len() - 1].to_owned()
}

fn in_form(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Returns a text in each of these encodings, with the encoding's name.
pub fn encoded(secret: &str) -> Vec<(&'static str, String)> {
    ENCODERS
        .map(|(name, encode)| (name, encode(&format!("note: {secret}."))))
        .to_vec()
}

/// Returns a text in every form in which it could be written or sent.
pub fn forms(secret: &str) -> Vec<Vec<u8>> {
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let json = serde_json::to_string(secret).unwrap();
    let json = json.trim_matches('"').to_owned();
    let hex = secret.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    let mut forms: Vec<_> = [
        secret.to_owned(),
        form.replace('+', "%20"),
        form.to_lowercase(),
        form,
        json.replace('é', "\\u00e9"),
        json,
        secret.escape_debug().to_string(),
        secret.escape_default().to_string(),
        hex.to_uppercase(),
        hex,
        BASE64_STANDARD.encode(secret),
        BASE64_URL_SAFE_NO_PAD.encode(secret),
    ]
    .map(String::into_bytes)
    .to_vec();
    // Within a longer text that is encoded: its first and last bytes depend on their neighbours.
    for before in ["x", "xx"] {
        let whole = BASE64_STANDARD_NO_PAD.encode(format!("{before}{secret}"));
        forms.push(whole.as_bytes()[4..whole.len() - 4].to_vec());
    }
    forms.extend(ENCODERS.map(|(_, encode)| encode(secret).into_bytes()));
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// Returns whether these bytes contain the secret in any form.
pub fn holds(bytes: &[u8], secret: &str) -> bool {
    forms(secret).iter().any(|form| find(bytes, form))
}

/// Whether these bytes hold those. The first byte is compared apart: there are many forms, and whole memories to
/// search.
fn find(bytes: &[u8], form: &[u8]) -> bool {
    let mut windows = bytes.windows(form.len());
    windows.any(|window| window[0] == form[0] && window == form)
}

/// Returns everything that was sent in a request.
pub fn sent(request: &Request) -> Vec<u8> {
    let mut sent = format!(
        "{} {}?{}\n",
        request.method, request.path, request.raw_query
    );
    for (name, value) in &request.headers {
        writeln!(sent, "{name}: {value}").unwrap();
    }
    [sent.into_bytes(), request.body.clone()].concat()
}

/// Asserts that no file of the workplace contains the secret in any form. The state must be among them.
#[track_caller]
pub fn in_no_file(place: &Place, secret: &str) {
    let mut names = Vec::new();
    for path in place.work.files() {
        let bytes = std::fs::read(&path).unwrap();
        assert!(!holds(&bytes, secret), "{}", path.display());
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    assert!(names.iter().any(|name| name == "state.db"), "{names:?}");
}

#[test]
fn each_encoding_of_the_secret_is_found() {
    let secret = crate::place::CANARY;
    for form in forms(secret) {
        let text = [b"before ", form.as_slice(), b" after"].concat();
        assert!(holds(&text, secret), "{}", String::from_utf8_lossy(&form));
    }
    for offset in 0..3 {
        let whole = format!("{}{secret} and after", "x".repeat(offset));
        assert!(
            holds(BASE64_STANDARD.encode(whole).as_bytes(), secret),
            "{offset}"
        );
    }
    assert!(!holds(b"canary-5e1f0b", secret));
}

//! Looking for a secret in everything that it might have got into.

use std::fmt::Write;

use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine};
use sophos_central_simulator::Request;

use crate::place::Place;

/// A text in every form in which it could be written down or sent.
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
    forms
}

/// Whether these bytes hold the secret in any form.
pub fn holds(bytes: &[u8], secret: &str) -> bool {
    forms(secret)
        .iter()
        .any(|form| bytes.windows(form.len()).any(|window| window == form))
}

/// Everything that was sent in a request.
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

/// Asserts that no file of the workplace holds the secret in any form. The state must be among them.
#[track_caller]
pub fn in_no_file(place: &Place, secret: &str) {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(place.work.path(".")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!holds(&bytes, secret), "{}", path.display());
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    assert!(names.iter().any(|name| name == "state.db"), "{names:?}");
}

#[test]
fn each_form_is_found() {
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

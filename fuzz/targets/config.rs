//! A configuration: any text is valid, or each invalid field is reported with its place.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sophos_assets::config::{Config, FieldError, SCHEMA, is_loopback};
use sophos_assets::sophos::trust;
use sophos_assets::text::Text;
use url::Url;

static KNOWN: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(SCHEMA).expect("the schema is JSON"));

fuzz_target!(|bytes: &[u8]| {
    let text = &*Text::of(bytes).json;
    match Config::parse(text) {
        Ok(config) => check_config(text, &config),
        Err(errors) => check_errors(text, &errors),
    }
});

fn check_config(text: &str, config: &Config) {
    assert!(!config.client_id.trim().is_empty());
    assert!((1..=500).contains(&config.page_size));
    assert!(config.overlap <= 86_400);
    check_url(&config.token_url);
    check_url(&config.api_host);
    if let Some(range) = config.range {
        assert!(range.since.is_some() || range.until.is_some());
        assert!(range.until.is_none() || range.since < range.until);
    }
    if let Some(tenant) = &config.tenant {
        assert_eq!(trust::id(&tenant.id).as_ref(), Some(&tenant.id));
        let host = trust::api_host(tenant.api_host.as_str(), &config.api_host);
        assert_eq!(host.as_ref(), Some(&tenant.api_host));
        check_url(&tenant.api_host);
    }

    // Nothing that was set is lost or taken for something else.
    let set: Value = serde_json::from_str(text).expect("a configuration is JSON");
    assert_eq!(set["client_id"], *config.client_id);
    for (name, number) in [
        ("page_size", config.page_size.into()),
        ("overlap", config.overlap),
    ] {
        let value = set.get(name).filter(|value| !value.is_null());
        assert!(value.is_none_or(|value| *value == number), "{name}");
    }
}

fn check_url(url: &Url) {
    assert!(url.scheme() == "https" || is_loopback(url), "{url}");
    assert!(url.username().is_empty() && url.password().is_none());
}

fn check_errors(text: &str, errors: &[FieldError]) {
    assert!(!errors.is_empty());
    let set: Value = serde_json::from_str(text).unwrap_or_default();
    for error in errors {
        assert!(!error.message.is_empty(), "{}", error.field);
        let field = &error.field;
        let Some((parent, name)) = field.rsplit_once('/') else {
            assert_eq!(field, "", "a JSON Pointer is empty or begins with a slash");
            assert_eq!(errors.len(), 1, "what is wrong as a whole is said once");
            continue;
        };
        assert!(is_pointer(field), "{field} is no JSON Pointer (RFC 6901)");
        // It leads to a field that the schema knows, in an object that was set.
        let known = format!("{}/properties/{name}", parent.replace('/', "/properties/"));
        assert!(KNOWN.pointer(&known).is_some(), "{field}");
        assert!(set.pointer(parent).is_some_and(Value::is_object), "{field}");
        let twice = errors.iter().filter(|other| other.field == *field).count();
        assert_eq!(twice, 1, "{field}");
    }
}

/// RFC 6901, section 3: each part begins with a slash, and a tilde only as `~0` or `~1`.
fn is_pointer(text: &str) -> bool {
    let mut parts = text.split('~');
    parts.next().is_some_and(|first| first.starts_with('/'))
        && parts.all(|part| part.starts_with(['0', '1']))
}

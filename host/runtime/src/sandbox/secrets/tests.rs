//! What a component gets; and the secrets that the tests of what leaves and of what comes back are made with.

use http::{HeaderName, HeaderValue, Method, Request, request};

use super::*;
use crate::contract::manifest;

pub(super) const VALUE: &str = "canary+7f3a/\"é\" &=";
pub(super) const TOKEN_URL: &str = "https://id.example.com/token";

/// The secrets `client_secret`, bound to `token_url`, and `other`, bound to `other_url`.
pub(super) fn secrets(token_url: &str, value: &str) -> Secrets {
    let mut asked = manifest::tests::example();
    asked["config"]["properties"]["other_url"] = serde_json::json!({ "type": "string", "format": "uri", "default": "https://other.example.com" });
    let mut other = asked["secrets"][0].clone();
    other["name"] = "other".into();
    other["config_field"] = "other_url".into();
    asked["secrets"].as_array_mut().unwrap().push(other);
    let manifest = Manifest::parse(&asked.to_string()).unwrap();

    let config = serde_json::json!({ "token_url": token_url });
    let config = config.as_object().unwrap();
    let value = |name: &str| match name {
        "client_secret" => Some(value.into()),
        "other" => Some("canary-other".into()),
        _ => panic!("{name} is not asked for"),
    };
    Secrets::new(&manifest, config, value).unwrap()
}

pub(super) fn example_secrets() -> Secrets {
    secrets(TOKEN_URL, VALUE)
}

/// The same secrets with another value, made without a manifest, which takes a while.
pub(super) fn with_value(value: &str) -> Secrets {
    let secret = |value: &str, url: &str, field: &str| Secret {
        value: SecretString::from(value),
        spellings: spellings(value),
        placeholder: placeholder().unwrap(),
        config_key: format!("config.{field}"),
        origin: Some(Url::parse(url).unwrap().origin()),
    };
    let by_name = [
        ("client_secret", secret(value, TOKEN_URL, "token_url")),
        (
            "other",
            secret("canary-other", "https://other.example.com", "other_url"),
        ),
    ];
    Secrets {
        by_name: by_name
            .map(|(name, secret)| (name.to_owned(), secret))
            .into(),
    }
}

pub(super) fn placeholder_of(secrets: &Secrets) -> String {
    secrets.get("client_secret").unwrap().to_owned()
}

pub(super) fn head(headers: &[(&str, &str)]) -> request::Parts {
    let mut head = Request::new(()).into_parts().0;
    head.method = Method::POST;
    for (name, value) in headers {
        head.headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    head
}

#[test]
fn a_component_gets_a_placeholder_of_its_own_for_each_secret_and_run() {
    let (first, second) = (example_secrets(), example_secrets());
    let mut seen = std::collections::BTreeSet::new();
    for secrets in [&first, &second] {
        for name in ["client_secret", "other"] {
            let placeholder = secrets.get(name).unwrap();
            assert!(placeholder.starts_with(PREFIX), "{placeholder}");
            assert!(
                placeholder
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()),
                "{placeholder}"
            );
            assert!(
                seen.insert(placeholder.to_owned()),
                "{placeholder} comes twice"
            );
        }
        for name in ["unasked", "nothing", ""] {
            assert_eq!(secrets.get(name), None, "{name}");
        }
    }
    assert_eq!(Secrets::default().get("client_secret"), None);
}

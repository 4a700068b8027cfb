//! What `init` writes: a file that loads, whatever the component's texts are.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::config::fit::check_account;
use crate::config::secret_source::SecretSource;
use crate::config::{Config, DestinationConfig, SourceName};

/// The digest of a component.
const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn example() -> Value {
    json!({
        "manifest_version": 1, "name": "example-assets", "version": "0.1.0",
        "vendor": "3 Example Inc.", "product": "Example Central",
        "description": "Collects the devices that Example Central knows of, with their addresses, owners and health, a page at a time.",
        "ocsf": { "version": "1.6.0", "class_uid": 5001 }, "dialects": ["sekoia"],
        "config": {
            "type": "object", "additionalProperties": false, "required": ["client_id", "level", "zone"],
            "properties": {
                "client_id": { "title": "Client ID", "description": "From the console, under API credentials.", "type": "string" },
                "level": { "type": "integer", "default": 3 },
                "zone": { "type": "string", "default": "eu" },
                "token_url": { "title": "Token URL", "type": "string", "format": "uri", "default": "https://id.example.com/token" },
                "page_size": { "type": "integer", "default": 500 },
                "kinds": { "type": "array", "default": ["computer", "server"] },
                "map": { "type": "object", "default": { "a b": 0.5, "c": true } },
                "mode": { "enum": ["fast", "slow"] },
                "omit": { "title": "Omit", "description": "What to leave out.", "type": "array", "items": { "type": "string" }, "default": [] },
                "note": { "type": "string" },
                "tenant": { "title": "Tenant", "type": "object", "readOnly": true },
                "since": { "type": "string" }, "until": { "type": "string" }
            }
        },
        "secrets": [{ "name": "client_secret", "title": "Client secret", "description": "Shown once.", "config_field": "token_url" }],
        "hosts": ["id.example.com"], "rate_limits": []
    })
}

fn manifest() -> Manifest {
    Manifest::parse(&example().to_string()).unwrap()
}

fn load(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("asset-host.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(&path).unwrap()
}

#[test]
fn the_file_explains_every_field() {
    let text = configuration(
        &manifest(),
        DIGEST,
        Path::new("example-assets.wasm"),
        "acme",
        None,
    );
    for line in [
        "# Configuration of asset-host for Example Central, collected by the component example-assets 0.1.0.",
        "[account.acme]",
        "component = \"example-assets.wasm\"",
        "# Client ID: From the console, under API credentials.",
        "client_id = \"CHANGE-ME\"",
        "level = 3",
        "zone = \"eu\"",
        "# Token URL",
        "#token_url = \"https://id.example.com/token\"",
        "#page_size = 500",
        "#kinds = [\"computer\", \"server\"]",
        "#map = { \"a b\" = 0.5, \"c\" = true }",
        "#mode = \"fast\"",
        "# Omit: What to leave out.",
        "#omit = []",
        "#note = \"\"",
        "[account.acme.secrets]",
        "# Client secret: Shown once.",
        "client_secret = { env = \"_3_EXAMPLE_INC__CLIENT_SECRET\" }",
        "[account.acme.deliver]",
        "to = \"file\"",
        "path = \"acme.ndjson\"",
        "#to = \"stdout\"",
        "#full_every = \"7d\"",
        "#total = \"10m\"",
        "#call = \"5m\"",
        "#tls = \"10s\"",
        "#request = \"3m\"",
        "#hosts = [\"id.example.com\"]",
        "#allow_addresses = [\"10.0.0.0/8\"]",
        "#ca_file = \"authorities.pem\"",
        "#[account.acme.limits]",
        "#memory_bytes = \"256 MiB\"",
        "#requests = 100",
        "#cpu = \"1m\"",
        "#[state]",
        "#path = \"state.db\"",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}:\n{text}");
    }
    for field in ["since", "tenant"] {
        assert!(!text.contains(field), "{field}: {text}");
    }
    for line in text.lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
    }
}

#[test]
fn the_file_loads_and_lacks_only_what_a_person_knows() {
    let config = load(&configuration(
        &manifest(),
        DIGEST,
        Path::new("c.wasm"),
        "acme",
        None,
    ));
    let account = &config.accounts[0];
    let DestinationConfig::File(file) = &account.deliver else {
        panic!("no file");
    };
    let path = file.path(&SourceName {
        account: "acme",
        id: "t1",
        name: "Contoso",
        is_ambiguous: false,
    });
    assert!(path.ends_with("acme.ndjson"), "{path:?}");
    assert_eq!(
        account.secrets["client_secret"],
        SecretSource::Env("_3_EXAMPLE_INC__CLIENT_SECRET".into())
    );
    let problems = check_account(&manifest(), account);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].key, "account.acme.config.client_id");
}

#[test]
fn the_lines_that_are_commented_out_are_the_defaults() {
    let text = configuration(&manifest(), DIGEST, Path::new("c.wasm"), "acme", None);
    let as_written = load(&text);
    // Of the destinations an account has one; they have a test of their own.
    let mut elsewhere = true;
    let uncommented: String = text
        .lines()
        .filter(|line| {
            elsewhere = match *line {
                "to = \"file\"" => false,
                "#[account.acme.retry]" => true,
                _ => elsewhere,
            };
            let is_example = ["#sha256", "#hosts", "#allow_addresses", "#ca_file"]
                .iter()
                .any(|name| line.starts_with(name));
            !is_example && (elsewhere || !line.starts_with('#'))
        })
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let all = load(&uncommented);
    let (as_written, mut all) = (&as_written.accounts[0], all.accounts[0].clone());
    assert_eq!(all.config["token_url"], "https://id.example.com/token");
    assert_eq!(all.config["map"], json!({ "a b": 0.5, "c": true }));
    all.config = as_written.config.clone();
    // Each file was in a folder of its own.
    all.file = as_written.file.clone();
    all.component = as_written.component.clone();
    all.deliver = as_written.deliver.clone();
    assert_eq!(&all, as_written);
}

#[test]
fn the_examples_load_too() {
    let text = configuration(&manifest(), DIGEST, Path::new("c.wasm"), "acme", None);
    let uncommented = ["hosts", "allow_addresses", "ca_file"]
        .iter()
        .fold(text, |text, key| {
            text.replace(&format!("#{key} = "), &format!("{key} = "))
        });
    let account = &load(&uncommented).accounts[0];
    assert_eq!(account.hosts, Some(manifest().hosts));
    assert_eq!(account.allow_addresses.len(), 1);
    assert!(account.ca_file.is_some());
}

/// The file with the lines of another destination in the place of the file's.
fn delivering_to(text: &str, to: &str) -> String {
    let examples: Vec<&str> = text
        .lines()
        .skip_while(|line| *line != "to = \"file\"")
        .take_while(|line| *line != "#[account.acme.retry]")
        .collect();
    let mut blocks = examples.split(|line| line.is_empty());
    let written = blocks.next().unwrap();
    let chosen: Vec<&str> = blocks
        .filter(|block| {
            let names = |name: &str| block.contains(&format!("#to = \"{name}\"").as_str());
            let of_both = !["stdout", "sekoia", "http"].into_iter().any(names);
            names(to) || (to != "stdout" && of_both)
        })
        .flatten()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| !line.starts_with(' '))
        .collect();
    text.replace(&written.join("\n"), &chosen.join("\n"))
}

#[test]
fn the_examples_of_the_other_destinations_load_and_show_their_defaults() {
    let text = configuration(&manifest(), DIGEST, Path::new("c.wasm"), "acme", None);
    let deliver = |to| load(&delivering_to(&text, to)).accounts[0].deliver.clone();
    assert_eq!(deliver("stdout"), DestinationConfig::Stdout);
    let smallest = load(
        "[account.acme]\ncomponent = \"c\"\n[account.acme.deliver]\nto = \"sekoia\"\n\
         uuid = \"00000000-0000-4000-8000-000000000000\"\napi_key = { env = \"SEKOIA_API_KEY\" }",
    );
    assert_eq!(deliver("sekoia"), smallest.accounts[0].deliver);
    let DestinationConfig::Http(shown) = deliver("http") else {
        panic!("no http");
    };
    assert_eq!(shown.headers.len(), 1);
    let smallest = load(
        "[account.acme]\ncomponent = \"c\"\n[account.acme.deliver]\nto = \"http\"\n\
         url = \"https://intake.example.com/events\"\n\
         headers = { authorization = { env = \"INTAKE_TOKEN\", prefix = \"Bearer \" } }",
    );
    assert_eq!(DestinationConfig::Http(shown), smallest.accounts[0].deliver);
}

#[test]
fn a_component_without_fields_and_secrets_gets_a_file_too() {
    let mut changed = example();
    changed["config"] = json!({ "type": "object", "properties": {} });
    changed["secrets"] = json!([]);
    let manifest = Manifest::parse(&changed.to_string()).unwrap();
    let text = configuration(&manifest, DIGEST, Path::new("c.wasm"), "main", None);
    assert!(!text.contains("secrets]"), "{text}");
    let config = load(&text);
    assert_eq!(check_account(&manifest, &config.accounts[0]), []);
}

/// Runs `init` in a folder of its own that holds `c.wasm`.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("c.wasm"), "").unwrap();
        Self(folder)
    }

    fn init(&self, config: &str, account: &str, force: bool) -> anyhow::Result<String> {
        let command = args::Init {
            component: None,
            account: account.into(),
            dialect: None,
            force,
        };
        let (component, file) = (self.0.path().join("c.wasm"), self.0.path().join(config));
        let text = write(&manifest(), DIGEST, &component, &file, &command)?;
        let mut out = Vec::new();
        next_steps(&manifest(), &file, &file, &text, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }
}

#[test]
fn it_says_what_to_do_next() {
    let folder = Folder::new();
    let said = folder.init("my.toml", "acme", false).unwrap();
    let path = folder.0.path().join("my.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let number = 1 + text
        .lines()
        .position(|line| line == "client_id = \"CHANGE-ME\"")
        .unwrap();
    for part in [
        format!("Wrote {}", path.display()),
        format!("line {number}: client_id = \"CHANGE-ME\""),
        "put the Client secret into the environment variable _3_EXAMPLE_INC__CLIENT_SECRET".into(),
        format!("asset-host --config {} check", path.display()),
    ] {
        assert!(said.contains(&part), "{part}: {said}");
    }
    assert_eq!(said.matches("put your own value").count(), 1, "{said}");
}

#[test]
fn the_component_is_named_relative_to_the_file_if_it_lies_below() {
    let folder = Folder::new();
    folder.init("a.toml", "main", false).unwrap();
    let text = std::fs::read_to_string(folder.0.path().join("a.toml")).unwrap();
    assert!(text.contains("component = \"c.wasm\""), "{text}");

    std::fs::create_dir(folder.0.path().join("sub")).unwrap();
    folder.init("sub/b.toml", "main", false).unwrap();
    let config = Config::load(&folder.0.path().join("sub/b.toml")).unwrap();
    let component = &config.accounts[0].component;
    assert!(component.is_absolute(), "{component:?}");
    assert_eq!(
        component.canonicalize().unwrap(),
        folder.0.path().join("c.wasm").canonicalize().unwrap()
    );
}

#[test]
fn a_file_is_replaced_only_by_force() {
    let folder = Folder::new();
    let path = folder.0.path().join("a.toml");
    std::fs::write(&path, "mine\n".repeat(10_000)).unwrap();
    let message = folder
        .init("a.toml", "main", false)
        .unwrap_err()
        .to_string();
    for part in ["a.toml", "exists", "--force", "--config"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("mine"));
    folder.init("a.toml", "main", true).unwrap();
    Config::load(&path).unwrap();
}

#[test]
fn what_cannot_be_written_is_said() {
    let folder = Folder::new();
    let message = folder.init("a.toml", "a b", false).unwrap_err().to_string();
    assert!(message.contains("--account \"a b\""), "{message}");
    let message = folder
        .init("no/a.toml", "main", false)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("no/a.toml; its folder must exist"),
        "{message}"
    );
    std::fs::remove_file(folder.0.path().join("c.wasm")).unwrap();
    let message = folder
        .init("a.toml", "main", false)
        .unwrap_err()
        .to_string();
    assert!(message.contains("cannot find the component"), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A component's texts and defaults can never become lines of their own.
    #[test]
    fn no_text_of_a_component_gets_out_of_its_place(
        title in "(\\PC|[\\n\\r\\t\u{1b}\u{7f}\u{85}\u{2028}]|\\[account.evil\\]){0,60}",
        default in "(\\PC|[\\n\\r\\t\u{1b}\u{7f}\u{85}\u{2028}\"\\\\']){0,60}",
    ) {
        // Of these some are refused with the manifest already, which the file does not rely on.
        let mut manifest = manifest();
        let mut field = |name: &str, text: Option<&str>, default: Option<&str>| {
            let field = manifest.config.properties.as_mut().unwrap().get_mut(name).unwrap();
            (field.title, field.description) = (text.map(str::to_owned), text.map(str::to_owned));
            field.default = default.map(Value::from);
        };
        field("client_id", Some(&title), None);
        field("zone", None, Some(&default));
        field("token_url", None, Some(&default));
        let config = load(&configuration(&manifest, DIGEST, Path::new("c.wasm"), "acme", None));
        prop_assert_eq!(config.accounts.len(), 1);
        let account = &config.accounts[0];
        prop_assert_eq!(account.config.keys().collect::<Vec<_>>(), ["client_id", "level", "zone"]);
        prop_assert_eq!(&account.config["zone"], &json!(default));
    }
}

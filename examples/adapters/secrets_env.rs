//! Answers `secrets.get` from environment variables: the secret `client_secret` from `SECRET_CLIENT_SECRET`. The
//! connector itself sees an empty environment, so that it reads no secret but by its name, and prints to standard error.

use bindings::exports::inventory::connector::secrets::Guest as Secrets;
use bindings::exports::wasi::cli::environment::Guest as Environment;
use bindings::exports::wasi::cli::stdout::Guest as Stdout;
use bindings::wasi::cli::stderr;
use bindings::wasi::io::streams::OutputStream;

mod bindings {
    //! The world `secrets-env`, generated.
    #![allow(
        missing_docs,
        unsafe_code,
        clippy::all,
        clippy::restriction,
        reason = "generated code is not ours to document or to make safe"
    )]

    wit_bindgen::generate!({
        path: ["../../wit", "adapters.wit"],
        world: "inventory:adapters/secrets-env",
        generate_all,
    });
    use super::Component;
    export!(Component);
}

/// The component, whose exports are below.
struct Component;

impl Secrets for Component {
    fn get(name: String) -> Option<String> {
        std::env::var(format!("SECRET_{}", name.to_ascii_uppercase())).ok()
    }
}

/// What a connector prints is for people, and never among the events.
impl Stdout for Component {
    fn get_stdout() -> OutputStream {
        stderr::get_stderr()
    }
}

impl Environment for Component {
    fn get_environment() -> Vec<(String, String)> {
        Vec::new()
    }

    fn get_arguments() -> Vec<String> {
        Vec::new()
    }

    fn initial_cwd() -> Option<String> {
        None
    }
}

//! The engine: loads components and compiles them once.
//!
//! Compiled code is kept between runs: see [`crate::compiled`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tracing::debug;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Engine};

use crate::bindings::ConnectorApiPre;
use crate::bindings::inventory::connector::secrets;
use crate::compiled::Cache;
use crate::hex::hex;
use crate::sandbox::Sandbox;

/// How often a component that computes gives way, so that its time limit is noticed.
const TICK: Duration = Duration::from_millis(50);

/// Compiles and links components.
#[derive(Clone)]
pub struct Runtime {
    engine: Engine,
    cache: Cache,
}

/// A component that is ready to be instantiated.
#[derive(Clone)]
pub struct Loaded {
    /// The file it was read from.
    pub path: PathBuf,
    /// SHA-256 of its bytes, 64 hex digits in lower case.
    pub digest: String,
    /// The names of what it imports, such as `wasi:http/types@0.2.2`, in the component's order.
    pub imports: Arc<[String]>,
    pub(crate) engine: Engine,
    pub(crate) pre: ConnectorApiPre<Sandbox>,
}

/// Why a component cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file could not be read.
    #[error(
        "cannot read the component {path}: {source}. `make build` leaves it in dist/; `component` in \
             the account or --component names another file"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not the one that the account pins.
    #[error(
        "{path} is not the component that `sha256` pins: it has the digest {found}, the account says \
             {pinned}. Restore the file, or look at the new one with `asset-host describe` and pin its \
             digest"
    )]
    OtherDigest {
        /// The file.
        path: PathBuf,
        /// What the account says.
        pinned: String,
        /// What the file has.
        found: String,
    },
    /// The bytes are no WebAssembly component.
    #[error(
        "{path} is not a WebAssembly component: {why}. `component` in the account or --component names \
             another file"
    )]
    NoComponent {
        /// The file.
        path: PathBuf,
        /// What it is.
        why: String,
    },
    /// It is a component of another world.
    #[error(
        "{path} is a component, but not a connector of inventory:connector@0.1.0: {why}. It takes a \
             component that exports map, explain, describe, check, discover and collect"
    )]
    OtherWorld {
        /// The file.
        path: PathBuf,
        /// What is missing or in the way.
        why: String,
    },
}

impl Runtime {
    /// Starts the engine.
    ///
    /// # Errors
    ///
    /// When wasmtime does not support this machine.
    pub fn new() -> anyhow::Result<Self> {
        let mut config = Config::new();
        config.epoch_interruption(true);
        let engine = Engine::new(&config)?;
        let ticking = engine.weak();
        std::thread::Builder::new()
            .name("epoch".to_owned())
            .spawn(move || {
                while let Some(engine) = ticking.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    std::thread::sleep(TICK);
                }
            })?;
        let cache = Cache::of_user();
        Ok(Self { engine, cache })
    }

    /// Reads, compiles and links a component. `pinned` is the digest that it must have.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is not the pinned one, or is no connector.
    pub fn load(&self, path: &Path, pinned: Option<&str>) -> Result<Loaded, LoadError> {
        let path = path.to_owned();
        let bytes = std::fs::read(&path).map_err(|source| LoadError::Unreadable {
            path: path.clone(),
            source,
        })?;
        let digest = hex(&Sha256::digest(&bytes));
        if let Some(pinned) = pinned
            && !pinned.eq_ignore_ascii_case(&digest)
        {
            return Err(LoadError::OtherDigest {
                path,
                pinned: pinned.to_owned(),
                found: digest,
            });
        }
        let loaded = self.cache.load(&self.engine, &digest, &bytes);
        let (component, source) = loaded.map_err(|error| {
            let why = match bytes.get(..8) {
                Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => {
                    "it is a core module; build it for the target wasm32-wasip2".to_owned()
                }
                Some([0, b'a', b's', b'm', ..]) => first_line(&error),
                _ => "it does not begin like one".to_owned(),
            };
            LoadError::NoComponent {
                path: path.clone(),
                why,
            }
        })?;
        debug!(code = ?source, component = %path.display(), "loaded");
        let component_type = component.component_type();
        let imports = component_type.imports(&self.engine);
        let imports = imports.map(|(name, _)| name.to_owned()).collect();
        let pre = self
            .linker()
            .and_then(|linker| ConnectorApiPre::new(linker.instantiate_pre(&component)?))
            .map_err(|error| LoadError::OtherWorld {
                path: path.clone(),
                why: first_line(&error),
            })?;
        Ok(Loaded {
            path,
            digest,
            imports,
            engine: self.engine.clone(),
            pre,
        })
    }

    /// What a component may import: clocks, randomness, HTTP, secrets, and the parts of `wasi:cli` and
    /// `wasi:filesystem` that every Rust program imports, which are empty here.
    fn linker(&self) -> wasmtime::Result<Linker<Sandbox>> {
        let mut linker = Linker::new(&self.engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        secrets::add_to_linker::<_, HasSelf<_>>(&mut linker, |sandbox| sandbox)?;
        Ok(linker)
    }
}

fn first_line(error: &wasmtime::Error) -> String {
    let text = format!("{error:#}");
    text.lines().next().unwrap_or_default().to_owned()
}

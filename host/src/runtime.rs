//! The engine: loads components and compiles them once.
//!
//! Compiled code is kept between runs: see [`crate::compiled`].

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tracing::debug;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Engine};

use crate::bindings::ConnectorApiPre;
use crate::bindings::inventory::connector::secrets;
use crate::compiled::Cache;
use crate::hex::hex;
use crate::outgoing;
use crate::printable::fault;
use crate::sandbox::Sandbox;

/// How often a component that computes gives way, so that its time limit is noticed.
const TICK: Duration = Duration::from_millis(50);

/// The largest component file, in bytes: many times the one of this project, and room for one that brings an
/// interpreter along.
const LARGEST: u64 = 64 << 20;

/// How long a component may take to compile. The one of this project takes a second, so that a minute leaves room
/// for far larger ones on slow machines; what takes longer was written to keep the compiler busy.
const LONGEST_TO_COMPILE: Duration = Duration::from_secs(60);

/// The stack of the thread that compiles, in bytes: what a main thread has.
const COMPILE_STACK: usize = 8 << 20;

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
    /// The file is larger than any component may be.
    #[error(
        "{path} is larger than {} MiB, the most that a component may have. `component` in the account or \
             --component names another file", LARGEST >> 20
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// It took too long to compile.
    #[error(
        "{path} took longer than {} s to compile, which no ordinary component does: do not trust it, and report \
             it to its maker", LONGEST_TO_COMPILE.as_secs()
    )]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// There is no thread to compile it.
    #[error(
        "cannot start a thread to compile {path}: {source}. Let this user have more threads (ulimit -u) or memory"
    )]
    NoThread {
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
        // Both are for backtraces through a component, which nobody is shown; to compile with them takes 3 MiB more.
        config.generate_address_map(false);
        config.native_unwind_info(false);
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

    /// The engine, for who measures what it costs.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Reads, compiles and links a component. `pinned` is the digest that it must have.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is too large, is not the pinned one, takes too long to compile, or is no
    /// connector.
    pub fn load(&self, path: &Path, pinned: Option<&str>) -> Result<Loaded, LoadError> {
        let path = path.to_owned();
        let bytes = read(&path)?;
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
        let head = bytes.get(..8).map(<[u8]>::to_vec);
        let no_component = |why: String| LoadError::NoComponent {
            path: path.clone(),
            why,
        };
        let compile = {
            let (this, digest) = (self.clone(), digest.clone());
            move || this.cache.load(&this.engine, &digest, &bytes)
        };
        let loaded = within(LONGEST_TO_COMPILE, compile).map_err(|missed| match missed {
            Missed::TooLong => LoadError::TooLong { path: path.clone() },
            Missed::Panicked => no_component("the compiler gave up on it".to_owned()),
            Missed::NoThread(source) => LoadError::NoThread {
                path: path.clone(),
                source,
            },
        })?;
        let (component, source) = loaded.map_err(|error| {
            no_component(match head.as_deref() {
                Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => {
                    "it is a core module; build it for the target wasm32-wasip2".to_owned()
                }
                Some([0, b'a', b's', b'm', ..]) => first_line(&error),
                _ => "it does not begin like one".to_owned(),
            })
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
        outgoing::bound(&mut linker)?;
        secrets::add_to_linker::<_, HasSelf<_>>(&mut linker, |sandbox| sandbox)?;
        Ok(linker)
    }
}

/// Reads a component file, and no more of it than a component may have.
fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let bytes = File::open(path)
        .and_then(|file| {
            let length = file.metadata()?.len().min(LARGEST);
            let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
            file.take(LARGEST + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        })
        .map_err(|source| LoadError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
    if bytes.len() as u64 > LARGEST {
        return Err(LoadError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

/// Why there is no result of [`within`].
#[derive(Debug)]
enum Missed {
    TooLong,
    Panicked,
    NoThread(std::io::Error),
}

/// What `work` gives, on a thread of its own, if it does so in time. Else the thread goes on, as nothing can end it:
/// it goes with the process.
fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Missed> {
    let (done, result) = mpsc::sync_channel(1);
    let span = tracing::Span::current();
    std::thread::Builder::new()
        .name("compile".to_owned())
        .stack_size(COMPILE_STACK)
        // Nobody waits for what comes too late.
        .spawn(move || span.in_scope(|| drop(done.send(work()))))
        .map_err(Missed::NoThread)?;
    result.recv_timeout(limit).map_err(|error| match error {
        mpsc::RecvTimeoutError::Timeout => Missed::TooLong,
        mpsc::RecvTimeoutError::Disconnected => Missed::Panicked,
    })
}

/// The first line of an error, which may quote the component.
fn first_line(error: &wasmtime::Error) -> String {
    let text = format!("{error:#}");
    fault(text.lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_have_so_much_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.wasm");
        let file = File::create(&path).unwrap();
        let runtime = Runtime::new().unwrap();
        file.set_len(LARGEST + 1).unwrap();
        let error = runtime.load(&path, None).err().unwrap();
        assert!(matches!(error, LoadError::TooLarge { .. }), "{error}");
        file.set_len(LARGEST).unwrap();
        let error = runtime.load(&path, None).err().unwrap();
        assert!(matches!(error, LoadError::NoComponent { .. }), "{error}");
    }

    #[test]
    fn who_waits_for_work_is_not_held_by_it() {
        assert_eq!(within(LONGEST_TO_COMPILE, || 7).unwrap(), 7);
        let (end, ended) = mpsc::channel::<()>();
        let missed = within(Duration::from_millis(1), move || ended.recv()).unwrap_err();
        assert!(matches!(missed, Missed::TooLong), "{missed:?}");
        drop(end);
        let missed = within(LONGEST_TO_COMPILE, || panic!("on purpose")).unwrap_err();
        assert!(matches!(missed, Missed::Panicked), "{missed:?}");
    }

    #[test]
    fn what_an_error_quotes_steers_nothing() {
        let error = wasmtime::Error::msg(format!("import `{}`\u{1b}[2J\nmore", "x".repeat(600)));
        let line = first_line(&error);
        assert_eq!(line.chars().count(), 501);
        let error = wasmtime::Error::msg("import `\u{1b}[2J\u{202e}`\nmore");
        assert_eq!(first_line(&error), "import ` [2J `");
    }
}

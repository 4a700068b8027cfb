//! The engine: loads components and compiles them once.
//!
//! Compiled code is kept between runs: see [`crate::sandbox::code_cache`].

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use tracing::debug;
use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::contract::bindings::ConnectorApiPre;
use crate::contract::bindings::inventory::connector::secrets;
use crate::contract::version::{self, Misfit, OFFERED};
use crate::sandbox::code_cache::{Cache, deserialize};
use crate::sandbox::compile::{CompileError, Compiler, engine};
use crate::sandbox::instance::Sandbox;
use crate::sandbox::outgoing;
use crate::text::hex::hex;
use crate::text::printable::fault;

/// How often a component that computes yields, so that its time limit is noticed.
const TICK: Duration = Duration::from_millis(50);

/// The largest component file, in bytes: many times the one of this project, and room for one that brings an
/// interpreter along.
pub const MAX_COMPONENT_BYTES: u64 = 64 << 20;

/// Compiles and links components.
#[derive(Clone)]
pub struct Runtime {
    engine: Engine,
    /// Keeps compiled code between runs, if there is one.
    cache: Option<Cache>,
    /// Compiles in a process of its own; in this one if `None`.
    compiler: Option<Compiler>,
    /// The last component of each file that could not be compiled: its digest, and why. It is not compiled again in
    /// each run of a service.
    failed: Arc<Mutex<HashMap<PathBuf, (String, CompileError)>>>,
    /// The components that are in use, by digest.
    linked: Arc<Mutex<HashMap<String, Arc<OnceCell<Linked>>>>>,
}

/// A component that is compiled and linked, once for all who load it.
struct Linked {
    imports: Arc<[String]>,
    pre: ConnectorApiPre<Sandbox>,
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
    /// Keeps it among those that are in use.
    _linked: Arc<OnceCell<Linked>>,
}

/// Why the engine cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime does not support this machine.
    #[error("the WebAssembly engine does not support this machine: {0:#}")]
    Unsupported(#[from] wasmtime::Error),
    /// No thread can be started.
    #[error("the engine's clock cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Why a component cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{} {why}", path.display())]
pub struct LoadError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub why: Unusable,
}

/// Why a component cannot be used: what is said of its file.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The file cannot be read.
    #[error(
        "cannot be read: {0}. `make build` leaves the component in dist/; `component` in the account or --component names \
         another file"
    )]
    Unreadable(#[from] std::io::Error),
    /// The file is larger than any component may be.
    #[error(
        "is larger than {} MiB, the most that a component may have. `component` in the account or --component names \
         another file",
        MAX_COMPONENT_BYTES >> 20
    )]
    TooLarge,
    /// It takes more to compile than any ordinary component.
    #[error(
        "cannot be used: {0}, unlike any ordinary component. Do not trust it, and report it to its maker; it is not \
         compiled again until the file changes or asset-host is restarted"
    )]
    Uncompilable(String),
    /// There is no process to compile it.
    #[error("was not compiled: {0}")]
    NotCompiled(CompileError),
    /// The file is not the one that the account pins.
    #[error(
        "is not the component that `sha256` pins: it has the digest {found}, the account says {pinned}. Restore the file, \
         or look at the new one with `asset-host describe` and pin its digest"
    )]
    OtherDigest {
        /// What the account says.
        pinned: String,
        /// What the file has.
        found: String,
    },
    /// It is not a WebAssembly component.
    #[error(
        "is not a WebAssembly component: {0}. `component` in the account or --component names another file"
    )]
    NotAComponent(String),
    /// It is built for another version of the contract, or for another contract.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// It names the contract's interfaces, but imports more than the host provides or exports other types.
    #[error(
        "is a component, but not a connector of inventory:connector {OFFERED}: {0}. Build it anew with the wit/ of this \
         host"
    )]
    OtherWorld(String),
}

impl From<CompileError> for Unusable {
    fn from(error: CompileError) -> Self {
        match error {
            CompileError::Invalid(why) => Self::NotAComponent(why),
            CompileError::Unfit(why) => Self::Uncompilable(why),
            CompileError::System(_) => Self::NotCompiled(error),
        }
    }
}

impl Runtime {
    /// Starts an engine that compiles components in this process and keeps no compiled code.
    ///
    /// # Errors
    ///
    /// When wasmtime does not support this machine, or no thread can be started.
    pub fn new() -> Result<Self, EngineError> {
        let engine = engine()?;
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
        Ok(Self {
            engine,
            cache: None,
            compiler: None,
            failed: Arc::default(),
            linked: Arc::default(),
        })
    }

    /// Returns one that compiles components by `compiler`, with limits on memory and time.
    #[must_use]
    pub fn with_compiler(mut self, compiler: Compiler) -> Self {
        self.compiler = Some(compiler);
        self
    }

    /// Returns one that keeps compiled code in `cache` between runs.
    #[must_use]
    pub fn with_cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// The engine, for who measures what it costs.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Reads, compiles and links a component; those that have the same digest share the result. `pinned` is the digest
    /// that it must have.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is too large, is not the pinned one, takes too much to compile, or is no
    /// connector.
    pub async fn load(&self, path: &Path, pinned: Option<&str>) -> Result<Loaded, LoadError> {
        self.try_load(path, pinned).await.map_err(|why| LoadError {
            path: path.to_owned(),
            why,
        })
    }

    async fn try_load(&self, path: &Path, pinned: Option<&str>) -> Result<Loaded, Unusable> {
        let bytes = read(path)?;
        let digest = hex(&Sha256::digest(&bytes));
        if let Some(pinned) = pinned
            && !pinned.eq_ignore_ascii_case(&digest)
        {
            return Err(Unusable::OtherDigest {
                pinned: pinned.to_owned(),
                found: digest,
            });
        }
        let other = match bytes.get(..8) {
            Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => {
                Some("it is a core module; build it for the target wasm32-wasip2")
            }
            Some([0, b'a', b's', b'm', ..]) => None,
            _ => Some("it does not begin like one"),
        };
        if let Some(other) = other {
            return Err(Unusable::NotAComponent(other.to_owned()));
        }
        let cell = self.in_use(&digest);
        let linked = cell
            .get_or_try_init(|| self.link(path, &digest, &bytes))
            .await?;
        Ok(Loaded {
            path: path.to_owned(),
            digest,
            imports: Arc::clone(&linked.imports),
            engine: self.engine.clone(),
            pre: linked.pre.clone(),
            _linked: Arc::clone(&cell),
        })
    }

    /// Returns the place of a component among those that are in use, and forgets those that no longer are.
    fn in_use(&self, digest: &str) -> Arc<OnceCell<Linked>> {
        let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        linked.retain(|other, cell| other == digest || Arc::strong_count(cell) > 1);
        Arc::clone(linked.entry(digest.to_owned()).or_default())
    }

    async fn link(&self, path: &Path, digest: &str, bytes: &[u8]) -> Result<Linked, Unusable> {
        let compile = async || self.compile(path, digest, bytes).await;
        let component = match &self.cache {
            Some(cache) => cache.load(&self.engine, digest, compile).await?,
            None => deserialize(&self.engine, &compile().await?).map_err(CompileError::from)?,
        };
        let component_type = component.component_type();
        let imports = component_type.imports(&self.engine);
        let imports: Arc<[String]> = imports.map(|(name, _)| name.to_owned()).collect();
        let exports = component_type.exports(&self.engine).map(|(name, _)| name);
        version::check(imports.iter().map(String::as_str), exports)?;
        let pre = self
            .linker()
            .and_then(|linker| ConnectorApiPre::new(linker.instantiate_pre(&component)?))
            .map_err(|error| Unusable::OtherWorld(first_line(&error)))?;
        Ok(Linked { imports, pre })
    }

    /// Compiles a component, unless the same one in that file could not be compiled before.
    async fn compile(
        &self,
        path: &Path,
        digest: &str,
        component: &[u8],
    ) -> Result<Vec<u8>, CompileError> {
        let failed = || self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, why)) = failed().get(path)
            && known == digest
        {
            return Err(why.clone());
        }
        debug!(component = %path.display(), "compiling");
        let compiled = match &self.compiler {
            Some(compiler) => compiler.compile(component).await,
            None => compile_here(self.engine.clone(), component.to_vec()).await,
        };
        match &compiled {
            // Another attempt may succeed.
            Ok(_) | Err(CompileError::System(_)) => failed().remove(path),
            Err(why) => failed().insert(path.to_owned(), (digest.to_owned(), why.clone())),
        };
        compiled
    }

    /// Returns a linker with what a component may import: clocks, randomness, HTTP, secrets, and the parts of `wasi:cli` and
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

/// Compiles a component in this process, within no limits.
async fn compile_here(engine: Engine, component: Vec<u8>) -> Result<Vec<u8>, CompileError> {
    let compile = move || engine.precompile_component(&component);
    let compiled = tokio::task::spawn_blocking(compile).await;
    let compiled = compiled.map_err(CompileError::crash)?;
    compiled.map_err(|error| CompileError::Invalid(first_line(&error)))
}

/// Reads a component file, and no more of it than a component may have.
fn read(path: &Path) -> Result<Vec<u8>, Unusable> {
    let file = File::open(path)?;
    let length = file.metadata()?.len().min(MAX_COMPONENT_BYTES);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.take(MAX_COMPONENT_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_COMPONENT_BYTES {
        return Err(Unusable::TooLarge);
    }
    Ok(bytes)
}

/// Returns the first line of an error, which may quote the component.
fn first_line(error: &wasmtime::Error) -> String {
    let text = format!("{error:#}");
    fault(text.lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::compile::MAX_COMPILE_TIME;

    #[tokio::test]
    async fn a_file_may_have_so_much_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.wasm");
        let file = File::create(&path).unwrap();
        let runtime = Runtime::new().unwrap();
        file.set_len(MAX_COMPONENT_BYTES + 1).unwrap();
        let error = runtime.load(&path, None).await.err().unwrap();
        assert!(
            matches!(
                error,
                LoadError {
                    why: Unusable::TooLarge,
                    ..
                }
            ),
            "{error}"
        );
        file.set_len(MAX_COMPONENT_BYTES).unwrap();
        let error = runtime.load(&path, None).await.err().unwrap();
        assert!(
            matches!(
                error,
                LoadError {
                    why: Unusable::NotAComponent(_),
                    ..
                }
            ),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_component_that_takes_too_much_is_not_compiled_again_until_its_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.wasm");
        let compiled = folder.path().join("compiled");
        let script = format!(
            "cat >/dev/null; echo once >>'{}'; echo 'memory allocation of 9 bytes failed' >&2; kill -ABRT $$",
            compiled.display()
        );
        let runtime = Runtime {
            cache: None,
            compiler: Some(Compiler::by_script(
                folder.path(),
                &script,
                MAX_COMPILE_TIME,
            )),
            ..Runtime::new().unwrap()
        };
        for (content, times) in [("a", 1), ("a", 1), ("b", 2), ("b", 2), ("a", 3)] {
            std::fs::write(&path, format!("\0asm\x0d\0\x01\0{content}")).unwrap();
            let error = runtime.load(&path, None).await.err().unwrap();
            assert!(
                matches!(
                    error,
                    LoadError {
                        why: Unusable::Uncompilable(_),
                        ..
                    }
                ),
                "{error}"
            );
            let compiled = std::fs::read_to_string(&compiled).unwrap();
            assert_eq!(compiled.lines().count(), times);
        }
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

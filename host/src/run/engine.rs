//! The engine of this program: it compiles in a process of its own, and keeps compiled code in the user's cache.

use std::env;
use std::path::PathBuf;

use crate::sandbox::code_cache::Cache;
use crate::sandbox::compile::Compiler;
use crate::sandbox::engine::Runtime;

/// The folder's name in the user's cache.
const FOLDER: &str = "asset-host";

/// Starts the engine.
///
/// # Errors
///
/// When this machine is not supported, or the system does not tell where this program is.
pub(crate) fn start() -> anyhow::Result<Runtime> {
    let runtime = Runtime::new()?.with_compiler(Compiler::of_this_program()?);
    Ok(match cache_folder() {
        Some(folder) => runtime.with_cache(Cache::in_folder(folder)),
        None => runtime,
    })
}

/// Returns `asset-host` in `$XDG_CACHE_HOME`, else in `~/.cache`; `None` without either.
fn cache_folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    Some(caches?.join(FOLDER))
}

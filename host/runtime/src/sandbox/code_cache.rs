//! Compiled code, kept between runs in a folder that only the user can write.
//!
//! To compile a component takes a second; to read its code back takes milliseconds. But whoever can write that
//! code runs as the user, outside of every sandbox. So the folder and each file are judged before use, by what is
//! opened and not by its name, and where anybody else could have written them the component is compiled anew.
//!
//! A file is the SHA-256 of the code, then the code. Its name says which component, engine, settings and version
//! of this program it is of. Whatever is wrong with it costs the time to compile, never a run.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, Metadata};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Mode, OFlags};
use sha2::{Digest, Sha256};
use tracing::{debug, warn};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::text::hex::hex;

/// How the names of compiled code end.
const EXTENSION: &str = "compiled";

/// How long code is kept that nothing replaces. To compile again is cheap.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How many bytes the digest takes at the beginning of a file.
const DIGEST: usize = 32;

/// Where a component's code came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// It was compiled.
    Compiled,
    /// It was read from the cache.
    Cached,
}

/// The folder with compiled code.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    /// None where the environment names no folder for it.
    folder: Option<PathBuf>,
    /// Whether it was told already that the folder is not used.
    warned: Arc<AtomicBool>,
}

/// Why the cache is not used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    /// Somebody else may have written it; the sentence says what is wrong and what to do.
    #[error("{0}")]
    Unsafe(String),
    /// It cannot be opened, read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<rustix::io::Errno> for Unusable {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}

impl Cache {
    /// The cache in this folder, which is created when something is kept.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self {
            folder: Some(folder),
            warned: Arc::default(),
        }
    }

    /// The component whose SHA-256 is `digest`, and where its code came from. What `compile` returns is kept. A
    /// cache that cannot be used is reported once in the log.
    ///
    /// # Errors
    ///
    /// When `compile` fails, or returns code of another engine.
    pub async fn load<E: From<wasmtime::Error>>(
        &self,
        engine: &Engine,
        digest: &str,
        compile: impl AsyncFnOnce() -> Result<Code, E>,
    ) -> Result<(Component, Source), E> {
        let name = name(engine, digest);
        let folder = self.folder.as_deref().and_then(|path| {
            let opened = Folder::open(path);
            opened.map_err(|why| self.tell(path, &why)).ok()
        });
        // A file that somebody else may have written is not replaced either: a person is to look at it.
        let mut keep = true;
        if let Some(folder) = &folder {
            match folder.read(&name) {
                Ok(Some(code)) => match deserialize(engine, code.bytes()) {
                    Ok(component) => return Ok((component, Source::Cached)),
                    Err(error) => debug!("compiled code is of no use, compiling anew: {error:#}"),
                },
                Ok(None) => {}
                Err(why) => {
                    self.tell(&folder.path, &why);
                    keep = false;
                }
            }
        }
        let code = compile().await?;
        let component = deserialize(engine, code.bytes())?;
        if let Some(folder) = folder.filter(|_| keep)
            && let Err(why) = folder.write(&name, &code)
        {
            self.tell(&folder.path, &why);
        }
        Ok((component, Source::Compiled))
    }

    /// Tells once why the cache is not used.
    fn tell(&self, path: &Path, why: &Unusable) {
        let why = match why {
            Unusable::Unsafe(why) => why.clone(),
            Unusable::Io(why) => format!("{}: {why}", path.display()),
        };
        if self.warned.swap(true, Ordering::Relaxed) {
            debug!("no cache of compiled code: {why}");
        } else {
            warn!("compiled code is not kept, so each start compiles: {why}");
        }
    }
}

/// Makes a component of code that this program compiled.
#[allow(
    unsafe_code,
    reason = "the only way to use compiled code; its bytes are in memory already, are whole by their digest, and \
              come from this program, by a pipe or by a folder and a file that only the user can write"
)]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: this is what `Engine::precompile_component` returned in a process of this program, whole by its digest. It
    // comes by the pipe of that process, or by `Folder::read`, which returns only what `Folder::write` wrote: the folder
    // and the file belong to the effective user, and nobody else may write them. wasmtime itself refuses the code of
    // another version or other settings.
    unsafe { Component::deserialize(engine, code) }
}

/// The name of the file with a component's code for an engine.
fn name(engine: &Engine, digest: &str) -> OsString {
    let mut hasher = Sha256Hasher(Sha256::new());
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let settings = hex(&hasher.0.finalize());
    let settings = settings.get(..32).unwrap_or(&settings);
    format!("{digest}-{settings}.{EXTENSION}").into()
}

/// SHA-256 as a hasher, as the standard one is not the same in the next version.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest
            .iter()
            .take(8)
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
    }
}

/// Compiled code behind its digest, as it is in a file.
#[derive(Debug)]
pub struct Code(Vec<u8>);

impl Code {
    /// Puts the digest before code.
    pub fn of(code: &[u8]) -> Self {
        Self([&Sha256::digest(code)[..], code].concat())
    }

    /// The code in a file; none where it is torn.
    pub fn of_file(content: Vec<u8>) -> Option<Self> {
        Some(Self(content)).filter(Self::is_whole)
    }

    /// The content of a file with this code.
    pub fn as_file(&self) -> &[u8] {
        &self.0
    }

    fn is_whole(&self) -> bool {
        let digest = self.0.get(..DIGEST);
        digest.is_some_and(|digest| Sha256::digest(self.bytes())[..] == *digest)
    }

    fn bytes(&self) -> &[u8] {
        self.0.get(DIGEST..).unwrap_or_default()
    }
}

/// The open folder; what is done in it is done in this very folder, whatever becomes of its name.
struct Folder {
    path: PathBuf,
    opened: File,
}

impl Folder {
    /// Opens the folder, creates it where it is missing, and judges it.
    fn open(path: &Path) -> Result<Self, Unusable> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .or_else(|error| {
                // A dangling link; its fault is reported below.
                if path.is_symlink() {
                    Ok(())
                } else {
                    Err(error)
                }
            })?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(opened) => File::from(opened),
            Err(_) if path.is_symlink() => {
                return Err(Unusable::Unsafe(format!(
                    "{0} is a link; put a folder in its place (rm '{0}'), or name another with XDG_CACHE_HOME",
                    path.display()
                )));
            }
            Err(error) => return Err(error.into()),
        };
        let found = opened.metadata()?;
        owned(path, &found)?;
        if found.mode() & 0o022 != 0 {
            return Err(Unusable::Unsafe(format!(
                "others may write the folder {0}: chmod 700 '{0}', and delete what is in it",
                path.display()
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            opened,
        })
    }

    /// The code in a file; none where there is no such file, or a torn one.
    fn read(&self, name: &OsString) -> Result<Option<Code>, Unusable> {
        let path = self.path.join(name);
        // Not to wait for the writer of a named pipe.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mut file = match rustix::fs::openat(&self.opened, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(rustix::io::Errno::LOOP) => return Err(no_file(&path)),
            Err(error) => return Err(error.into()),
        };
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(no_file(&path));
        }
        owned(&path, &found)?;
        if found.mode() & 0o7777 != 0o600 {
            return Err(Unusable::Unsafe(format!(
                "{0} has not the rights that it was written with, so others may have changed it: rm '{0}'",
                path.display()
            )));
        }
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        let code = Code::of_file(content);
        if code.is_none() {
            debug!("{} is torn, compiling anew", path.display());
        }
        Ok(code)
    }

    /// Puts code into a file, whole or not at all, and deletes what is old.
    fn write(&self, name: &OsString, code: &Code) -> Result<(), Unusable> {
        let unfinished = format!("{:032x}.{EXTENSION}", fastrand::u128(..));
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let mut file = File::from(rustix::fs::openat(&self.opened, &unfinished, flags, mode)?);
        let written = file
            .write_all(code.as_file())
            .map_err(Unusable::from)
            .and_then(|()| {
                Ok(rustix::fs::renameat(
                    &self.opened,
                    &unfinished,
                    &self.opened,
                    name,
                )?)
            });
        if written.is_err() {
            // What cannot be deleted now is deleted when it is old.
            let _ = rustix::fs::unlinkat(&self.opened, &unfinished, AtFlags::empty());
        }
        self.delete_old();
        written
    }

    /// Deletes the files that are older than [`KEPT`]; one that cannot be deleted stays.
    fn delete_old(&self) {
        let Ok(entries) = std::fs::read_dir(&self.path) else {
            return;
        };
        let now = SystemTime::now();
        for entry in entries.flatten() {
            let is_old = entry.metadata().is_ok_and(|found| {
                let age = found
                    .modified()
                    .ok()
                    .and_then(|then| now.duration_since(then).ok());
                found.is_file() && age.is_some_and(|age| age > KEPT)
            });
            if is_old && entry.path().extension().is_some_and(|end| end == EXTENSION) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Whether what was opened belongs to the user that this process acts as.
fn owned(path: &Path, found: &Metadata) -> Result<(), Unusable> {
    let user = rustix::process::geteuid().as_raw();
    if found.uid() == user {
        return Ok(());
    }
    Err(Unusable::Unsafe(format!(
        "{0} belongs to the user {1}, not to the one that runs asset-host: rm -r '{0}', or chown {user} '{0}' if \
         you know who wrote it, or name another folder with XDG_CACHE_HOME",
        path.display(),
        found.uid()
    )))
}

/// What to say where something else is in the place of a file.
fn no_file(path: &Path) -> Unusable {
    Unusable::Unsafe(format!(
        "{0} is not a plain file: rm -r '{0}'",
        path.display()
    ))
}

#[cfg(test)]
mod tests;

//! Compiled code, kept between runs in a folder that only the user can write.
//!
//! To compile a component takes a second; to read its code back takes milliseconds. But whoever can write that
//! code runs as the user, outside of every sandbox. So the folder and each file are checked before use, by what is
//! opened and not by its name, and where anybody else could have written them the component is compiled anew.
//!
//! A file is the SHA-256 of the code, then the code. Its name says which component and version of this program it is of;
//! the engine refuses the code of other settings. Whatever is wrong with a file costs the time to compile, never a run.

use std::fs::{DirBuilder, File, Metadata};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tracing::{debug, warn};
use wasmtime::Engine;
use wasmtime::component::Component;

/// How the names of compiled code end.
const EXTENSION: &str = "compiled";

/// How long code is kept that nothing replaces. To compile again is cheap.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How many bytes the digest takes at the beginning of a file.
const DIGEST: usize = 32;

/// The folder with compiled code.
#[derive(Debug, Clone)]
pub struct Cache {
    path: PathBuf,
    /// Whether the log says already why the folder is not used.
    warned: Arc<AtomicBool>,
}

impl Cache {
    /// Returns the cache in this folder, which is created when something is kept.
    pub fn in_folder(path: PathBuf) -> Self {
        Self {
            path,
            warned: Arc::default(),
        }
    }

    /// Returns the component whose SHA-256 is `digest`. What `compile` returns is kept. A
    /// cache that cannot be used is reported once in the log.
    ///
    /// # Errors
    ///
    /// When `compile` fails, or returns code of another engine.
    pub async fn load<E: From<wasmtime::Error>>(
        &self,
        engine: &Engine,
        digest: &str,
        compile: impl AsyncFnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Component, E> {
        let name = name(digest);
        let found = self.open().and_then(|folder| self.read(&folder, &name));
        match &found {
            Ok(Some(code)) => match deserialize(engine, code) {
                Ok(component) => {
                    debug!(digest, "compiled code is read from the cache");
                    return Ok(component);
                }
                Err(error) => debug!("compiled code cannot be used, compiling anew: {error:#}"),
            },
            Ok(None) => {}
            // What somebody else may have written is not replaced either: a person is to look at it.
            Err(why) => self.report(why),
        }
        let code = compile().await?;
        let component = deserialize(engine, &code)?;
        if found.is_ok()
            && let Err(why) = self.write(&name, &code)
        {
            self.report(&why);
        }
        Ok(component)
    }

    /// Opens the folder, creates it where it is missing, and checks that only this user may write it. What is read from it
    /// is read from this very folder, whatever becomes of its name.
    fn open(&self) -> anyhow::Result<File> {
        let path = self.path.display();
        if self.path.is_symlink() {
            bail!(
                "{path} is a link; put a folder in its place (rm '{path}'), or name another with XDG_CACHE_HOME"
            );
        }
        let created = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path);
        created.with_context(|| path.to_string())?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&self.path, flags, Mode::empty());
        let folder = File::from(folder.with_context(|| path.to_string())?);
        let metadata = folder.metadata()?;
        check_owner(&self.path, &metadata)?;
        if metadata.mode() & 0o022 != 0 {
            bail!(
                "others may write the folder {path}: chmod 700 '{path}', and delete what is in it"
            );
        }
        Ok(folder)
    }

    /// Reads the code in a file; `None` where there is no such file, or a torn one.
    fn read(&self, folder: &File, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let path = self.path.join(name);
        // Not to wait for the writer of a named pipe.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(folder, name, flags, Mode::empty()) {
            Ok(file) => Some(File::from(file)),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => None,
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let metadata = file.as_ref().map(File::metadata).transpose()?;
        let path = path.display();
        let (Some(mut file), Some(metadata)) = (file, metadata.filter(Metadata::is_file)) else {
            bail!("{path} is not a plain file: rm -r '{path}'");
        };
        check_owner(&self.path.join(name), &metadata)?;
        if metadata.mode() & 0o7777 != 0o600 {
            bail!(
                "{path} has not the rights that it was written with, so others may have changed it: rm '{path}'"
            );
        }
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        let code = content.split_off(DIGEST.min(content.len()));
        let is_complete = Sha256::digest(&code)[..] == content;
        Ok(is_complete.then_some(code))
    }

    /// Writes code into a file, completely or not at all, and deletes what is old.
    fn write(&self, name: &str, code: &[u8]) -> anyhow::Result<()> {
        let suffix = format!(".{EXTENSION}");
        let unfinished = tempfile::Builder::new()
            .suffix(&suffix)
            .tempfile_in(&self.path);
        let write = |mut file: NamedTempFile| {
            file.write_all(&Sha256::digest(code))?;
            file.write_all(code)?;
            Ok(file.persist(self.path.join(name))?)
        };
        unfinished
            .and_then(write)
            .with_context(|| self.path.display().to_string())?;
        self.delete_old();
        Ok(())
    }

    /// Deletes the files that are older than [`MAX_AGE`]; one that cannot be deleted stays.
    fn delete_old(&self) {
        let now = SystemTime::now();
        let is_old = |file: &Metadata| {
            let age = file
                .modified()
                .ok()
                .and_then(|then| now.duration_since(then).ok());
            file.is_file() && age.is_some_and(|age| age > MAX_AGE)
        };
        for entry in std::fs::read_dir(&self.path)
            .into_iter()
            .flatten()
            .flatten()
        {
            let path = entry.path();
            if path.extension().is_some_and(|end| end == EXTENSION)
                && entry.metadata().is_ok_and(|file| is_old(&file))
            {
                let _ = std::fs::remove_file(path);
            }
        }
    }

    /// Logs why the cache is not used; as a warning once.
    fn report(&self, why: &anyhow::Error) {
        if self.warned.swap(true, Ordering::Relaxed) {
            debug!("no cache of compiled code: {why:#}");
        } else {
            warn!("compiled code is not kept, so each start compiles: {why:#}");
        }
    }
}

/// Makes a component of code that this program compiled.
///
/// # Errors
///
/// When it is code of another engine, or none.
#[allow(
    unsafe_code,
    reason = "the only way to use compiled code; its bytes are in memory already, and come from this program, by a pipe \
              or by a folder and a file that only the user can write"
)]
pub(super) fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: this is what `Engine::precompile_component` returned in a process of this program. It comes by the pipe of
    // that process, or by `Cache::read`, which returns only what `Cache::write` wrote, complete by its digest: the folder
    // and the file belong to the effective user, and nobody else may write them. wasmtime itself refuses the code of
    // another version or other settings.
    unsafe { Component::deserialize(engine, code) }
}

/// Returns the name of the file with a component's code.
fn name(digest: &str) -> String {
    format!("{digest}-{}.{EXTENSION}", env!("CARGO_PKG_VERSION"))
}

/// Checks that what was opened belongs to the user that this process acts as.
fn check_owner(path: &Path, metadata: &Metadata) -> anyhow::Result<()> {
    let (user, owner) = (rustix::process::geteuid().as_raw(), metadata.uid());
    if owner != user {
        let path = path.display();
        bail!(
            "{path} belongs to the user {owner}, not to the one that runs asset-host: rm -r '{path}', or chown {user} \
             '{path}' if you know who wrote it, or name another folder with XDG_CACHE_HOME"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;

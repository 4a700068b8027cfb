//! What is taken from the cache, and what is not.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::text::hex::hex;

/// A folder for a cache, an engine, and the smallest component.
struct Place {
    folder: tempfile::TempDir,
    engine: Engine,
}

/// Where a component's code came from.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    Compiled,
    Cached,
}

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            engine: Engine::default(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("caches").join("asset-host")
    }

    fn load(&self) -> Source {
        self.load_of(COMPONENT)
    }

    fn load_of(&self, bytes: &[u8]) -> Source {
        let digest = hex(&Sha256::digest(bytes));
        let cache = Cache::in_folder(self.path());
        let mut source = Source::Cached;
        let compile = async || {
            source = Source::Compiled;
            self.engine.precompile_component(bytes)
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let loaded = runtime.block_on(cache.load(&self.engine, &digest, compile));
        loaded.unwrap();
        source
    }

    /// The only file of the cache.
    fn file(&self) -> PathBuf {
        let mut files = std::fs::read_dir(self.path()).unwrap();
        let file = files.next().unwrap().unwrap().path();
        assert!(files.next().is_none(), "more than one file");
        file
    }
}

#[test]
fn the_second_load_is_from_the_cache() {
    let place = Place::new();
    assert_eq!(place.load(), Source::Compiled);
    assert_eq!(place.load(), Source::Cached);
    let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.path()), 0o700);
    assert_eq!(mode(place.file()), 0o600);
}

#[test]
fn another_component_or_engine_is_compiled() {
    let mut place = Place::new();
    assert_eq!(place.load(), Source::Compiled);
    // With a custom section of the name "a" behind it.
    assert_eq!(
        place.load_of(&[COMPONENT, b"\0\x02\x01a"].concat()),
        Source::Compiled
    );
    let mut config = wasmtime::Config::new();
    config.epoch_interruption(true);
    place.engine = Engine::new(&config).unwrap();
    assert_eq!(place.load(), Source::Compiled);
    assert_eq!(place.load(), Source::Cached);
}

#[test]
fn what_is_torn_or_changed_is_replaced() {
    let place = Place::new();
    place.load();
    let file = place.file();
    let whole = std::fs::read(&file).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    let digested = |code: &[u8]| [&Sha256::digest(code)[..], code].concat();
    for content in [
        &b""[..],
        &whole[..10],
        &whole[..DIGEST],
        &whole[..whole.len() - 1],
        &changed,
        // Whole, and no code.
        &digested(b""),
        &digested(b"no code at all"),
        &digested(COMPONENT),
    ] {
        std::fs::write(&file, content).unwrap();
        assert_eq!(place.load(), Source::Compiled, "{content:?}");
        assert_eq!(std::fs::read(place.file()).unwrap(), whole);
        assert_eq!(place.load(), Source::Cached);
    }
}

#[test]
fn what_others_may_write_is_neither_used_nor_written() {
    type Spoil = fn(&Place);
    let spoils: [(&str, Spoil, &str); 7] = [
        (
            "a folder that the group may write",
            |place| std::fs::set_permissions(place.path(), Permissions::from_mode(0o770)).unwrap(),
            "chmod 700",
        ),
        (
            "a folder that all may write",
            |place| std::fs::set_permissions(place.path(), Permissions::from_mode(0o702)).unwrap(),
            "chmod 700",
        ),
        (
            "a link to a folder",
            |place| {
                let other = place.folder.path().join("other");
                std::fs::rename(place.path(), &other).unwrap();
                symlink(&other, place.path()).unwrap();
            },
            "is a link",
        ),
        (
            "a link to nowhere",
            |place| {
                std::fs::remove_dir_all(place.path()).unwrap();
                symlink("/nowhere/at/all", place.path()).unwrap();
            },
            "is a link",
        ),
        (
            "a file that others may write",
            |place| std::fs::set_permissions(place.file(), Permissions::from_mode(0o606)).unwrap(),
            "has not the rights",
        ),
        (
            "a link to a file",
            |place| {
                let other = place.folder.path().join("other");
                let file = place.file();
                std::fs::rename(&file, &other).unwrap();
                symlink(&other, &file).unwrap();
            },
            "not a plain file",
        ),
        (
            "a folder in the place of a file",
            |place| {
                let file = place.file();
                std::fs::remove_file(&file).unwrap();
                std::fs::create_dir(&file).unwrap();
            },
            "not a plain file",
        ),
    ];
    for (case, spoil, word) in spoils {
        let place = Place::new();
        place.load();
        let name = name(&hex(&Sha256::digest(COMPONENT)));
        spoil(&place);
        let before = std::fs::symlink_metadata(place.path().join(&name)).ok();
        assert_eq!(place.load(), Source::Compiled, "{case}");
        assert_eq!(place.load(), Source::Compiled, "{case}");
        let after = std::fs::symlink_metadata(place.path().join(&name)).ok();
        assert_eq!(
            before.map(|found| (found.ino(), found.mtime_nsec())),
            after.map(|found| (found.ino(), found.mtime_nsec())),
            "{case}"
        );
        let cache = Cache::in_folder(place.path());
        let why = cache.open().and_then(|folder| cache.read(&folder, &name));
        let why = why.unwrap_err();
        assert!(why.to_string().contains(word), "{case}: {why}");
    }
}

#[test]
fn what_belongs_to_somebody_else_is_refused() {
    let place = Place::new();
    place.load();
    let mine = place.file();
    assert!(check_owner(&mine, &mine.metadata().unwrap()).is_ok());
    // Root's own, or, where the test itself is root, handed to somebody else.
    let foreign = if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&mine, Some(1), None).unwrap();
        mine
    } else {
        PathBuf::from("/")
    };
    let why = check_owner(&foreign, &foreign.metadata().unwrap()).unwrap_err();
    for word in ["belongs to the user", "chown", "XDG_CACHE_HOME"] {
        assert!(why.to_string().contains(word), "{why}");
    }
}

#[test]
fn a_component_is_compiled_where_the_folder_cannot_be_created() {
    let place = Place::new();
    // A file in the folder's place.
    std::fs::create_dir(place.folder.path().join("caches")).unwrap();
    std::fs::write(place.path(), "").unwrap();
    assert_eq!(place.load(), Source::Compiled);
}

#[test]
fn what_is_old_is_deleted() {
    let place = Place::new();
    place.load();
    let (old, young) = (
        place.path().join("old.compiled"),
        place.path().join("young.compiled"),
    );
    let other = place.path().join("old.txt");
    for path in [&old, &young, &other] {
        std::fs::write(path, "").unwrap();
    }
    for path in [&old, &other] {
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - MAX_AGE - Duration::from_secs(60))
            .unwrap();
    }
    place.load_of(&[COMPONENT, b"\0\x02\x01a"].concat());
    assert!(!old.exists());
    assert!(young.exists() && other.exists());
}

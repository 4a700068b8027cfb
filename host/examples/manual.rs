//! Writes man pages and shell completions: `manual MAN-PAGES COMPLETIONS`, two folders that exist.

use std::path::Path;
use std::process::ExitCode;
use std::{env, io};

use clap_complete::Shell;

fn main() -> ExitCode {
    let folders: Vec<_> = env::args_os().skip(1).collect();
    let [pages, completions] = folders.as_slice() else {
        eprintln!("usage: manual MAN-PAGES COMPLETIONS");
        return ExitCode::FAILURE;
    };
    match write(Path::new(pages), Path::new(completions)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write the manual: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(pages: &Path, completions: &Path) -> io::Result<()> {
    clap_mangen::generate_to(asset_host::command_line(), pages)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(
            shell,
            &mut asset_host::command_line(),
            "asset-host",
            completions,
        )?;
    }
    Ok(())
}

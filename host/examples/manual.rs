//! Writes man pages and shell completions: `manual MAN-PAGES COMPLETIONS`, two folders that exist.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

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
    // clap_complete 4.6 spells a program's name with a hyphen in two ways, so bash finds no completion for a subcommand.
    let bash = completions.join("asset-host.bash");
    let script = fs::read_to_string(&bash)?;
    fs::write(bash, script.replace("asset__subcmd__host", "asset__host"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::process::Command;

    use super::*;

    /// What bash completes after these words.
    fn completed(folder: &Path, words: &str) -> String {
        let script = format!(
            r#"source asset-host.bash; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
            _asset__host asset-host "${{COMP_WORDS[-1]}}" "${{COMP_WORDS[-2]}}"; echo " ${{COMPREPLY[*]}} ""#
        );
        let bash = Command::new("bash")
            .args(["-c", &script])
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(bash.status.success(), "{bash:?}");
        String::from_utf8(bash.stdout).unwrap()
    }

    #[test]
    fn bash_completes_commands_and_their_flags_at_every_level() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), folder.path()).unwrap();
        for (words, offered) in [
            (r#"asset-host """#, "collect"),
            (r#"asset-host collect --"#, "--every"),
            (r#"asset-host state """#, "reset"),
            (r#"asset-host state reset --"#, "--account"),
        ] {
            let completed = completed(folder.path(), words);
            assert!(
                completed.contains(&format!(" {offered} ")),
                "{words}: {completed}"
            );
        }
    }
}

//! A host, and one test's place in which it runs.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use sophos_central_simulator::{CLIENT_ID, CLIENT_SECRET, Options, Simulator};
use tempfile::TempDir;

/// How a host is run.
pub struct Host {
    /// Returns the command of a call. It runs in a folder of the test's own, with an empty environment but for `PATH`
    /// and what the command adds.
    pub command: fn(&Call) -> Command,
}

/// What a host is to do.
#[derive(Clone)]
pub struct Call {
    /// The file of the component in `dist/`, for a host that runs any.
    pub component: &'static str,
    /// `check`, `discover`, `collect` or `explain`.
    pub name: &'static str,
    /// What follows: the config, or the record and the dialect.
    pub arguments: Vec<String>,
    /// The origin that the component may reach beside what manifest and config name, such as `http://127.0.0.1:8080`.
    pub allow: Option<String>,
    /// For how many seconds to try again while the API is unavailable.
    pub patience: u32,
    /// How many seconds a request may be silent.
    pub timeout: u32,
    /// How many seconds a call of the component may take, for a host that can end one.
    pub deadline: u32,
    /// The file in which the host stores the cursors.
    pub cursors: Option<PathBuf>,
    /// The environment, which holds the secret: variables of the name `SECRET_…`.
    pub secrets: Vec<(&'static str, String)>,
}

impl Call {
    /// Returns the call as the command line of the hosts that run any component.
    pub fn options(&self) -> Vec<String> {
        let mut options = vec![self.name.to_owned()];
        options.extend(self.arguments.iter().cloned());
        let mut add = |name: &str, value: String| options.extend([name.to_owned(), value]);
        add("--patience", self.patience.to_string());
        add("--timeout", self.timeout.to_string());
        add("--deadline", self.deadline.to_string());
        if let Some(origin) = &self.allow {
            add("--allow", origin.clone());
        }
        if let Some(file) = &self.cursors {
            add("--cursors", file.display().to_string());
        }
        options
    }
}

/// The result of a host that has ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let ran = Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(CLIENT_SECRET), "the secret is in {ran:?}");
        }
        ran
    }

    /// Asserts the exit code, and shows the output if it is another.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        let (stdout, stderr) = (&self.stdout, &self.stderr);
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{stdout}\nstderr:\n{stderr}"
        );
        self
    }

    /// Asserts that standard error contains each of these texts.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(
                self.stderr.contains(text),
                "{text:?} is missing in\n{}",
                self.stderr
            );
        }
        self
    }
}

/// One test's simulator and folder.
pub(crate) struct Place {
    pub(crate) simulator: Simulator,
    /// More fields of the config.
    pub(crate) config: Value,
    folder: TempDir,
}

impl Place {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            simulator: Simulator::start(options),
            config: json!({}),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Returns the path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the config of the account.
    pub(crate) fn config(&self) -> Value {
        let url = self.simulator.url();
        let mut config = json!({
            "client_id": CLIENT_ID,
            "api_host": url,
            "token_url": format!("{url}/api/v2/oauth2/token"),
        });
        let fields = config.as_object_mut().unwrap();
        fields.extend(self.config.as_object().unwrap().clone());
        config
    }

    /// Returns a call with the account's config, to which the simulator is allowed.
    pub(crate) fn call(&self, name: &'static str) -> Call {
        Call {
            component: "sophos-assets.wasm",
            name,
            arguments: vec![self.config().to_string()],
            allow: Some(self.simulator.url().to_owned()),
            patience: 60,
            timeout: 30,
            deadline: 300,
            cursors: None,
            secrets: vec![("SECRET_CLIENT_SECRET", CLIENT_SECRET.to_owned())],
        }
    }

    /// Returns the command of a host for a call, yet to be started.
    pub(crate) fn command(&self, host: &Host, call: &Call) -> Command {
        let mut command = (host.command)(call);
        command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a host to its end.
    pub(crate) fn run(&self, host: &Host, call: &Call) -> Ran {
        let mut command = self.command(host, call);
        match command.output() {
            Ok(output) => Ran::of(output),
            Err(error) => panic!("{:?} does not start: {error}", command.get_program()),
        }
    }

    /// Collects with a host.
    pub(crate) fn collect(&self, host: &Host) -> Ran {
        self.run(host, &self.call("collect"))
    }
}

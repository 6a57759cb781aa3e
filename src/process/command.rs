use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::{CommandArgs, CommandEnvs, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::sys::process;

use super::Child;

/// What is to be started, and how: as [`std::process::Command`].
///
/// Starting a child is std's own, on the OS thread that calls; it is over in some 0.1 ms, as a rule. Waiting for its end or
/// its output parks a coroutine. It converts to std's type and back.
///
/// # Examples
///
/// ```
/// use costd::process::Command;
///
/// let mut command = Command::new("sh");
/// command.args(["-c", "echo $GREETING"]).env("GREETING", "hello");
/// assert_eq!(command.output()?.stdout, b"hello\n");
/// // It can be started again, with changes.
/// assert_eq!(command.env("GREETING", "goodbye").output()?.stdout, b"goodbye\n");
/// # Ok::<(), costd::io::Error>(())
/// ```
pub struct Command {
    pub(crate) inner: std::process::Command,
    stdin: Setting,
    stdout: Setting,
    stderr: Setting,
    /// Whether the program is to lead a session of its own, once somebody has asked for it.
    pub(crate) new_session: Option<Arc<AtomicBool>>,
    /// Whether the user wants a descriptor of the child.
    #[cfg(target_os = "linux")]
    pub(crate) create_pidfd: bool,
}

/// What `inner` has for one of the three standard streams. [`Command::output`] has other defaults than the rest of std has,
/// and takes those where the user has said nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    /// Nothing.
    Unset,
    /// `Stdio::inherit()`, which is what nothing means to all but `output`. It has been set to something else for a while, and
    /// cannot be set to nothing again.
    Restored,
    /// What the user has chosen.
    Chosen,
    /// Nothing or something: the command has come from std.
    Unknown,
}

impl Setting {
    /// The user has said nothing, for certain.
    fn is_free(self) -> bool {
        matches!(self, Setting::Unset | Setting::Restored)
    }
}

impl Command {
    /// Of the program `program`, which is looked for in `PATH` unless there is a slash in it; with this process's environment,
    /// directory and standard streams, and without arguments. As std's.
    pub fn new<S: AsRef<OsStr>>(program: S) -> Command {
        Command::with(std::process::Command::new(program), Setting::Unset)
    }

    fn with(inner: std::process::Command, setting: Setting) -> Command {
        Command {
            inner,
            stdin: setting,
            stdout: setting,
            stderr: setting,
            new_session: None,
            #[cfg(target_os = "linux")]
            create_pidfd: false,
        }
    }

    /// Adds an argument, which the program gets as it is. As std's.
    pub fn arg<S: AsRef<OsStr>>(&mut self, arg: S) -> &mut Command {
        self.inner.arg(arg);
        self
    }

    /// Adds arguments. As std's.
    pub fn args<I, S>(&mut self, args: I) -> &mut Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.inner.args(args);
        self
    }

    /// Sets a variable of the program's environment. As std's.
    pub fn env<K, V>(&mut self, key: K, val: V) -> &mut Command
    where
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.inner.env(key, val);
        self
    }

    /// Sets variables of the program's environment. As std's.
    pub fn envs<I, K, V>(&mut self, vars: I) -> &mut Command
    where
        I: IntoIterator<Item = (K, V)>,
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.inner.envs(vars);
        self
    }

    /// Takes a variable out of the program's environment, also one that it would have from this process. As std's.
    pub fn env_remove<K: AsRef<OsStr>>(&mut self, key: K) -> &mut Command {
        self.inner.env_remove(key);
        self
    }

    /// The program gets no variables but those that are set from now on. As std's.
    pub fn env_clear(&mut self) -> &mut Command {
        self.inner.env_clear();
        self
    }

    /// The directory that the program starts in. As std's: do not give it together with a relative path to the program.
    pub fn current_dir<P: AsRef<Path>>(&mut self, dir: P) -> &mut Command {
        self.inner.current_dir(dir);
        self
    }

    /// The program's standard input; else it is this process's, and for [`output`](Self::output) an empty one. As std's.
    pub fn stdin<T: Into<Stdio>>(&mut self, cfg: T) -> &mut Command {
        self.inner.stdin(cfg);
        self.stdin = Setting::Chosen;
        self
    }

    /// The program's standard output; else it is this process's, and for [`output`](Self::output) a pipe. As std's.
    pub fn stdout<T: Into<Stdio>>(&mut self, cfg: T) -> &mut Command {
        self.inner.stdout(cfg);
        self.stdout = Setting::Chosen;
        self
    }

    /// The program's standard error; else it is this process's, and for [`output`](Self::output) a pipe. As std's.
    pub fn stderr<T: Into<Stdio>>(&mut self, cfg: T) -> &mut Command {
        self.inner.stderr(cfg);
        self.stderr = Setting::Chosen;
        self
    }

    /// Starts the program, and does not wait for it. As std's.
    ///
    /// # Errors
    /// The system's, as that there is no such program; or an argument has a zero in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::process::Command;
    ///
    /// let mut child = Command::new("true").spawn()?;
    /// assert!(child.wait()?.success());
    /// # Ok::<(), costd::io::Error>(())
    /// ```
    pub fn spawn(&mut self) -> io::Result<Child> {
        let child = process::start(|| self.inner.spawn()).map(Child::fresh)?;
        #[cfg(target_os = "linux")]
        let child = if self.create_pidfd { child.with_pidfd() } else { child };
        Ok(child)
    }

    /// Runs the program to its end, and returns how it ended and what it has written. As std's: what the user has not set
    /// otherwise is a pipe, and an empty standard input.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn)'s and [`Child::wait`]'s.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::process::Command;
    ///
    /// let output = Command::new("echo").arg("hello").output()?;
    /// assert!(output.status.success());
    /// assert_eq!(output.stdout, b"hello\n");
    /// # Ok::<(), costd::io::Error>(())
    /// ```
    pub fn output(&mut self) -> io::Result<Output> {
        let settings = [self.stdin, self.stdout, self.stderr];
        if settings.contains(&Setting::Unknown) {
            return process::run_whole(|| self.inner.output());
        }
        if !process::parks() && !settings.contains(&Setting::Restored) {
            return self.inner.output();
        }
        self.spawn_for_output()?.wait_with_output()
    }

    /// Starts the program with what [`output`](Self::output) wants where the user has said nothing. Other starts do not notice.
    fn spawn_for_output(&mut self) -> io::Result<Child> {
        self.set_defaults([Stdio::null(), Stdio::piped(), Stdio::piped()]);
        let child = self.spawn();
        self.set_defaults([Stdio::inherit(), Stdio::inherit(), Stdio::inherit()]);
        child
    }

    fn set_defaults(&mut self, [stdin, stdout, stderr]: [Stdio; 3]) {
        if self.stdin.is_free() {
            self.inner.stdin(stdin);
            self.stdin = Setting::Restored;
        }
        if self.stdout.is_free() {
            self.inner.stdout(stdout);
            self.stdout = Setting::Restored;
        }
        if self.stderr.is_free() {
            self.inner.stderr(stderr);
            self.stderr = Setting::Restored;
        }
    }

    /// Runs the program to its end, and returns how it ended. As std's.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn)'s and [`Child::wait`]'s.
    ///
    /// # Examples
    ///
    /// ```
    /// use costd::process::Command;
    ///
    /// assert_eq!(Command::new("false").status()?.code(), Some(1));
    /// # Ok::<(), costd::io::Error>(())
    /// ```
    pub fn status(&mut self) -> io::Result<ExitStatus> {
        self.spawn()?.wait()
    }

    /// The program. As std's.
    #[must_use]
    pub fn get_program(&self) -> &OsStr {
        self.inner.get_program()
    }

    /// The arguments, without the program. As std's.
    pub fn get_args(&self) -> CommandArgs<'_> {
        self.inner.get_args()
    }

    /// The variables that were set, and those that were taken out, without what comes from this process. As std's.
    pub fn get_envs(&self) -> CommandEnvs<'_> {
        self.inner.get_envs()
    }

    /// The directory that the program starts in, if one was set. As std's.
    #[must_use]
    pub fn get_current_dir(&self) -> Option<&Path> {
        self.inner.get_current_dir()
    }
}

impl From<std::process::Command> for Command {
    /// The same, whose child a coroutine waits for without stopping its OS thread.
    fn from(command: std::process::Command) -> Command {
        Command::with(command, Setting::Unknown)
    }
}

impl From<Command> for std::process::Command {
    /// The same. One that a coroutine has called [`output`](Command::output) on has standard streams set to be inherited that
    /// were not set before.
    fn from(command: Command) -> std::process::Command {
        command.inner
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

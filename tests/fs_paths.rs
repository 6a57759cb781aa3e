//! Calls on paths, and that everything looks like std's: results, errors, texts, auto traits.

mod fs_common;

use std::collections::HashSet;
use std::io::Error;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, SystemTime};

use costd::fs::{self, DirBuilder, File};
use costd::io::{ErrorKind, Write};
use costd::os::unix::fs::symlink;

use fs_common::{everywhere, make_fifo, pattern};

#[test]
fn directories_and_links() {
    everywhere(|dir| {
        let deep = dir.join("a/b/c");
        assert_eq!(fs::create_dir(&deep).unwrap_err().kind(), ErrorKind::NotFound);
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir_all(&deep).unwrap();
        DirBuilder::new().mode(0o700).create(dir.join("mode")).unwrap();
        assert_eq!(fs::metadata(dir.join("mode")).unwrap().mode() & 0o777, 0o700);
        DirBuilder::new().recursive(true).create(dir.join("mode/x/y")).unwrap();

        fs::write(deep.join("f"), "text").unwrap();
        symlink(deep.join("f"), dir.join("link")).unwrap();
        assert_eq!(fs::read_to_string(dir.join("link")).unwrap(), "text");
        assert!(fs::symlink_metadata(dir.join("link")).unwrap().is_symlink());
        assert!(fs::metadata(dir.join("link")).unwrap().is_file());
        assert_eq!(fs::read_link(dir.join("link")).unwrap(), deep.join("f"));
        assert_eq!(fs::canonicalize(dir.join("link")).unwrap(), std::fs::canonicalize(deep.join("f")).unwrap());
        fs::hard_link(deep.join("f"), dir.join("hard")).unwrap();
        assert_eq!(fs::metadata(dir.join("hard")).unwrap().nlink(), 2);

        fs::rename(dir.join("hard"), dir.join("moved")).unwrap();
        assert!(!fs::exists(dir.join("hard")).unwrap() && fs::exists(dir.join("moved")).unwrap());
        fs::remove_file(deep.join("f")).unwrap();
        assert!(!fs::exists(dir.join("link")).unwrap());
        fs::remove_file(dir.join("link")).unwrap();
        assert_eq!(fs::remove_dir(dir.join("a")).unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
        fs::remove_dir(&deep).unwrap();
        fs::remove_dir_all(dir.join("a")).unwrap();
        assert!(!fs::exists(dir.join("a")).unwrap());
    });
}

#[test]
fn copies() {
    everywhere(|dir| {
        let bytes = pattern(3_000_000);
        fs::write(dir.join("f"), &bytes).unwrap();
        fs::set_permissions(dir.join("f"), fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(fs::copy(dir.join("f"), dir.join("g")).unwrap(), 3_000_000);
        assert!(fs::read(dir.join("g")).unwrap() == bytes);
        assert_eq!(fs::metadata(dir.join("g")).unwrap().permissions().mode() & 0o777, 0o640);
    });
}

#[test]
fn what_is_said_of_a_file() {
    everywhere(|dir| {
        let file = File::create_new(dir.join("f")).unwrap();
        file.set_len(12_345).unwrap();
        file.set_permissions(fs::Permissions::from_mode(0o400)).unwrap();
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        file.set_modified(then).unwrap();
        file.set_times(fs::FileTimes::new().set_accessed(then + Duration::from_secs(1))).unwrap();
        file.sync_all().unwrap();
        file.sync_data().unwrap();
        for metadata in [file.metadata().unwrap(), fs::metadata(dir.join("f")).unwrap()] {
            assert_eq!(metadata.len(), 12_345);
            assert_eq!(metadata.permissions().mode() & 0o777, 0o400);
            assert_eq!(metadata.modified().unwrap(), then);
            assert_eq!(metadata.accessed().unwrap(), then + Duration::from_secs(1));
        }
    });
}

#[test]
fn every_entry_once() {
    everywhere(|dir| {
        let names: HashSet<String> = (0..600).map(|i| format!("entry {i}")).collect();
        for name in &names {
            fs::write(dir.join(name), name).unwrap();
        }
        let mut entries = fs::read_dir(&dir.0).unwrap();
        assert_eq!(format!("{entries:?}"), format!("{:?}", std::fs::read_dir(&dir.0).unwrap()));
        // It may be handed on half-way.
        let first: Vec<_> = entries.by_ref().take(100).collect();
        let rest: Vec<_> = std::thread::spawn(move || entries.collect()).join().unwrap();
        let found: Vec<String> = first
            .into_iter()
            .chain(rest)
            .map(|entry| {
                let entry = entry.unwrap();
                assert!(entry.file_type().unwrap().is_file());
                assert_eq!(entry.path(), dir.0.join(entry.file_name()));
                entry.file_name().into_string().unwrap()
            })
            .collect();
        assert_eq!(found.len(), 600);
        assert_eq!(found.into_iter().collect::<HashSet<_>>(), names);
    });
}

fn told(error: Error) -> (ErrorKind, Option<i32>, String) {
    (error.kind(), error.raw_os_error(), error.to_string())
}

/// Each expression fails, and in the same way with std's `fs` and costd's.
macro_rules! same_errors {
    ($dir:ident: $($body:expr;)*) => {
        $({
            let real = {
                #[allow(unused_imports, reason = "each is for some of them")]
                use std::fs::{self, File, OpenOptions};
                $body.err().map(told)
            };
            let ours = {
                #[allow(unused_imports, reason = "each is for some of them")]
                use costd::fs::{self, File, OpenOptions};
                $body.err().map(told)
            };
            assert!(real.is_some(), "{} succeeds", stringify!($body));
            assert_eq!(ours, real, "{}", stringify!($body));
        })*
    };
}

#[test]
#[allow(clippy::nonsensical_open_options, clippy::suspicious_open_options, reason = "to see what std says of it")]
fn errors_are_stds() {
    everywhere(|dir| {
        use std::io::{Read, Seek, SeekFrom};
        use std::os::unix::fs::{FileExt, OpenOptionsExt};
        let (file, missing, sub) = (&dir.join("file"), &dir.join("missing"), &dir.join("sub"));
        std::fs::create_dir_all(sub.join("full")).unwrap();
        std::fs::write(file, "text").unwrap();
        let (socket, ring, fifo) = (&dir.join("socket"), &dir.join("ring"), &dir.join("fifo"));
        let _listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
        std::os::unix::fs::symlink(ring, ring).unwrap();
        make_fifo(fifo);
        let long = &dir.join(&"x".repeat(300));
        same_errors! { dir:
            File::open(missing);
            File::open(file.join("below"));
            File::open("");
            File::open("with\0zero");
            File::open(long);
            File::open(ring);
            File::open(socket);
            File::create(sub);
            File::create(missing.join("x"));
            File::create_new(file);
            OpenOptions::new().open(file);
            OpenOptions::new().read(true).truncate(true).open(file);
            OpenOptions::new().append(true).truncate(true).open(file);
            OpenOptions::new().create(true).open(missing);
            OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(fifo);
            File::open(sub).unwrap().read(&mut [0; 4]);
            File::open(sub).unwrap().read_at(&mut [0; 4], 0);
            File::open(sub).unwrap().read_to_end(&mut Vec::new());
            File::open(sub).unwrap().read_to_string(&mut String::new());
            File::open(file).unwrap().write(b"x");
            File::open(file).unwrap().write_at(b"x", 0);
            File::open(file).unwrap().set_len(3);
            File::open(file).unwrap().seek(SeekFrom::Current(-1));
            File::open(file).unwrap().read_exact(&mut [0; 5]);
            File::options().write(true).open(file).unwrap().read(&mut [0; 4]);
            File::options().write(true).open(file).unwrap().read_at(&mut [0; 4], 0);
            File::options().write(true).open(file).unwrap().read_at(&mut [0; 4], u64::MAX);
            File::options().write(true).open(file).unwrap().write_at(b"x", u64::MAX);
            File::options().read(true).write(true).open(file).unwrap().set_len(u64::MAX);
            File::options().read(true).custom_flags(libc::O_NONBLOCK).open(fifo).unwrap().read_at(&mut [0], 0);
            File::options().read(true).custom_flags(libc::O_NONBLOCK).open(fifo).unwrap().seek(SeekFrom::Start(0));
            File::options().read(true).custom_flags(libc::O_NONBLOCK).open(fifo).unwrap().write(b"x");
            File::open("/dev/null").unwrap().sync_all();
            fs::read(missing);
            fs::read(sub);
            fs::read_to_string(missing);
            fs::write(sub, b"x");
            fs::copy(missing, dir.join("to"));
            fs::copy(sub, dir.join("to"));
            fs::copy(file, sub);
            fs::metadata(missing);
            fs::metadata("with\0zero");
            fs::metadata(ring);
            fs::metadata(file.join("below"));
            fs::symlink_metadata(missing);
            fs::canonicalize(missing);
            fs::canonicalize(ring);
            fs::exists(ring);
            fs::exists(file.join("with\0zero"));
            fs::read_link(file);
            fs::read_link(missing);
            fs::read_dir(missing);
            fs::read_dir(file);
            fs::create_dir(sub);
            fs::create_dir(missing.join("x"));
            fs::create_dir_all(file.join("x"));
            fs::remove_dir(sub);
            fs::remove_dir(file);
            fs::remove_dir_all(missing);
            fs::remove_file(missing);
            fs::remove_file(sub);
            fs::rename(missing, file);
            fs::rename(file, sub);
            fs::hard_link(missing, dir.join("to"));
            fs::hard_link(file, sub);
            fs::set_permissions(missing, std::fs::metadata(file).unwrap().permissions());
        }
    });
}

#[test]
fn texts_are_stds() {
    everywhere(|dir| {
        let path = dir.join("f");
        let real = std::fs::File::create(&path).unwrap();
        let shown = format!("{real:?}");
        assert_eq!(format!("{:?}", File::from(real)), shown);
        let mut options = fs::OpenOptions::new();
        options.append(true).create(true);
        let mut real = std::fs::OpenOptions::new();
        real.append(true).create(true);
        assert_eq!(format!("{options:?}"), format!("{real:?}"));
        assert_eq!(format!("{:?}", DirBuilder::new()), format!("{:?}", std::fs::DirBuilder::new()));
    });
}

#[test]
fn auto_traits() {
    fn all<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
    all::<std::fs::File>();
    all::<File>();
    all::<std::fs::OpenOptions>();
    all::<fs::OpenOptions>();
    all::<std::fs::DirBuilder>();
    all::<DirBuilder>();
    all::<std::fs::ReadDir>();
    all::<fs::ReadDir>();
}

//! Reading and writing files, from coroutines and plain OS threads.

mod fs_common;

use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use costd::fs::{self, File};
use costd::io::{ErrorKind, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};
use costd::thread;

use fs_common::{Dir, everywhere, forget_cached, pattern};

const SIZES: [usize; 9] = [0, 1, 31, 33, 4096, 65_536, 65_537, 300_000, 3_000_000];

#[test]
fn what_is_written_is_read() {
    everywhere(|dir| {
        for size in SIZES {
            let (path, bytes) = (dir.join("file"), pattern(size));
            fs::write(&path, &bytes).unwrap();
            assert!(fs::read(&path).unwrap() == bytes);
            File::create(&path).unwrap().write_all(&bytes).unwrap();
            for cold in [false, true] {
                let mut file = File::open(&path).unwrap();
                let mut read = b"before".to_vec();
                if cold {
                    forget_cached(&file);
                }
                assert_eq!(file.read_to_end(&mut read).unwrap(), size);
                assert!(read[..6] == *b"before" && read[6..] == bytes);
                assert_eq!(file.read(&mut [0; 10]).unwrap(), 0);
            }
        }
    });
}

/// However little of it is in the page cache, a read gives as much as one system call would.
#[test]
fn reads_are_full() {
    everywhere(|dir| {
        let (path, bytes) = (dir.join("file"), pattern(2_000_000));
        fs::write(&path, &bytes).unwrap();
        for size in [1000, 4096, 10_000, 100_000, 262_144, 700_000] {
            let mut file = File::open(&path).unwrap();
            forget_cached(&file);
            // Something in the middle is in the cache.
            file.read_exact_at(&mut [0; 5000], 333_333).unwrap();
            let mut at = 0;
            while at < bytes.len() {
                let mut buf = vec![0; size];
                let n = if at % 2 == 0 { file.read(&mut buf) } else { (&file).read(&mut buf) }.unwrap();
                assert_eq!(n, size.min(bytes.len() - at));
                assert!(buf[..n] == bytes[at..at + n]);
                at += n;
            }
            forget_cached(&file);
            file.read_exact_at(&mut [0; 1], 400_000).unwrap();
            let mut buf = vec![0; size];
            assert_eq!(file.read_at(&mut buf, 399_000).unwrap(), size);
            assert!(buf == bytes[399_000..399_000 + size]);
            assert_eq!(file.read_at(&mut buf, 1_999_990).unwrap(), 10);
            assert_eq!(file.read_at(&mut buf, 5_000_000).unwrap(), 0);
        }
    });
}

#[test]
fn several_buffers() {
    everywhere(|dir| {
        let path = dir.join("file");
        let mut file = File::create_new(&path).unwrap();
        let bytes = pattern(100_000);
        let (a, b) = bytes.split_at(70_000);
        assert_eq!(file.write_vectored(&[IoSlice::new(a), IoSlice::new(&[]), IoSlice::new(b)]).unwrap(), 100_000);
        file.rewind().unwrap();
        forget_cached(&file);
        file.read_exact_at(&mut [0; 1], 0).unwrap();
        let (mut c, mut d, mut e) = (vec![0; 3], vec![0; 60_000], vec![0; 60_000]);
        let bufs = &mut [IoSliceMut::new(&mut c), IoSliceMut::new(&mut d), IoSliceMut::new(&mut e)];
        assert_eq!(file.read_vectored(bufs).unwrap(), 100_000);
        assert!([c, d, e].concat()[..100_000] == bytes);
        assert_eq!(file.read_vectored(&mut []).unwrap() + file.write_vectored(&[]).unwrap(), 0);
    });
}

#[test]
fn positions() {
    everywhere(|dir| {
        let mut file = File::options().read(true).write(true).create(true).truncate(false).open(dir.join("f")).unwrap();
        file.write_all(b"0123456789").unwrap();
        assert_eq!(file.stream_position().unwrap(), 10);
        assert_eq!(file.seek(SeekFrom::End(-4)).unwrap(), 6);
        let mut two = [0; 2];
        file.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"67");
        assert_eq!(file.seek(SeekFrom::Current(-5)).unwrap(), 3);
        file.write_all(b"abc").unwrap();
        assert_eq!(file.seek(SeekFrom::Start(100)).unwrap(), 100);
        assert_eq!(file.seek(SeekFrom::Current(-101)).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(file.read(&mut two).unwrap(), 0);
        file.write_all(b"z").unwrap();
        assert_eq!(file.metadata().unwrap().len(), 101);
        let mut text = String::new();
        file.seek(SeekFrom::Start(2)).unwrap();
        (&file).take(6).read_to_string(&mut text).unwrap();
        assert_eq!(text, "2abc67");
        assert_eq!(file.write_at(b"XY", 0).unwrap(), 2);
        assert_eq!(file.stream_position().unwrap(), 8);
        // A clone has the same position.
        let mut clone = file.try_clone().unwrap();
        clone.rewind().unwrap();
        file.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"XY");
        clone.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"2a");
        file.set_len(4).unwrap();
        assert_eq!(clone.metadata().unwrap().len(), 4);
        assert_eq!(clone.read(&mut two).unwrap(), 0);
    });
}

/// Records that are read by many at one position are read once each, and whole, also where they come from the disk.
#[test]
fn a_shared_position_gives_each_record_once() {
    const RECORD: usize = 10_007;
    const COUNT: usize = 400;
    let dir = Dir::new();
    let bytes: Vec<u8> = (0..COUNT).flat_map(|i| [i as u8; RECORD]).collect();
    std::fs::write(dir.join("f"), bytes).unwrap();
    let file = Arc::new(File::open(dir.join("f")).unwrap());
    let seen: Arc<Vec<_>> = Arc::new((0..256).map(|_| AtomicUsize::new(0)).collect());
    for round in 0..3 {
        (&*file).rewind().unwrap();
        forget_cached(&file);
        for i in (round..COUNT).step_by(5) {
            file.read_exact_at(&mut [0; 1], (i * RECORD) as u64).unwrap();
        }
        let readers: Vec<_> = (0..8)
            .map(|i| {
                let (seen, file) = (seen.clone(), file.clone());
                let clone = file.try_clone().unwrap();
                thread::spawn(move || {
                    let mut file = if i % 2 == 0 { &*file } else { &clone };
                    let mut record = vec![0; RECORD];
                    loop {
                        match file.read(&mut record).unwrap() {
                            0 => return,
                            n => assert_eq!(n, RECORD),
                        }
                        assert!(record.iter().all(|byte| *byte == record[0]), "two records in one");
                        seen[usize::from(record[0])].fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for reader in readers {
            reader.join().unwrap();
        }
        for (i, seen) in seen.iter().enumerate() {
            let copies = (0..COUNT).filter(|record| record % 256 == i).count();
            assert_eq!(seen.swap(0, Ordering::Relaxed), copies);
        }
    }
}

#[test]
fn appended_lines_stay_whole() {
    let dir = Dir::new();
    let path = dir.join("log");
    let writers: Vec<_> = (0..8)
        .map(|i| {
            let mut file = File::options().append(true).create(true).open(&path).unwrap();
            let line = [vec![b'a' + i; 500 + usize::from(i) * 20_000], vec![b'\n']].concat();
            let write = move || (0..50).for_each(|_| assert_eq!(file.write(&line).unwrap(), line.len()));
            if i < 6 { Ok(thread::spawn(write)) } else { Err(std::thread::spawn(write)) }
        })
        .collect();
    for writer in writers {
        writer.map_or_else(|one| one.join(), |one| one.join()).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap();
    let mut counts = [0; 8];
    for line in text.lines() {
        let writer = line.as_bytes()[0] - b'a';
        assert_eq!(line.len(), 500 + usize::from(writer) * 20_000);
        assert!(line.bytes().all(|byte| byte == line.as_bytes()[0]));
        counts[usize::from(writer)] += 1;
    }
    assert_eq!(counts, [50; 8]);
}

#[test]
fn many_at_positions_of_their_own() {
    const PIECE: usize = 100_000;
    let dir = Dir::new();
    let path = dir.join("f");
    let file = Arc::new(File::create_new(&path).unwrap());
    let all: Vec<_> = (0..16_usize)
        .map(|i| {
            let file = file.clone();
            let work = move || {
                let bytes = vec![i as u8 + 1; PIECE];
                let step = 3000 + i * 9000;
                for (k, part) in bytes.chunks(step).enumerate() {
                    file.write_all_at(part, (i * PIECE + k * step) as u64).unwrap();
                }
                let mut read = vec![0; PIECE];
                file.read_exact_at(&mut read, (i * PIECE) as u64).unwrap();
                assert!(read == bytes);
            };
            if i % 4 == 3 { Err(std::thread::spawn(work)) } else { Ok(thread::spawn(work)) }
        })
        .collect();
    for one in all {
        one.map_or_else(|one| one.join(), |one| one.join()).unwrap();
    }
    assert_eq!((&*file).stream_position().unwrap(), 0);
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.chunks(PIECE).enumerate().all(|(i, piece)| piece.iter().all(|byte| *byte == i as u8 + 1)));
}

#[test]
fn files_in_memory_and_of_the_kernel() {
    everywhere(|_| {
        if let Ok(true) = std::fs::exists("/dev/shm") {
            let dir = Dir::within("/dev/shm".as_ref());
            let (path, bytes) = (dir.join("f"), pattern(1_000_000));
            fs::write(&path, &bytes).unwrap();
            assert!(fs::read(&path).unwrap() == bytes);
            File::options().append(true).open(&path).unwrap().write_all(b"more").unwrap();
            assert_eq!(fs::read(&path).unwrap().len(), 1_000_004);
        }
        if cfg!(target_os = "linux") {
            let status = fs::read_to_string("/proc/self/status").unwrap();
            assert!(status.contains(&format!("Pid:\t{}\n", std::process::id())));
            let file = File::open("/proc/self/stat").unwrap();
            let mut pid = vec![0; std::process::id().to_string().len()];
            file.read_exact_at(&mut pid, 0).unwrap();
            assert_eq!(pid, std::process::id().to_string().as_bytes());
            let mut all = Vec::new();
            (&file).read_to_end(&mut all).unwrap();
            assert!(all.starts_with(&pid) && all.ends_with(b"\n"));
            assert!(!fs::read("/sys/kernel/mm/transparent_hugepage/enabled").is_ok_and(|text| text.is_empty()));
        }
    });
}

#[test]
fn devices() {
    everywhere(|_| {
        let mut null = File::options().read(true).write(true).open("/dev/null").unwrap();
        assert_eq!(null.read(&mut [1; 5000]).unwrap(), 0);
        assert_eq!(null.write(&vec![1; 1_000_000]).unwrap(), 1_000_000);
        let mut zero = File::open("/dev/zero").unwrap();
        let mut bytes = vec![1; 1_000_000];
        zero.read_exact(&mut bytes).unwrap();
        assert!(bytes.iter().all(|byte| *byte == 0));
        let mut random = File::open("/dev/urandom").unwrap();
        random.read_exact(&mut bytes).unwrap();
        assert!(bytes.chunks(64).all(|piece| piece.iter().any(|byte| *byte != 0)));
        let full = File::create("/dev/full");
        if let Ok(mut full) = full {
            assert_eq!(full.write(b"x").unwrap_err().kind(), ErrorKind::StorageFull);
        }
    });
}

#[test]
fn ways_to_open() {
    everywhere(|dir| {
        let path = dir.join("f");
        assert_eq!(File::open(&path).unwrap_err().kind(), ErrorKind::NotFound);
        File::create_new(&path).unwrap().write_all(b"text").unwrap();
        assert_eq!(File::create_new(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(
            File::options().create(true).write(true).truncate(false).open(&path).unwrap().metadata().unwrap().len(),
            4
        );
        assert_eq!(File::create(&path).unwrap().metadata().unwrap().len(), 0);
        for flags in [libc::O_SYNC, libc::O_DSYNC, libc::O_NONBLOCK] {
            let mut file = File::options().read(true).write(true).custom_flags(flags).open(&path).unwrap();
            file.write_all(b"abc").unwrap();
            file.rewind().unwrap();
            file.read_exact(&mut [0; 3]).unwrap();
        }
        let emptied = File::options().write(true).custom_flags(libc::O_TRUNC).open(&path).unwrap();
        assert_eq!(emptied.metadata().unwrap().len(), 0);
        assert_eq!(File::options().read(true).clone().mode(0o600).open(&path).unwrap().metadata().unwrap().len(), 0);
        assert_eq!(
            File::options().read(true).custom_flags(libc::O_DIRECTORY).open(&path).unwrap_err().kind(),
            ErrorKind::NotADirectory
        );
        std::os::unix::fs::symlink(&path, dir.join("link")).unwrap();
        let link = File::options().read(true).custom_flags(libc::O_NOFOLLOW).open(dir.join("link"));
        assert_eq!(link.unwrap_err().raw_os_error(), Some(libc::ELOOP));
    });
}

/// Past the page cache, where the file system allows it.
#[test]
fn direct() {
    #[repr(align(4096))]
    struct Aligned([u8; 8192]);
    everywhere(|dir| {
        let path = dir.join("f");
        fs::write(&path, [7; 8192]).unwrap();
        if let Ok(mut file) = File::options().read(true).write(true).custom_flags(libc::O_DIRECT).open(&path) {
            let mut bytes = Box::new(Aligned([0; 8192]));
            assert_eq!(file.read(&mut bytes.0).unwrap(), 8192);
            assert_eq!(bytes.0, [7; 8192]);
            bytes.0.fill(8);
            assert_eq!(file.write_at(&bytes.0[..4096], 4096).unwrap(), 4096);
        }
        assert!(fs::read(&path).unwrap().starts_with(&[7; 4096]));
    });
}

#[test]
fn to_and_from_others() {
    everywhere(|dir| {
        let path = dir.join("f");
        let mut file = File::from(std::fs::File::create_new(&path).unwrap());
        file.write_all(b"one two").unwrap();
        let mut real = std::fs::File::from(file);
        real.rewind().unwrap();
        let mut file = File::from(OwnedFd::from(real));
        let mut word = [0; 3];
        file.read_exact(&mut word).unwrap();
        assert_eq!(&word, b"one");
        let echo = std::process::Command::new("cat").stdin(file).output().unwrap();
        assert_eq!(echo.stdout, b" two");
        file = File::open(&path).unwrap();
        assert_eq!(costd::io::copy(&mut file, &mut File::create(dir.join("g")).unwrap()).unwrap(), 7);
        assert_eq!(fs::read_to_string(dir.join("g")).unwrap(), "one two");
    });
}

#[test]
fn what_is_no_text_is_not_appended() {
    everywhere(|dir| {
        fs::write(dir.join("f"), b"abc\xff").unwrap();
        let mut text = "before".to_string();
        let error = File::open(dir.join("f")).unwrap().read_to_string(&mut text).unwrap_err();
        let real = std::fs::File::open(dir.join("f")).unwrap().read_to_string(&mut text).unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (real.kind(), real.to_string()));
        assert_eq!(text, "before");
        fs::write(dir.join("f"), "äöü").unwrap();
        assert_eq!(File::open(dir.join("f")).unwrap().read_to_string(&mut text).unwrap(), 6);
        assert_eq!(text, "beforeäöü");
    });
}

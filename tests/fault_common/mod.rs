//! What the tests of faults share: ways to have the kernel refuse things, and a watch over tests that must not hang.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::time::Duration;

/// A system call that is refused: its number, what its arguments have to be, and what comes of it.
pub struct Refused {
    call: libc::c_long,
    answer: u32,
    conditions: Vec<Condition>,
}

/// Of the argument at `place`, the bits of `mask` are `value`, or are anything else.
struct Condition {
    place: u32,
    mask: u32,
    value: u32,
    is: bool,
}

impl Refused {
    pub fn always(call: libc::c_long, error: i32) -> Refused {
        Refused { call, answer: libc::SECCOMP_RET_ERRNO | error.cast_unsigned(), conditions: Vec::new() }
    }

    /// It ends the process, so that it cannot go unnoticed.
    pub fn fatal(call: libc::c_long) -> Refused {
        Refused { call, answer: libc::SECCOMP_RET_KILL_PROCESS, conditions: Vec::new() }
    }

    pub fn if_argument(mut self, place: u32, mask: u32, value: u32) -> Refused {
        self.conditions.push(Condition { place, mask, value, is: true });
        self
    }

    pub fn if_argument_is_not(mut self, place: u32, value: u32) -> Refused {
        self.conditions.push(Condition { place, mask: u32::MAX, value, is: false });
        self
    }
}

/// Has the kernel refuse these calls of the whole process, for the rest of its life.
pub fn refuse(calls: &[Refused]) {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
    const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, k| libc::sock_filter { code, jt: 0, jf: 0, k };
    let mut program = Vec::new();
    for refused in calls {
        // A test that fails leads to what comes after the last step for this call.
        let mut left = u8::try_from(1 + 3 * refused.conditions.len()).unwrap();
        // Its number is the first word of what the filter sees; the arguments begin at byte 16, 8 bytes each.
        program.push(step(LOAD, 0));
        program.push(libc::sock_filter { jf: left, ..step(IF_EQUAL, u32::try_from(refused.call).unwrap()) });
        for condition in &refused.conditions {
            left -= 3;
            program.push(step(LOAD, 16 + 8 * condition.place));
            program.push(step(AND, condition.mask));
            let test = step(IF_EQUAL, condition.value);
            program.push(if condition.is {
                libc::sock_filter { jf: left, ..test }
            } else {
                libc::sock_filter { jt: left, ..test }
            });
        }
        program.push(step(RETURN, refused.answer));
    }
    program.push(step(RETURN, libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog { len: u16::try_from(program.len()).unwrap(), filter: program.as_mut_ptr() };
    // SAFETY: the calls read the program, which is alive meanwhile.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let (mode, flags) = (libc::SECCOMP_SET_MODE_FILTER, libc::SECCOMP_FILTER_FLAG_TSYNC);
        let result = libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program);
        assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    }
}

/// Has the kernel make no OS thread any more, nor a process.
pub fn refuse_threads() {
    refuse(&[Refused::always(libc::SYS_clone, libc::EAGAIN), Refused::always(libc::SYS_clone3, libc::EAGAIN)]);
}

/// Limits a resource of this process.
pub fn limit(resource: libc::__rlimit_resource_t, to: u64) {
    let limit = libc::rlimit { rlim_cur: to, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: reads the limit.
    let result = unsafe {
        let mut present = limit;
        libc::getrlimit(resource, &mut present);
        libc::setrlimit(resource, &libc::rlimit { rlim_max: present.rlim_max, ..limit })
    };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}

/// The address space that this process uses.
pub fn address_space() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = text.split(' ').next().unwrap().parse().unwrap();
    // SAFETY: asks for a number.
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.cast_unsigned()
}

/// In a child: ends the process, with a word, if it takes too long. By an OS thread of the real std, made now.
pub fn watch(what: &str) {
    let what = what.to_owned();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(60));
        eprintln!("{what}: hangs");
        std::process::abort();
    });
}

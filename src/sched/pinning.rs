//! Workers that are pinned to CPUs, if the settings say so, and what they must not hand on: an OS thread or a process starts
//! with the CPUs of the OS thread that starts it.

use crate::pal::affinity;

use super::current::worker;
use super::settings::settings;

/// On the OS thread of a worker, before it runs anything.
pub(super) fn pin_worker(index: usize) {
    if let Some(cpu) = cpu_of(index) {
        // Somebody may have taken the CPU from the process since the settings were looked at. It runs elsewhere, then.
        let _ = affinity::restrict(&[cpu]);
    }
}

/// Runs `f`, which starts an OS thread or a process, or asks which CPUs there are: on a pinned worker with all CPUs that the
/// process may use.
pub(crate) fn unpinned<R>(f: impl FnOnce() -> R) -> R {
    /// However `f` ends.
    struct Pin(usize);
    impl Drop for Pin {
        fn drop(&mut self) {
            pin_worker(self.0);
        }
    }
    let Some(worker) = worker() else { return f() };
    if settings().cpus.is_empty() {
        return f();
    }
    let _pin = Pin(worker.index());
    let _ = affinity::restrict(&settings().all_cpus);
    f()
}

fn cpu_of(index: usize) -> Option<usize> {
    let cpus = &settings().cpus;
    // A reserve, too: its number goes on where those of the workers end.
    cpus.get(index.checked_rem(cpus.len())?).copied()
}

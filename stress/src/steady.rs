//! What a process holds of the kernel's, and whether that stays as it is.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, which counts what is in use.
pub struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What this process holds now.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    /// In use by what was allocated, if [`Counting`] is the allocator.
    pub heap_kb: usize,
    pub resident_kb: usize,
    pub page_tables_kb: usize,
    pub descriptors: usize,
    pub threads: usize,
    pub mappings: usize,
}

/// So much more than during the warm-up is still the same: what the allocator and the caches of stacks make of chance. And
/// reserves (OS threads that are started where all workers look held up, as they do on a busy machine) stay.
const ALLOWED: Sample = Sample {
    heap_kb: 2 << 10,
    resident_kb: 24 << 10,
    page_tables_kb: 2 << 10,
    descriptors: 120,
    threads: 40,
    mappings: 200,
};

impl Sample {
    /// Looks.
    pub fn now() -> Sample {
        let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux has it");
            line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("a number")
        };
        Sample {
            heap_kb: IN_USE.load(Ordering::Relaxed) >> 10,
            resident_kb: number("VmRSS"),
            page_tables_kb: number("VmPTE"),
            // The look itself has one.
            descriptors: fs::read_dir("/proc/self/fd").expect("Linux has it").count() - 1,
            threads: number("Threads"),
            mappings: fs::read_to_string("/proc/self/maps").expect("Linux has it").lines().count(),
        }
    }

    fn all(self) -> [usize; 6] {
        [self.heap_kb, self.resident_kb, self.page_tables_kb, self.descriptors, self.threads, self.mappings]
    }

    /// The larger of the two, in each.
    #[must_use]
    pub fn max(self, other: Sample) -> Sample {
        Sample {
            heap_kb: self.heap_kb.max(other.heap_kb),
            resident_kb: self.resident_kb.max(other.resident_kb),
            page_tables_kb: self.page_tables_kb.max(other.page_tables_kb),
            descriptors: self.descriptors.max(other.descriptors),
            threads: self.threads.max(other.threads),
            mappings: self.mappings.max(other.mappings),
        }
    }

    /// Is this more than `warm`, the most of the warm-up, by more than chance?
    pub fn has_grown_since(self, warm: Sample) -> bool {
        let limits = warm.all().into_iter().zip(ALLOWED.all());
        self.all().into_iter().zip(limits).any(|(now, (warm, allowed))| now > warm + allowed)
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sample { heap_kb, resident_kb, page_tables_kb, descriptors, threads, mappings } = self;
        write!(
            f,
            "{heap_kb} KiB of heap, {resident_kb} KiB resident, {page_tables_kb} KiB of page tables, \
             {descriptors} descriptors, {threads} OS threads, {mappings} mappings"
        )
    }
}

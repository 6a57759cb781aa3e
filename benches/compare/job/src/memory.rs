/// What the kernel says of this process's memory, in KiB.
#[derive(Clone, Copy)]
pub struct Memory {
    /// VmRSS.
    pub resident: u64,
    /// VmPTE: the page tables.
    pub tables: u64,
}

impl Memory {
    pub fn now() -> Memory {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("it has such a line");
            line.trim_end_matches("kB").trim().parse().expect("a number of KiB")
        };
        Memory { resident: field("VmRSS:"), tables: field("VmPTE:") }
    }

    /// Bytes for each of `count` things that were made since `before`.
    pub fn each_since(self, before: Memory, count: u64) -> f64 {
        let grown = (self.resident + self.tables) as f64 - (before.resident + before.tables) as f64;
        grown * 1024.0 / count as f64
    }
}

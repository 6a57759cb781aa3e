//! What any crate does with std, in the words that all editions share.

use std::collections::{BTreeMap, HashMap};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, Write};

/// The macro without a path comes from the prelude.
thread_local! {
    /// Documented.
    pub static PRELUDE: Cell<u32> = const { Cell::new(1) };
    static SECOND: RefCell<Vec<u32>> = RefCell::new(vec![2])
}

std::thread_local!(static PATH: Cell<u32> = Cell::new(3););

/// An allocator that uses thread-locals, and would be asked for memory by them if they did not take care.
struct Counting;

thread_local!(static ALLOCATIONS: Cell<usize> = const { Cell::new(0) });
thread_local!(static LAZY: Cell<usize> = Cell::new(ALLOCATIONS.get()));

unsafe impl std::alloc::GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 {
        let _ = LAZY.try_with(|n| n.set(n.get() + 1));
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { std::alloc::System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: std::alloc::Layout) {
        unsafe { std::alloc::System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
struct Derived {
    n: u8,
}

impl fmt::Display for Derived {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "<{}>", self.n)
    }
}

fn question_mark(text: &str) -> Result<i32, Box<dyn std::error::Error + Send + Sync>> {
    let n: i32 = text.parse()?;
    Ok(n)
}

mod nested {
    use std::thread;

    thread_local!(pub static NESTED: ::std::cell::Cell<u8> = const { ::std::cell::Cell::new(9) });

    pub fn spawn() -> u8 {
        let _ = ::std::cmp::max(1, 2);
        thread::spawn(|| NESTED.get()).join().unwrap()
    }
}

pub fn check() {
    print!("print ");
    println!("{} {:?} {named}", 1, "two", named = 3);
    eprint!("");
    eprintln!("standard error");
    assert_eq!(format!("{:>4}|{}", 1, Derived { n: 2 }), "   1|<2>");
    assert_ne!(vec![1; 3], vec![1, 2, 3]);
    assert!(matches!(Some(1), Some(n) if n == 1), "a message {}", 1);
    debug_assert!(true);
    assert_eq!(dbg!(1 + 1), 2);
    assert_eq!(dbg!("a", 'b'), ("a", 'b'));
    let mut text = Vec::new();
    writeln!(text, "{}", line!()).unwrap();
    let _: &str = concat!(file!(), column!(), module_path!(), stringify!(a + b));
    assert!(cfg!(debug_assertions) || option_env!("NOT_SET_ANYWHERE").is_none());
    assert_eq!(env!("CARGO_PKG_VERSION"), "0.0.0");
    let _ = io::stdout().flush();
    let _ = std::ptr::addr_of!(text);
    let pinned = std::pin::pin!(1);
    assert_eq!(*pinned, 1);

    let derived = Derived::default();
    assert_eq!(derived, derived.clone());
    assert!(derived <= Derived { n: 1 });
    let map: HashMap<_, _> = (0..3).map(|n| (n, n * n)).collect();
    let sorted: BTreeMap<_, _> = map.iter().filter(|&(k, _)| *k > 0).collect();
    assert_eq!(sorted.values().map(|v| **v).sum::<i32>(), 5);
    assert_eq!(question_mark("12").unwrap(), 12);
    assert!(question_mark("twelve").is_err());

    PRELUDE.set(11);
    SECOND.with(|v| v.borrow_mut().push(12));
    PATH.with(|n| n.set(13));
    assert_eq!(nested::spawn(), 9);
    std::thread::spawn(|| {
        assert_eq!((PRELUDE.get(), PATH.get()), (1, 3));
        SECOND.with_borrow(|v| assert_eq!(*v, [2]));
    })
    .join()
    .unwrap();
    assert_eq!((PRELUDE.get(), PATH.get()), (11, 13));
    // In a coroutine the count is its own; on the OS thread it went on.
    assert!(ALLOCATIONS.get() > 0);
    let (before, after) = std::thread::spawn(|| {
        let before = ALLOCATIONS.get();
        drop(Box::new(1));
        (before, ALLOCATIONS.get())
    })
    .join()
    .unwrap();
    assert!(after > before && before < ALLOCATIONS.get(), "{} {}", before, after);

    for result in [
        std::panic::catch_unwind(|| panic!("plain")),
        std::panic::catch_unwind(|| unreachable!("never {}", 1)),
        std::panic::catch_unwind(|| todo!()),
        std::panic::catch_unwind(|| unimplemented!("not {}", "yet")),
        std::panic::catch_unwind(|| assert!(false)),
        std::panic::catch_unwind(|| assert_eq!(1, 2, "with {}", "words")),
        std::thread::spawn(|| panic!("number {}", 1)).join(),
    ]
    .iter()
    {
        assert!(result.is_err());
    }
}

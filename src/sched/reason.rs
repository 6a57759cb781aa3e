//! Why a task is parked. One reason for each place, so that a list of who waits for what is exact.

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why a task is parked.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub(crate) enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// All there are, by number.
            pub(crate) const ALL: &[Reason] = &[$(Reason::$name,)*];

            /// What `as u8` has given the number of.
            pub(crate) fn of_number(number: u8) -> Reason {
                Reason::ALL[usize::from(number)]
            }

            /// May a wait for it be interrupted? Not one for a lock (or an initialisation), which a destructor or a
            /// caller may need to put things in order; nor one for what borrows from the waiter's frame.
            pub(crate) const fn is_interruptible(self) -> bool {
                !matches!(
                    self,
                    Reason::Mutex
                        | Reason::RwLockRead
                        | Reason::RwLockWrite
                        | Reason::Once
                        | Reason::Scope
                        | Reason::SelectEnd
                        | Reason::File
                        | Reason::Blocking
                        | Reason::OsThreadStart
                        | Reason::OsThreadEnd
                        | Reason::OsThreadScope
                )
            }

            /// May it be ended by the system, or by an OS thread that is at work for it, and by nobody who waits himself?
            pub(crate) const fn comes_from_outside(self) -> bool {
                matches!(
                    self,
                    Reason::SocketRead
                        | Reason::SocketWrite
                        | Reason::Accept
                        | Reason::Connect
                        | Reason::PipeRead
                        | Reason::PipeWrite
                        | Reason::Child
                        | Reason::Output
                        | Reason::File
                        | Reason::Blocking
                        | Reason::BlockingSection
                        | Reason::Dump
                )
            }

            /// The reason in words, as the end of "parked in …".
            pub(crate) const fn text(self) -> &'static str {
                match self {
                    $(Reason::$name => $text,)*
                }
            }
        }
    };
}

reasons! {
    /// `thread::park`, `thread::park_timeout`.
    Park = "thread::park",
    /// `thread::sleep`, `thread::sleep_until`.
    Sleep = "thread::sleep",
    /// `JoinHandle::join`.
    Join = "JoinHandle::join",
    /// The end of `thread::scope`.
    Scope = "thread::scope",
    /// `Mutex::lock`.
    Mutex = "Mutex::lock",
    /// `RwLock::read`.
    RwLockRead = "RwLock::read",
    /// `RwLock::write`.
    RwLockWrite = "RwLock::write",
    /// `Condvar::wait` and its kin.
    Condvar = "Condvar::wait",
    /// `Barrier::wait`.
    Barrier = "Barrier::wait",
    /// `Once::call_once` and what is built on it, while another task runs the initialiser.
    Once = "Once::call_once",
    /// A channel's receiver, empty.
    Receive = "Receiver::recv",
    /// A bounded channel's sender, full.
    Send = "SyncSender::send",
    /// A socket has nothing to read.
    SocketRead = "reading from a socket",
    /// A socket takes no more.
    SocketWrite = "writing to a socket",
    /// A listener has no connection to give.
    Accept = "TcpListener::accept",
    /// A connection is being made.
    Connect = "TcpStream::connect",
    /// A pipe, a terminal or the like has nothing to read.
    PipeRead = "reading from a pipe",
    /// A pipe, a terminal or the like takes no more.
    PipeWrite = "writing to a pipe",
    /// `Child::wait` and its kin.
    Child = "Child::wait",
    /// The two ends of `Child::wait_with_output`.
    Output = "Child::wait_with_output",
    /// A file is being read, written or opened.
    File = "an operation on a file",
    /// A future is not ready.
    Future = "coroutine::block_on",
    /// A name is being resolved, or other work that blocks in the kernel is done elsewhere.
    Blocking = "a call that runs on another OS thread",
    /// `coroutine::blocking`.
    BlockingSection = "coroutine::blocking",
    /// `runtime::dump` waits for the workers.
    Dump = "runtime::dump",
    /// `coroutine::Semaphore::acquire` and its kin.
    Semaphore = "Semaphore::acquire",
    /// `coroutine::Event::wait` and its kin.
    Event = "Event::wait",
    /// `coroutine::WaitGroup::wait` and its kin.
    WaitGroup = "WaitGroup::wait",
    /// `coroutine::select!`, `coroutine::Select` and their kin.
    Select = "coroutine::select",
    /// The same, while a child that has lost comes to its end.
    SelectEnd = "coroutine::select (a child's end)",
    /// `coroutine::os_thread::JoinHandle::thread`, before the thread has come to life.
    OsThreadStart = "os_thread::JoinHandle::thread",
    /// `coroutine::os_thread::JoinHandle::join`, while the thread's function runs.
    OsThreadJoin = "os_thread::JoinHandle::join",
    /// The same, while the thread's last destructors run.
    OsThreadEnd = "os_thread::JoinHandle::join (destructors)",
    /// The end of `coroutine::os_thread::scope`.
    OsThreadScope = "os_thread::scope",
    /// `coroutine::wait_readable` and its kin.
    Readable = "coroutine::wait_readable",
    /// `coroutine::wait_writable` and its kin.
    Writable = "coroutine::wait_writable",
}

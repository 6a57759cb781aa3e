//! What a program is: data, which both interpreters run.
//!
//! Its result is the same whatever the interleaving, for two reasons.
//!
//! *Between tasks* there is only what one of them does for one other, or all do together: a channel has one sender and one
//! receiver, a stream one writer and one reader, a flag is raised once, a barrier has its members. Such a step stays possible
//! once it is, whatever others do meanwhile. The generator writes one interleaving that goes to the end; so does any other,
//! then, and what is received in it is the same.
//!
//! *What competes* (locks, several receivers of a channel, crowds) either adds up, and only the sum is looked at, or keeps to
//! itself inside one step.

/// Number of a task; 0 is the one that starts the others.
pub type TaskId = usize;

/// A program. Each list is what the numbers in its steps refer to.
#[derive(Debug, Clone, Default)]
pub struct Program {
    pub tasks: Vec<Task>,
    pub channels: Vec<Channel>,
    pub streams: Vec<Stream>,
    /// How many wait at each.
    pub barriers: Vec<usize>,
    pub locks: usize,
    pub rwlocks: usize,
    pub onces: usize,
    pub flags: usize,
    /// Who parks for each signal.
    pub signals: Vec<TaskId>,
}

#[derive(Debug, Clone)]
pub struct Task {
    pub style: Style,
    pub steps: Vec<Step>,
    /// It ends by unwinding with its result, and not by returning it.
    pub unwinds: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Named,
    SmallStack,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Unbounded,
    Bounded(usize),
    /// Of several receivers; here one of them is used.
    Shared(Option<usize>),
    Oneshot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Tcp,
    Unix,
    Pipe,
    /// Datagrams, one for each write.
    Udp,
}

/// In which of its forms an operation waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Plain,
    /// For a short time, over and over.
    Timeout,
    /// Without waiting, once; and then plainly.
    TryFirst,
}

/// What is done while a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    Nothing,
    Yield,
    Sleep(u16),
    /// Takes the next lock as well.
    Next,
}

#[derive(Debug, Clone)]
pub enum Step {
    Yield,
    /// For so many microseconds.
    Sleep(u16),
    Spawn(TaskId),
    /// A child of one's own; the first task also joins all that are left.
    Join(TaskId),
    Send(usize, u64, How),
    Receive(usize, How),
    /// Drops the sender.
    Close(usize),
    /// Receives what says that the sender is gone.
    ReceiveEnd(usize, How),
    Connect(usize),
    Accept(usize),
    Write(usize, usize),
    Read(usize, usize, How),
    Shutdown(usize),
    ReadEnd(usize),
    Lock(usize, u64, How, Hold),
    ReadLock(usize, How),
    WriteLock(usize, u64, Hold),
    Once(usize),
    Raise(usize),
    AwaitFlag(usize, How),
    Barrier(usize),
    Unpark(usize),
    Park(usize, How),
    Local(u64),
    Crowd(Crowd),
}

/// Threads of their own, which have ended when the step has.
#[derive(Debug, Clone)]
pub enum Crowd {
    /// Threads of a scope, which add to a lock and to what the scope's owner has.
    Scope { threads: usize, lock: usize },
    /// Several senders and several receivers at one channel.
    Pool { capacity: Option<usize>, senders: usize, receivers: usize, each: usize },
    /// A bounded queue of a mutex and two condition variables.
    Queue { room: usize, producers: usize, consumers: usize, each: usize },
    /// Readers and writers of a lock, who see whole values.
    Readers { readers: usize, writers: usize, each: usize },
    /// A server with a thread for each connection, and its clients.
    Echo { clients: usize, each: usize },
    /// Threads that meet over and over.
    Rounds { threads: usize, rounds: usize },
}

impl Program {
    /// All threads that it starts.
    pub fn threads(&self) -> usize {
        let crowds = |task: &Task| -> usize {
            let of = |step: &Step| match step {
                Step::Crowd(crowd) => crowd.threads(),
                _ => 0,
            };
            task.steps.iter().map(of).sum()
        };
        self.tasks.len() + self.tasks.iter().map(crowds).sum::<usize>()
    }
}

impl Crowd {
    fn threads(&self) -> usize {
        match *self {
            Crowd::Scope { threads, .. } | Crowd::Rounds { threads, .. } => threads,
            Crowd::Pool { senders, receivers, .. } => senders + receivers,
            Crowd::Queue { producers, consumers, .. } => producers + consumers,
            Crowd::Readers { readers, writers, .. } => readers + writers,
            Crowd::Echo { clients, .. } => 2 * clients,
        }
    }
}

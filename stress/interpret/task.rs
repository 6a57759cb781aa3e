//! One task, step by step.

use super::channel::{ReceiveEnd, SHORT, SendEnd};
use super::stream::{Reader, Writer};
use super::{World, crowd, fold, is_given, join, spawn, unpark};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, TryLockError};
use std::thread;
use std::time::Duration;

use stress_program::program::{Hold, How, Step, TaskId};

/// What a task has of its own.
#[derive(Default)]
struct Mine {
    senders: HashMap<usize, SendEnd>,
    receivers: HashMap<usize, ReceiveEnd>,
    writers: HashMap<usize, Writer>,
    readers: HashMap<usize, Reader>,
}

/// A thread-local value whose end is counted.
struct Local {
    world: Arc<World>,
    sum: u64,
}

impl Drop for Local {
    fn drop(&mut self) {
        self.world.locals_dropped.fetch_add(1, Ordering::Relaxed);
    }
}

thread_local! {
    static LOCAL: RefCell<Option<Local>> = const { RefCell::new(None) };
}

/// Runs it; its result.
pub(crate) fn run_task(world: &Arc<World>, task: TaskId) -> u64 {
    world.threads[task].put(thread::current());
    let mut mine = Mine::default();
    let mut result = task as u64;
    for step in &world.program.tasks[task].steps {
        result = fold(result, mine.step(world, step));
    }
    result
}

impl Mine {
    /// What the step gives for the result.
    fn step(&mut self, world: &Arc<World>, step: &Step) -> u64 {
        match *step {
            Step::Yield => thread::yield_now(),
            Step::Sleep(micros) => thread::sleep(Duration::from_micros(micros.into())),
            Step::Spawn(task) => world.handles[task].put(spawn(world, task)),
            Step::Join(task) => {
                let handle = world.handles[task].take().expect("it was spawned, and nobody else joins it");
                return join(world, handle);
            }
            Step::Send(n, value, how) => self.sender(world, n).send(value, how),
            Step::Receive(n, how) => match self.receiver(world, n).receive(how) {
                Some(value) => return value,
                None => world.fault(format!("channel {n} ends too early")),
            },
            Step::Close(n) => {
                self.sender(world, n);
                self.senders.remove(&n);
            }
            Step::ReceiveEnd(n, how) => {
                if let Some(value) = self.receiver(world, n).receive(how) {
                    world.fault(format!("channel {n} has {value} where it should end"));
                }
            }
            Step::Connect(n) => _ = self.writers.insert(n, world.streams[n].connect()),
            Step::Accept(n) => _ = self.readers.insert(n, world.streams[n].accept()),
            Step::Write(n, length) => self.writer(world, n).write(length),
            Step::Read(n, length, how) => {
                if let Err(text) = self.reader(world, n).read(length, how) {
                    world.fault(text);
                }
            }
            Step::Shutdown(n) => {
                self.writer(world, n);
                self.writers.remove(&n).expect("just looked at").shutdown();
            }
            Step::ReadEnd(n) => {
                if let Err(text) = self.reader(world, n).read_end() {
                    world.fault(text);
                }
            }
            Step::Lock(n, value, how, hold) => lock(world, n, value, how, hold),
            Step::ReadLock(n, how) => read_lock(world, n, how),
            Step::WriteLock(n, value, hold) => {
                let mut pair = world.rwlocks[n].write().unwrap();
                world.check("an RwLock", *pair);
                pair.0 += value;
                hold_on(hold);
                pair.1 += value;
            }
            Step::Once(n) => {
                return *world.onces[n].get_or_init(|| {
                    world.once_runs.fetch_add(1, Ordering::Relaxed);
                    thread::yield_now();
                    7 + n as u64
                });
            }
            Step::Raise(n) => {
                *world.flags[n].0.lock().unwrap() = true;
                world.flags[n].1.notify_all();
            }
            Step::AwaitFlag(n, how) => await_flag(world, n, how),
            Step::Barrier(n) => {
                if world.barriers[n].wait().is_leader() {
                    world.leaders.fetch_add(1, Ordering::Relaxed);
                }
            }
            Step::Unpark(n) => {
                world.signals[n].store(true, Ordering::Release);
                unpark(world, world.program.signals[n]);
            }
            Step::Park(n, how) => {
                while !is_given(world, n) {
                    match how {
                        How::Timeout => thread::park_timeout(SHORT),
                        _ => thread::park(),
                    }
                }
            }
            Step::Local(value) => return local(world, value),
            Step::Crowd(ref crowd) => return crowd::run(world, crowd),
        }
        0
    }

    fn sender(&mut self, world: &World, n: usize) -> &mut SendEnd {
        self.senders.entry(n).or_insert_with(|| world.channels[n].0.take().expect("its one sender"))
    }

    fn receiver(&mut self, world: &World, n: usize) -> &mut ReceiveEnd {
        self.receivers.entry(n).or_insert_with(|| world.channels[n].1.take().expect("its one receiver"))
    }

    fn writer(&mut self, world: &World, n: usize) -> &mut Writer {
        self.writers.entry(n).or_insert_with(|| world.streams[n].writer.take().expect("its one writer"))
    }

    fn reader(&mut self, world: &World, n: usize) -> &mut Reader {
        self.readers.entry(n).or_insert_with(|| world.streams[n].reader.take().expect("its one reader"))
    }
}

fn hold_on(hold: Hold) {
    match hold {
        Hold::Nothing | Hold::Next => {}
        Hold::Yield => thread::yield_now(),
        Hold::Sleep(micros) => thread::sleep(Duration::from_micros(micros.into())),
    }
}

fn lock(world: &World, n: usize, value: u64, how: How, hold: Hold) {
    let mut pair = match world.locks[n].try_lock() {
        Ok(pair) if how == How::TryFirst => pair,
        Err(TryLockError::Poisoned(_)) => panic!("nobody has panicked with it"),
        other => {
            drop(other);
            world.locks[n].lock().unwrap()
        }
    };
    world.check("a Mutex", *pair);
    pair.0 += value;
    hold_on(hold);
    if hold == Hold::Next && n + 1 < world.locks.len() {
        lock(world, n + 1, 1, how, Hold::Nothing);
    }
    pair.1 += value;
}

fn read_lock(world: &World, n: usize, how: How) {
    let tried = if how == How::TryFirst { world.rwlocks[n].try_read().ok() } else { None };
    let pair = tried.unwrap_or_else(|| world.rwlocks[n].read().unwrap());
    thread::yield_now();
    world.check("an RwLock", *pair);
}

fn await_flag(world: &World, n: usize, how: How) {
    let (flag, raised) = &world.flags[n];
    let mut is_raised = flag.lock().unwrap();
    while !*is_raised {
        is_raised = match how {
            How::Timeout => raised.wait_timeout(is_raised, SHORT).unwrap().0,
            _ => raised.wait(is_raised).unwrap(),
        };
    }
}

fn local(world: &Arc<World>, value: u64) -> u64 {
    LOCAL.with_borrow_mut(|local| {
        let local = local.get_or_insert_with(|| {
            world.locals_made.fetch_add(1, Ordering::Relaxed);
            Local { world: Arc::clone(world), sum: 0 }
        });
        local.sum += value;
        local.sum
    })
}

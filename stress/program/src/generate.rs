//! Makes a program, by playing one interleaving of it to the end: see [`crate::program`].

use crate::choices::Choices;
use crate::program::{Channel, Crowd, Hold, How, Program, Step, Stream, Style, Task, TaskId};

const TASKS: usize = 24;
const STEPS: usize = 160;
const CHANNELS: usize = 12;
const STREAMS: usize = 6;
const ENDS: usize = 3;
/// So much may be on its way in a stream, and no write waits.
const ON_ITS_WAY: usize = 8 << 10;
/// So many datagrams.
const DATAGRAMS: usize = 4;

/// Where the interleaving is.
struct Play<'a, 'b> {
    choices: &'a mut Choices<'b>,
    program: Program,
    /// Those that have begun and not ended.
    live: Vec<TaskId>,
    /// Those that have ended and are not joined, with who is to join them.
    ended: Vec<(TaskId, TaskId)>,
    parents: Vec<TaskId>,
    channels: Vec<ChannelState>,
    streams: Vec<StreamState>,
    raised: Vec<usize>,
    signals: Vec<(usize, TaskId)>,
}

struct ChannelState {
    sender: TaskId,
    receiver: TaskId,
    queued: usize,
    used: bool,
    closed: bool,
    /// That it is closed was received.
    seen: bool,
}

struct StreamState {
    writer: TaskId,
    reader: TaskId,
    connected: bool,
    accepted: bool,
    on_its_way: Vec<usize>,
    closed: bool,
    seen: bool,
}

/// A program of the decisions that `choices` takes.
pub fn generate(choices: &mut Choices<'_>) -> Program {
    let mut play = Play {
        choices,
        program: Program { locks: 3, rwlocks: 2, onces: 3, ..Program::default() },
        live: Vec::new(),
        ended: Vec::new(),
        parents: Vec::new(),
        channels: Vec::new(),
        streams: Vec::new(),
        raised: Vec::new(),
        signals: Vec::new(),
    };
    play.begin(0);
    let steps = 8 + play.choices.below(STEPS.min(256));
    for _ in 0..steps {
        play.step();
    }
    play.finish();
    play.program
}

impl Play<'_, '_> {
    fn begin(&mut self, parent: TaskId) -> TaskId {
        let task = self.program.tasks.len();
        let style = self.choices.of(&[Style::Plain, Style::Plain, Style::Named, Style::SmallStack]);
        let unwinds = task > 0 && self.choices.once_in(8);
        self.program.tasks.push(Task { style, steps: Vec::new(), unwinds });
        self.parents.push(parent);
        self.live.push(task);
        task
    }

    fn add(&mut self, task: TaskId, step: Step) {
        self.program.tasks[task].steps.push(step);
    }

    fn some_task(&mut self) -> TaskId {
        self.live[self.choices.below(self.live.len())]
    }

    fn how(&mut self) -> How {
        self.choices.of(&[How::Plain, How::Plain, How::Timeout, How::TryFirst])
    }

    fn value(&mut self) -> u64 {
        self.choices.below(251) as u64 + 1
    }

    fn hold(&mut self) -> Hold {
        let short = 10 + self.choices.below(100) as u16;
        self.choices.of(&[Hold::Nothing, Hold::Nothing, Hold::Yield, Hold::Sleep(short), Hold::Next])
    }

    fn step(&mut self) {
        let task = self.some_task();
        match self.choices.below(20) {
            0 => self.add(task, Step::Yield),
            1 => {
                let time = self.choices.below(250) as u16;
                self.add(task, Step::Sleep(time));
            }
            2 | 3 if self.program.tasks.len() < TASKS => {
                let child = self.begin(task);
                self.add(task, Step::Spawn(child));
            }
            4 => self.join_or_end(task),
            5..=8 => self.channel(task),
            9..=11 => self.stream(task),
            12 => {
                let (lock, value) = (self.choices.below(self.program.locks), self.value());
                let (how, hold) = (self.how(), self.hold());
                self.add(task, Step::Lock(lock, value, how, hold));
            }
            13 => {
                let lock = self.choices.below(self.program.rwlocks);
                let step = if self.choices.once_in(2) {
                    Step::WriteLock(lock, self.value(), self.hold())
                } else {
                    Step::ReadLock(lock, self.how())
                };
                self.add(task, step);
            }
            14 => {
                let once = self.choices.below(self.program.onces);
                self.add(task, Step::Once(once));
            }
            15 => self.flag(task),
            16 => self.barrier(),
            17 => self.signal(task),
            18 => {
                let crowd = self.crowd();
                self.add(task, Step::Crowd(crowd));
            }
            _ => {
                let value = self.value();
                self.add(task, Step::Local(value));
            }
        }
    }

    fn join_or_end(&mut self, task: TaskId) {
        if let Some(place) = self.ended.iter().position(|&(_, joiner)| joiner == task) {
            let (ended, _) = self.ended.remove(place);
            self.add(task, Step::Join(ended));
        } else if task != 0 {
            self.end(task);
        }
    }

    fn end(&mut self, task: TaskId) {
        self.live.retain(|&live| live != task);
        // Its own children are the first task's to join, when it has joined this one.
        for (_, joiner) in &mut self.ended {
            if *joiner == task {
                *joiner = TaskId::MAX;
            }
        }
        let parent = self.parents[task];
        let joiner = if self.live.contains(&parent) { parent } else { TaskId::MAX };
        self.ended.push((task, joiner));
        for channel in &mut self.channels {
            channel.closed |= channel.sender == task && channel.used;
        }
        for stream in &mut self.streams {
            stream.closed |= stream.writer == task && stream.connected;
        }
    }

    /// All end, and the first one joins who is left: parents before their children, so that a handle is there.
    fn finish(&mut self) {
        while let Some(&task) = self.live.iter().find(|&&task| task != 0) {
            self.end(task);
        }
        self.ended.sort_unstable();
        for (task, _) in std::mem::take(&mut self.ended) {
            self.add(0, Step::Join(task));
        }
    }

    fn is_live(&self, task: TaskId) -> bool {
        self.live.contains(&task)
    }

    fn new_channel(&mut self, sender: TaskId) -> usize {
        let kind = self.choices.of(&[
            Channel::Unbounded,
            Channel::Bounded(0),
            Channel::Bounded(1),
            Channel::Bounded(3),
            Channel::Shared(None),
            Channel::Shared(Some(0)),
            Channel::Shared(Some(2)),
            Channel::Oneshot,
        ]);
        let receiver = self.some_task();
        self.program.channels.push(kind);
        self.channels.push(ChannelState { sender, receiver, queued: 0, used: false, closed: false, seen: false });
        self.channels.len() - 1
    }

    /// Something at a channel that `task` has an end of, or at a new one.
    fn channel(&mut self, task: TaskId) {
        let known: Vec<usize> = (0..self.channels.len())
            .filter(|&n| {
                let channel = &self.channels[n];
                channel.sender == task && !channel.closed || channel.receiver == task && !channel.seen
            })
            .collect();
        let new = self.channels.len() < CHANNELS && (known.is_empty() || self.choices.once_in(3));
        let n = match known.as_slice() {
            _ if new => self.new_channel(task),
            [] => return,
            known => self.choices.of(known),
        };
        let (how, value) = (self.choices.of(&[How::Plain, How::Timeout, How::TryFirst]), self.value());
        let channel = &self.channels[n];
        if channel.receiver == task && channel.queued > 0 {
            self.channels[n].queued -= 1;
            self.add(task, Step::Receive(n, how));
        } else if channel.receiver == task && channel.closed {
            self.channels[n].seen = true;
            self.add(task, Step::ReceiveEnd(n, how));
        } else if channel.sender == task && !channel.closed {
            self.send(n, value, how);
        }
    }

    fn send(&mut self, n: usize, value: u64, how: How) {
        let (sender, receiver) = (self.channels[n].sender, self.channels[n].receiver);
        let kind = self.program.channels[n];
        if self.choices.once_in(6) && self.channels[n].used {
            self.channels[n].closed = true;
            return self.add(sender, Step::Close(n));
        }
        let capacity = match kind {
            Channel::Unbounded | Channel::Shared(None) => usize::MAX,
            Channel::Bounded(capacity) | Channel::Shared(Some(capacity)) => capacity,
            Channel::Oneshot => 1,
        };
        if capacity == 0 && sender != receiver && self.is_live(receiver) {
            // Both at once.
            self.add(sender, Step::Send(n, value, how));
            self.add(receiver, Step::Receive(n, how));
        } else if self.channels[n].queued < capacity {
            self.channels[n].queued += 1;
            self.add(sender, Step::Send(n, value, how));
        } else {
            return;
        }
        self.channels[n].used = true;
        // A oneshot's sender is gone with its message.
        self.channels[n].closed |= kind == Channel::Oneshot;
    }

    fn new_stream(&mut self, writer: TaskId) -> usize {
        let kind = self.choices.of(&[Stream::Tcp, Stream::Tcp, Stream::Unix, Stream::Pipe, Stream::Udp]);
        let reader = self.some_task();
        let connected = kind != Stream::Tcp;
        self.program.streams.push(kind);
        self.streams.push(StreamState {
            writer,
            reader,
            connected,
            accepted: connected,
            on_its_way: Vec::new(),
            closed: false,
            seen: false,
        });
        self.streams.len() - 1
    }

    fn stream(&mut self, task: TaskId) {
        let known: Vec<usize> = (0..self.streams.len())
            .filter(|&n| {
                let stream = &self.streams[n];
                stream.writer == task && !stream.closed || stream.reader == task && !stream.seen
            })
            .collect();
        let new = self.streams.len() < STREAMS && (known.is_empty() || self.choices.once_in(4));
        let n = match known.as_slice() {
            _ if new => self.new_stream(task),
            [] => return,
            known => self.choices.of(known),
        };
        let kind = self.program.streams[n];
        let (how, large) = (self.choices.of(&[How::Plain, How::Timeout]), self.choices.once_in(5));
        let length = 1 + self.choices.below(250) * if kind == Stream::Udp { 1 } else { 5 };
        let close = self.choices.once_in(6);
        let stream = &mut self.streams[n];
        if stream.reader == task && stream.connected && !stream.accepted {
            stream.accepted = true;
            self.add(task, Step::Accept(n));
        } else if stream.reader == task && stream.accepted && !stream.on_its_way.is_empty() {
            let length = stream.on_its_way.remove(0);
            self.add(task, Step::Read(n, length, how));
        } else if stream.reader == task && stream.accepted && stream.closed && kind != Stream::Udp {
            stream.seen = true;
            self.add(task, Step::ReadEnd(n));
        } else if stream.writer == task && !stream.connected {
            stream.connected = true;
            self.add(task, Step::Connect(n));
        } else if stream.writer == task && !stream.closed && close && kind != Stream::Udp {
            stream.closed = true;
            self.add(task, Step::Shutdown(n));
        } else if stream.writer == task && !stream.closed {
            let reader = stream.reader;
            let empty = stream.on_its_way.is_empty();
            let fits = stream.on_its_way.iter().sum::<usize>() + length <= ON_ITS_WAY
                && (kind != Stream::Udp || stream.on_its_way.len() < DATAGRAMS);
            if large && kind != Stream::Udp && stream.accepted && empty && reader != task && self.is_live(reader) {
                // More than any buffer has room for: both at once.
                let length = length * 1000;
                self.add(task, Step::Write(n, length));
                self.add(reader, Step::Read(n, length, how));
            } else if fits {
                self.streams[n].on_its_way.push(length);
                self.add(task, Step::Write(n, length));
            }
        }
    }

    fn flag(&mut self, task: TaskId) {
        if self.raised.is_empty() || self.choices.once_in(3) {
            let flag = self.program.flags;
            self.program.flags += 1;
            self.raised.push(flag);
            self.add(task, Step::Raise(flag));
        } else {
            let (flag, how) = (self.raised[self.choices.below(self.raised.len())], self.how());
            self.add(task, Step::AwaitFlag(flag, how));
        }
    }

    fn barrier(&mut self) {
        let members = (2 + self.choices.below(5)).min(self.live.len());
        let barrier = self.program.barriers.len();
        let mut live = self.live.clone();
        for _ in 0..members {
            let member = live.swap_remove(self.choices.below(live.len()));
            self.add(member, Step::Barrier(barrier));
        }
        self.program.barriers.push(members);
    }

    /// Somebody is unparked, or parks who has been.
    fn signal(&mut self, task: TaskId) {
        if let Some(place) = self.signals.iter().position(|&(_, parks)| parks == task) {
            let ((signal, _), how) = (self.signals.remove(place), self.how());
            self.add(task, Step::Park(signal, how));
        } else {
            let parks = self.some_task();
            let signal = self.program.signals.len();
            self.program.signals.push(parks);
            self.signals.push((signal, parks));
            self.add(task, Step::Unpark(signal));
        }
    }

    fn crowd(&mut self) -> Crowd {
        let mut some = |from: usize, to: usize| from + self.choices.below(to - from + 1);
        match some(0, ENDS + 2) {
            0 => Crowd::Scope { threads: some(1, 6), lock: some(0, 2) },
            1 => Crowd::Pool {
                capacity: [None, Some(0), Some(1), Some(4)][some(0, 3)],
                senders: some(1, 4),
                receivers: some(1, 4),
                each: some(1, 24),
            },
            2 => Crowd::Queue { room: some(1, 4), producers: some(1, 3), consumers: some(1, 3), each: some(1, 24) },
            3 => Crowd::Readers { readers: some(1, 4), writers: some(1, 3), each: some(1, 16) },
            4 => Crowd::Echo { clients: some(1, 4), each: some(1, 8) },
            _ => Crowd::Rounds { threads: some(2, 5), rounds: some(1, 8) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(program: &Program, is: impl Fn(&Step) -> bool) -> usize {
        program.tasks.iter().flat_map(|task| &task.steps).filter(|step| is(step)).count()
    }

    #[test]
    fn the_same_seed_makes_the_same_program() {
        let text = |seed| format!("{:?}", generate(&mut Choices::from_seed(seed)));
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
    }

    /// Whatever the decisions, and also where there are none.
    #[test]
    fn every_task_is_spawned_and_joined_once() {
        let seeds = (0..300).map(|seed| generate(&mut Choices::from_seed(seed)));
        let bytes = [&[][..], &[255; 600], &[2; 600]].map(|bytes| generate(&mut Choices::from_bytes(bytes)));
        let mut most = 0;
        for program in seeds.chain(bytes) {
            for task in 1..program.tasks.len() {
                assert_eq!(count(&program, |step| matches!(step, Step::Spawn(spawned) if *spawned == task)), 1);
                assert_eq!(count(&program, |step| matches!(step, Step::Join(joined) if *joined == task)), 1);
            }
            for (barrier, &members) in program.barriers.iter().enumerate() {
                assert_eq!(count(&program, |step| matches!(step, Step::Barrier(n) if *n == barrier)), members);
            }
            most = most.max(program.tasks.len());
        }
        assert_eq!(most, TASKS, "programs are as large as they may be");
    }
}

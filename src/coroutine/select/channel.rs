use std::sync::mpsc::{RecvError, SendError};

use crate::coroutine::spsc;
use crate::park::Alternative;
use crate::sync::{mpmc, mpsc, oneshot};
use crate::sys::sync::channel::{Receiving, Sending, SingleReceiving, SingleSending};

use super::arm::sealed::{self, Key};
use super::arm::{Arm, WON, lasting, once};

/// The receiving half of a channel, of any kind: what [`recv`] takes. That of a [`oneshot`] only if its message may go to another
/// thread, for several may share it:
///
/// ```compile_fail,E0277
/// use costd::coroutine::select;
/// use costd::sync::oneshot;
///
/// let (_tx, rx) = oneshot::channel::<std::rc::Rc<()>>();
/// drop(select::recv(&rx));
/// ```
pub trait Receiver: ends::Receiver {}

/// The sending half of a channel, of any kind: what [`send`] takes. That of a [`oneshot`] only if its message may go to another
/// thread, for several may share it:
///
/// ```compile_fail,E0277
/// use costd::coroutine::select;
/// use costd::sync::oneshot;
///
/// let (tx, _rx) = oneshot::channel();
/// drop(select::send(&tx, std::rc::Rc::new(())));
/// ```
pub trait Sender: ends::Sender {}

pub(super) mod ends {
    use std::sync::mpsc::{RecvError, SendError};

    use super::Arm;

    pub trait Receiver {
        type Message;
        #[doc(hidden)]
        fn recv_arm(&self) -> impl Arm<Output = Result<Self::Message, RecvError>>;
    }

    pub trait Sender {
        type Message;
        #[doc(hidden)]
        fn send_arm(&self, message: Self::Message) -> impl Arm<Output = Result<(), SendError<Self::Message>>>;
        #[doc(hidden)]
        fn send_from_arm<'a>(
            &'a self,
            message: &'a mut Option<Self::Message>,
        ) -> impl Arm<Output = Result<(), SendError<Self::Message>>> + 'a;
    }
}

macro_rules! receivers {
    ($(<T $(: $bound:ident)?> $type:ty => $alternative:ident,)*) => {$(
        impl<T $(: $bound)?> ends::Receiver for $type {
            type Message = T;

            fn recv_arm(&self) -> impl Arm<Output = Result<T, RecvError>> {
                lasting($alternative::new(self.end()), |arm| arm.take_result().expect(WON))
            }
        }

        impl<T $(: $bound)?> Receiver for $type {}
    )*};
}

macro_rules! senders {
    ($(<T $(: $bound:ident)?> $type:ty => $alternative:ident,)*) => {$(
        impl<T $(: $bound)?> ends::Sender for $type {
            type Message = T;

            fn send_arm(&self, message: T) -> impl Arm<Output = Result<(), SendError<T>>> {
                let sending = $alternative::new(self.end(), Some(message));
                once(sending, |arm| arm.take_result().expect(WON), $alternative::is_spent)
            }

            fn send_from_arm<'a>(
                &'a self,
                message: &'a mut Option<T>,
            ) -> impl Arm<Output = Result<(), SendError<T>>> + 'a {
                SendFrom { sending: $alternative::new(self.end(), message.take()), place: message }
            }
        }

        impl<T $(: $bound)?> Sender for $type {}
    )*};
}

// The ends of a `oneshot` may be shared whatever the messages are, since all that std has for them takes them by value. What takes
// them by reference must therefore ask for messages that may go from thread to thread.
receivers! {
    <T> mpsc::Receiver<T> => Receiving,
    <T> mpmc::Receiver<T> => Receiving,
    <T: Send> oneshot::Receiver<T> => Receiving,
    <T> spsc::Receiver<T> => SingleReceiving,
}

senders! {
    <T> mpsc::Sender<T> => Sending,
    <T> mpsc::SyncSender<T> => Sending,
    <T> mpmc::Sender<T> => Sending,
    <T: Send> oneshot::Sender<T> => Sending,
    <T> spsc::Sender<T> => SingleSending,
}

/// What `SendFrom` asks of an alternative.
trait Sends<T>: Alternative {
    fn take_result(&self) -> Option<Result<(), SendError<T>>>;
    fn take_message(&mut self) -> Option<T>;
    fn is_spent(&self) -> bool;
}

macro_rules! sends {
    ($($alternative:ident,)*) => {$(
        impl<T> Sends<T> for $alternative<'_, T> {
            fn take_result(&self) -> Option<Result<(), SendError<T>>> {
                $alternative::take_result(self)
            }

            fn take_message(&mut self) -> Option<T> {
                $alternative::take_message(self)
            }

            fn is_spent(&self) -> bool {
                $alternative::is_spent(self)
            }
        }
    )*};
}

sends! { Sending, SingleSending, }

/// Receives a message. Or an error, as `recv` does: nothing is there, and the senders are gone.
///
/// # Examples
///
/// ```
/// use costd::coroutine::select;
/// use costd::sync::mpsc;
///
/// let (tx, rx) = mpsc::channel();
/// tx.send(1).unwrap();
/// assert_eq!(select! { n = recv(&rx) => n }, Ok(1));
/// ```
pub fn recv<R: Receiver>(receiver: &R) -> impl Arm<Output = Result<R::Message, RecvError>> {
    receiver.recv_arm()
}

/// Sends a message, once there is room for it; in a channel without room, once somebody receives. Or an error with the message,
/// as `send` does: the receivers are gone. If the arm loses, the message is dropped with it: see [`send_from`].
///
/// # Examples
///
/// ```
/// use costd::coroutine::select;
/// use costd::sync::mpsc;
///
/// let (tx, rx) = mpsc::sync_channel(1);
/// for n in 0..3 {
///     select! {
///         sent = send(&tx, n) => sent.unwrap(),
///         default => assert!(n > 0, "there is room for one"),
///     }
/// }
/// assert_eq!(rx.recv(), Ok(0));
/// ```
pub fn send<S: Sender>(sender: &S, message: S::Message) -> impl Arm<Output = Result<(), SendError<S::Message>>> {
    sender.send_arm(message)
}

/// As [`send`], but takes the message from where it is, and only if it is sent, or comes back in the error. Without a message there
/// the arm is never ready.
///
/// # Examples
///
/// ```
/// use costd::coroutine::select;
/// use costd::sync::mpsc;
/// use costd::time::Duration;
///
/// let (tx, rx) = mpsc::sync_channel::<String>(0);
/// let mut message = Some(String::from("for nobody"));
/// select! {
///     _ = send_from(&tx, &mut message) => unreachable!(),
///     () = after(Duration::from_millis(1)) => {}
/// }
/// assert_eq!(message.as_deref(), Some("for nobody"));
/// # drop(rx);
/// ```
pub fn send_from<'a, S: Sender>(
    sender: &'a S,
    message: &'a mut Option<S::Message>,
) -> impl Arm<Output = Result<(), SendError<S::Message>>> + 'a {
    sender.send_from_arm(message)
}

struct SendFrom<'a, T, S: Sends<T>> {
    sending: S,
    place: &'a mut Option<T>,
}

impl<T, S: Sends<T>> sealed::Sealed for SendFrom<'_, T, S> {
    type Result = Result<(), SendError<T>>;

    fn alternative(&self, _: Key) -> &dyn Alternative {
        &self.sending
    }

    fn take_output(&mut self, _: Key) -> Result<(), SendError<T>> {
        self.sending.take_result().expect(WON)
    }

    fn is_spent(&self, _: Key) -> bool {
        self.sending.is_spent()
    }
}

impl<T, S: Sends<T>> Arm for SendFrom<'_, T, S> {
    type Output = Result<(), SendError<T>>;
}

impl<T, S: Sends<T>> Drop for SendFrom<'_, T, S> {
    fn drop(&mut self) {
        *self.place = self.sending.take_message();
    }
}

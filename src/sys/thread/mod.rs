//! What `thread` and `coroutine::os_thread` are built on besides spawning coroutines.
//!
//! | module | what it is |
//! |---|---|
//! | `token` | what `park` takes and `unpark` gives |
//! | `running` | the threads of a scope that run |
//! | `os` | an OS thread that coroutines can wait for |
//! | `alarm` | a moment that comes, as an alternative of a select |
//! | `contender` | a closure in a coroutine of its own, as an alternative of a select |

pub(crate) mod alarm;
pub(crate) mod contender;
pub(crate) mod os;
pub(crate) mod running;
pub(crate) mod token;

//! What `thread` and `coroutine::os_thread` are built on besides spawning coroutines.
//!
//! | module | what it is |
//! |---|---|
//! | `token` | what `park` takes and `unpark` gives |
//! | `running` | the threads of a scope that run |
//! | `os` | an OS thread that coroutines can wait for |

pub(crate) mod os;
pub(crate) mod running;
pub(crate) mod token;

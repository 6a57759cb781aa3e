mod channel;
mod coroutine;
mod idle;
mod inbox;
mod locks;
mod park_state;
mod readiness;
mod wait_queue;

mod channel;
mod idle;
mod inbox;
mod interrupt;
mod locks;
mod park_state;
mod readiness;
mod wait_queue;

mod channel;
mod idle;
mod inbox;
mod locks;
mod park_state;
mod wait_queue;

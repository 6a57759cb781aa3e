mod channel;
mod idle;
mod inbox;
mod park_state;
mod wait_queue;

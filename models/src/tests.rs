mod idle;
mod inbox;
mod park_state;
mod readiness;
mod wait_queue;

//! What any Unix has.

pub(crate) mod guard;
pub(crate) mod os_parker;
pub(crate) mod wait;

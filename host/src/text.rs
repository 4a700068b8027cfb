//! Text made safe for a terminal and for messages.

pub(crate) mod hex;
pub(crate) mod printable;
pub(crate) mod similar;

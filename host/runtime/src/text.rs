//! Text made safe for a terminal and for messages.

pub mod hex;
pub mod printable;
pub mod similar;

//! The line to the model: a WebSocket that is cheap to keep and quick to fail.

mod dial;
mod line;
mod room;
mod tls;

pub use dial::{CONNECT_BUDGET, Error, MAX_MESSAGE, MAX_UNSENT, connect, web_socket_config};
pub use line::Line;
pub use tls::TlsStream;

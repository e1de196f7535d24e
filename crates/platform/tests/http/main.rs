//! The HTTP shell over real sockets: what clients see on the wire.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up has to fail"
)]

mod barrier;
mod bounds;
mod front;
mod life;
mod limits;
mod server;
mod transport;

//! The HTTP shell over real sockets: what clients see on the wire.

mod barrier;
mod bounds;
mod front;
mod life;
mod server;
mod transport;

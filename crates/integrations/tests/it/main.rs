//! Tests over real HTTP against servers on this machine that imitate the documented APIs.

mod github_app;
mod guard;
mod hosts;
mod outcomes;
mod server;
mod urls;

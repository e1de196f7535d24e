//! Whether the application may be asked, shared by the listener, health checks and the application.

use std::time::Duration;

use tokio::sync::watch;

/// Where the application is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not everything is loaded yet.
    Starting,
    /// Requests are served.
    Ready,
    /// The end is near: load balancers are told, and requests are still served.
    Leaving,
    /// No new work is taken.
    ShuttingDown,
}

/// A shared, observable [`Phase`]; clones share it.
#[derive(Debug, Clone)]
pub struct Readiness(watch::Sender<Phase>);

impl Default for Readiness {
    fn default() -> Self {
        Self(watch::Sender::new(Phase::Starting))
    }
}

impl Readiness {
    /// Starting.
    pub fn new() -> Self {
        Self::default()
    }

    /// The present phase.
    pub fn phase(&self) -> Phase {
        *self.0.borrow()
    }

    /// Everything is loaded; does nothing once the shutdown has begun.
    pub fn set_ready(&self) {
        self.0.send_if_modified(|phase| {
            let starting = *phase == Phase::Starting;
            if starting {
                *phase = Phase::Ready;
            }
            starting
        });
    }

    /// Load balancers are told to send requests elsewhere; does nothing once no work is taken.
    pub fn set_leaving(&self) {
        self.0.send_if_modified(|phase| {
            let serving = *phase != Phase::ShuttingDown;
            if serving {
                *phase = Phase::Leaving;
            }
            serving
        });
    }

    /// No new work is taken from now on.
    pub fn set_shutting_down(&self) {
        self.0.send_replace(Phase::ShuttingDown);
    }

    /// The phase, after waiting at most `limit` for the start to end.
    pub async fn started_within(&self, limit: Duration) -> Phase {
        let mut phases = self.0.subscribe();
        let started = phases.wait_for(|phase| *phase != Phase::Starting);
        match tokio::time::timeout(limit, started).await {
            Ok(Ok(phase)) => *phase,
            Ok(Err(_)) | Err(_) => self.phase(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_with_the_start_or_the_limit() {
        let readiness = Readiness::new();
        let phase = readiness.started_within(Duration::from_millis(10)).await;
        assert_eq!(phase, Phase::Starting);
        let (phase, ()) = tokio::join!(readiness.started_within(Duration::from_mins(1)), async {
            tokio::task::yield_now().await;
            readiness.set_ready();
        });
        assert_eq!(phase, Phase::Ready);
    }

    #[test]
    fn a_shutdown_is_final() {
        let readiness = Readiness::new();
        readiness.set_shutting_down();
        readiness.set_ready();
        assert_eq!(readiness.phase(), Phase::ShuttingDown);
    }
}

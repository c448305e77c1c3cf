//! Linux's own timer on the wall clock, as a file that becomes readable.
//!
//! A task that sleeps counts the time in which the computer runs. This timer stands for an instant:
//! it has ended after a sleep that was longer, and it ends when somebody sets the clock
//! (`timerfd_create(2)`, `TFD_TIMER_CANCEL_ON_SET`).

use std::io;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use evergrant_core::Instant;
use rustix::io::Errno;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::net::unix::pipe;

/// Waits until `at`, at most for `cap`, or until the clock is set. An error means that there is no
/// such timer here; nothing was waited for then.
pub async fn wait_until(at: Instant, cap: Duration) -> io::Result<()> {
    let cap = TimeDelta::from_std(cap).unwrap_or(TimeDelta::MAX);
    let end = Utc::now()
        .checked_add_signed(cap)
        .map_or(at, |latest| latest.min(at));
    let timer = timerfd_create(
        TimerfdClockId::Realtime,
        TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
    )?;
    let once = Itimerspec {
        it_interval: Timespec::default(),
        it_value: Timespec {
            tv_sec: end.timestamp(),
            tv_nsec: end.timestamp_subsec_nanos().into(),
        },
    };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    match timerfd_settime(&timer, flags, &once) {
        // It ends at once if the clock was set since it was made.
        Ok(_) | Err(Errno::CANCELED) => {}
        Err(error) => return Err(error.into()),
    }
    // Tokio's reader of whatever `read(2)` reads.
    let timer = pipe::Receiver::from_owned_fd_unchecked(timer)?;
    loop {
        timer.readable().await?;
        let mut ends = [0; 8];
        match timer.try_read(&mut ends) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // Read, or cancelled because the clock was set.
            _ => return Ok(()),
        }
    }
}

/// Time since the computer was started, its sleep included.
pub fn passed() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default()
}

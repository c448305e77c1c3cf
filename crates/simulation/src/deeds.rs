//! What happens in a world beside the engine's own doing.

use std::time::Duration;

use evergrant_engine::ports::Random as _;
use evergrant_engine::ports::SeededRandom;
use evergrant_keychain::KeychainError;
use evergrant_practice::{Endpoint, Nonsense, Trouble, Where};

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A storm comes: every single call may fail.
    StormComes,
    /// The storm and all that is wrong is over, except what is dead.
    AllIsWell,
    /// The network goes.
    GoOffline,
    /// The network is back, and says so.
    ComeBack,
    /// The network says that it has changed, for nothing.
    Flap,
    /// The keychain is in trouble.
    Keychain(KeychainError),
    /// The disk is full.
    DiskFull,
    /// No notice can be shown.
    NoScreen,
    /// The computer sleeps for so long.
    Sleep(Duration),
    /// Its clock is set by so many seconds.
    SetClock(i64),
    /// The service does something to a sign-in or has trouble of its own.
    Service(Trouble, &'static str),
    /// The program is ended and started again.
    Restart,
    /// The process is killed and started again.
    Kill,
    /// Somebody queues a post.
    Post,
    /// Somebody does something with a post that is not out.
    Meddle,
    /// Somebody asks for a check, a list, the diary or the doctor.
    Look,
    /// Somebody signs in again to this account of the two.
    SignIn(usize),
    /// Somebody signs out of this one.
    SignOut(usize),
    /// Somebody looks whether anything needs them.
    Visit,
}

/// Draws the next thing that happens.
pub fn draw(dice: &SeededRandom) -> Deed {
    let who = if dice.below(2) == 0 { "ada" } else { "ben" };
    let person = who.to_owned();
    let number = usize::from(who == "ben");
    let feed_or_all = if dice.below(2) == 0 {
        Where::at(Endpoint::Feed)
    } else {
        Where::default()
    };
    match dice.below(120) {
        0..42 => Deed::Post,
        42..48 => Deed::Meddle,
        48..52 => Deed::Look,
        52..60 => Deed::StormComes,
        60..64 => Deed::AllIsWell,
        64..71 => Deed::GoOffline,
        71..73 => Deed::ComeBack,
        73 => Deed::Flap,
        74..77 => Deed::Keychain(match dice.below(3) {
            0 => KeychainError::Locked,
            1 => KeychainError::Absent {
                why: "it was taken away".to_owned(),
            },
            _ => KeychainError::TimedOut,
        }),
        77 => Deed::DiskFull,
        78 => Deed::NoScreen,
        79..82 => Deed::Sleep(Duration::from_secs(60 * dice.below(6 * 24 * 60))),
        82..84 => {
            Deed::SetClock(i64::try_from(dice.below(8 * 86_400)).unwrap_or_default() - 4 * 86_400)
        }
        84..87 => Deed::Service(Trouble::ChangePassword { person, to: None }, who),
        87 => Deed::Service(Trouble::RemoveApp { person }, who),
        88 => Deed::Service(Trouble::SignOutEverywhere { person }, who),
        89 => Deed::Service(Trouble::Checkpoint { person }, who),
        90 => Deed::Service(Trouble::ExpireNow { person }, who),
        91 => {
            let scope = "pages_manage_posts".to_owned();
            Deed::Service(Trouble::DropScope { person, scope }, who)
        }
        92 => {
            let page = if who == "ada" { "500100" } else { "500300" }.to_owned();
            Deed::Service(Trouble::TakeRole { person, page }, who)
        }
        93..96 => {
            let (status, on) = (503, feed_or_all);
            Deed::Service(Trouble::Outage { status, on }, "")
        }
        96 => {
            let (code, minutes, on) = (None, 30, feed_or_all);
            Deed::Service(Trouble::RateLimit { code, minutes, on }, "")
        }
        97..100 => {
            let on = Where::once(Endpoint::Feed);
            Deed::Service(Trouble::LoseResponse { on }, "")
        }
        100 => {
            let style = match dice.below(3) {
                0 => Nonsense::Html,
                1 => Nonsense::Cut,
                _ => Nonsense::Empty,
            };
            let on = feed_or_all;
            Deed::Service(Trouble::Nonsense { style, on }, "")
        }
        101..103 => Deed::Service(Trouble::DropRequest { on: feed_or_all }, ""),
        103..106 => Deed::Restart,
        106..109 => Deed::Kill,
        109..112 => Deed::SignIn(number),
        112 => Deed::SignOut(number),
        _ => Deed::Visit,
    }
}

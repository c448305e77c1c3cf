//! The commands, replies and events: one list for every door.
//!
//! The command line, the window and the local socket all speak these types; the engine's router
//! answers them. Nothing here ever holds a token. The one secret that crosses is the app secret,
//! from the person to the owner of the keychain, in a type of its own ([`SecretInput`]).

mod edit;
mod life;
mod providers;
mod settings;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::grant::Remember;
use crate::happening::Happening;
use crate::ids::{AccountId, ChildId, PostId};
use crate::time::{Expiry, Instant};
use crate::{EndReason, Secret};

pub use edit::{Edit, PictureEdit};
pub use life::{LifeCheck, LifeView};
pub use providers::{MediaView, PostKindView, ProviderView, TextLimitView};
pub use settings::{SettingsChanges, SettingsView};

/// What can be asked of the owner of the data folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// All accounts.
    Accounts,
    /// All providers, with what can be posted there.
    Providers,
    /// What a provider wants before an account can be connected.
    Guide {
        /// Provider id.
        provider: String,
    },
    /// Connect an account; opens the browser.
    Connect(Connect),
    /// Sign in again to a known account; opens the browser.
    SignIn {
        /// Which.
        account: AccountId,
        /// A new choice of how long to be remembered.
        remember: Option<Remember>,
        /// Paste the address of the last page instead of having it caught.
        #[serde(default)]
        paste: bool,
    },
    /// Somebody else had signed in than was expected: connect them as an account of their own.
    AdoptOther,
    /// Ask the issuer now.
    Check {
        /// Which; all if left out.
        account: Option<AccountId>,
    },
    /// The Pages (or other children) an account can post to.
    Targets {
        /// Which.
        account: AccountId,
    },
    /// Revoke at the issuer, then delete here.
    SignOut {
        /// Which.
        account: AccountId,
        /// Delete here even if the issuer cannot be reached.
        anyway: bool,
    },
    /// Remove every trace of an account here.
    Forget {
        /// Which.
        account: AccountId,
        /// Drop its posts that are not out yet.
        drop_posts: bool,
    },
    /// Choose how long to be remembered.
    Remember {
        /// Which account.
        account: AccountId,
        /// The choice.
        remember: Remember,
    },
    /// Put a post in the queue.
    Post(NewPost),
    /// The queue.
    Queue {
        /// Also what is posted or cancelled.
        all: bool,
    },
    /// Send a queued, held, missed or failed post now.
    SendNow {
        /// Which.
        post: PostId,
    },
    /// Take a post back.
    Cancel {
        /// Which.
        post: PostId,
    },
    /// Give a post another time.
    Reschedule {
        /// Which.
        post: PostId,
        /// When.
        due: Instant,
        /// The IANA zone it was chosen in.
        zone: String,
    },
    /// Say whether an uncertain post stands at the service.
    Settle {
        /// Which.
        post: PostId,
        /// True if it does.
        posted: bool,
    },
    /// Change what a post says that is not out yet, and its time if wanted.
    Edit(Edit),
    /// Work off everything that is due.
    RunDue,
    /// What happened, newest first.
    Diary {
        /// Only of this account.
        account: Option<AccountId>,
        /// Only of this post.
        post: Option<PostId>,
        /// At most so many entries.
        limit: u32,
    },
    /// The life of an account's sign-in: its dates, and the checks so far.
    Life {
        /// Which account.
        account: AccountId,
    },
    /// The person's choices in the settings file.
    Settings,
    /// Change some of them.
    ChangeSettings {
        /// Which.
        changes: SettingsChanges,
    },
    /// Show a notification, to try whether they are seen.
    TestNotice,
    /// What works here and what is missing.
    Doctor,
}

/// Data of [`Command::Connect`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Connect {
    /// Provider id.
    pub provider: String,
    /// Addresses and other variables of the provider file to replace.
    #[serde(default)]
    pub vars: BTreeMap<String, String>,
    /// The app registration; left out if it is known already or built in.
    pub client: Option<ClientInput>,
    /// How long to be remembered.
    #[serde(default)]
    pub remember: Remember,
    /// Paste the address of the last page instead of having it caught.
    #[serde(default)]
    pub paste: bool,
}

/// An app registration as the person gives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ClientInput {
    /// The app's id.
    pub id: String,
    /// The app's secret, where there is one.
    pub secret: Option<SecretInput>,
}

/// A secret on its way from the person to the keychain's owner; nothing is ever sent back in it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct SecretInput(#[cfg_attr(feature = "types", ts(type = "string"))] pub Secret);

impl Serialize for SecretInput {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.reveal())
    }
}

impl<'de> Deserialize<'de> for SecretInput {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self(Secret::new(text)))
    }
}

/// Data of [`Command::Post`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct NewPost {
    /// The account to post with.
    pub account: AccountId,
    /// The Page; may be left out if there is only one.
    pub target: Option<ChildId>,
    /// The text.
    #[serde(default)]
    pub text: String,
    /// A link.
    pub link: Option<String>,
    /// A picture.
    pub picture: Option<PictureInput>,
    /// When; now if left out.
    pub due: Option<Instant>,
    /// The IANA zone the time was chosen in.
    pub zone: String,
    /// How late it may still go out by itself, in seconds; as the settings say if left out.
    pub late_limit: Option<i64>,
}

/// A picture to post.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct PictureInput {
    /// The file's own name, without folders.
    pub name: String,
    /// Its bytes, in base64 on the wire.
    #[serde(with = "base64_bytes")]
    #[cfg_attr(feature = "types", ts(type = "string"))]
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for PictureInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PictureInput({}, {} bytes)", self.name, self.bytes.len())
    }
}

mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD
            .decode(String::deserialize(from)?)
            .map_err(D::Error::custom)
    }
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(untagged)]
pub enum Reply {
    /// To [`Command::Connect`], [`Command::SignIn`] and [`Command::AdoptOther`].
    Connected(Connected),
    /// To [`Command::Accounts`].
    Accounts {
        /// The accounts, by name.
        accounts: Vec<AccountView>,
    },
    /// To [`Command::Guide`].
    Guide {
        /// What to do.
        guide: GuideView,
    },
    /// To [`Command::Check`].
    Checks {
        /// One for each account asked about.
        checks: Vec<CheckView>,
    },
    /// To [`Command::Targets`].
    Targets {
        /// The Pages.
        targets: Vec<TargetView>,
    },
    /// To [`Command::SignOut`].
    SignedOut {
        /// The account after it.
        signed_out: SignedOutView,
    },
    /// To [`Command::Forget`].
    Forgotten {
        /// Which account.
        forgotten: AccountId,
    },
    /// To [`Command::Remember`].
    Account {
        /// The account after it.
        account: AccountView,
    },
    /// To commands about one post.
    Post {
        /// The post after it.
        post: PostView,
    },
    /// To [`Command::Queue`].
    Queue {
        /// The posts: what needs the person first, then by time.
        posts: Vec<PostView>,
    },
    /// To [`Command::RunDue`].
    Ran {
        /// What was done.
        ran: RanView,
    },
    /// To [`Command::Diary`].
    Diary {
        /// Newest first.
        diary: Vec<DiaryView>,
    },
    /// To [`Command::Doctor`].
    Doctor {
        /// What was found.
        doctor: DoctorView,
    },
    /// To [`Command::Providers`].
    Providers {
        /// The providers, by id.
        providers: Vec<ProviderView>,
    },
    /// To [`Command::Life`].
    Life {
        /// The life of the sign-in.
        life: LifeView,
    },
    /// To [`Command::Settings`] and [`Command::ChangeSettings`].
    Settings {
        /// The choices after it.
        settings: SettingsView,
    },
    /// To [`Command::TestNotice`].
    Shown {
        /// True: the desktop took it. That it did not is a problem.
        shown: bool,
    },
}

/// Reply to [`Command::Connect`] and [`Command::SignIn`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Connected {
    /// The account that is signed in now.
    pub connected: AccountView,
    /// True if it was not known before.
    pub is_new: bool,
    /// End of the short-lived token, where there was one.
    pub short_expires: Option<Expiry>,
    /// How many held posts went on.
    pub released: usize,
}

/// An account as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct AccountView {
    /// Its id here.
    pub id: AccountId,
    /// Provider id.
    pub provider: String,
    /// The provider's name.
    pub provider_name: String,
    /// The person's (or organisation's) name there.
    pub name: String,
    /// The provider's id of it.
    pub identity: String,
    /// `signed_out`, `signing_in`, `exchanging`, `active`, `renewing` or `needs_login`.
    pub state: String,
    /// Why the person is needed.
    pub reason: Option<ReasonView>,
    /// The token's announced end.
    pub expires: Option<Expiry>,
    /// The announced end of data access.
    pub data_access_ends: Option<Expiry>,
    /// When the token was issued.
    pub issued_at: Option<Instant>,
    /// When the person last signed in.
    pub signed_in_at: Option<Instant>,
    /// The last check.
    pub last_check: Option<LastCheckView>,
    /// Since when the issuer cannot be asked.
    pub unreachable_since: Option<Instant>,
    /// How long it is remembered.
    pub remember: Remember,
    /// When it will be forgotten, if the person chose so.
    pub forget_at: Option<Instant>,
    /// Granted scopes.
    pub scopes: Vec<String>,
    /// Wanted scopes that are not granted.
    pub missing_scopes: Vec<String>,
    /// The number of the current secret.
    pub generation: u64,
    /// Posts that wait for this account.
    pub held_posts: usize,
}

/// Why the person is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ReasonView {
    /// For machines.
    pub code: EndReason,
    /// What happened.
    pub sentence: String,
    /// What to do.
    pub next_step: String,
}

impl From<EndReason> for ReasonView {
    fn from(code: EndReason) -> Self {
        Self {
            code,
            sentence: code.sentence().to_owned(),
            next_step: code.next_step().to_owned(),
        }
    }
}

/// The last check of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct LastCheckView {
    /// When it was asked.
    pub at: Instant,
    /// `good`, `cant_tell` or `dead`.
    pub result: String,
    /// The same in a sentence.
    pub sentence: String,
}

/// What one check brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CheckView {
    /// The account after it.
    pub account: AccountView,
    /// `good`, `cant_tell`, `dead` or `not_signed_in`.
    pub result: String,
    /// The same in a sentence.
    pub sentence: String,
    /// Why nobody can tell, where the keychain is why: its code, such as `keychain_locked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keychain: Option<String>,
}

/// What a person does before connecting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct GuideView {
    /// Provider id.
    pub provider: String,
    /// Its name.
    pub name: String,
    /// True if the person must bring an app id of their own.
    pub needs_client: bool,
    /// True if an app id is known here already.
    pub has_client: bool,
    /// True if it comes with a secret.
    pub needs_secret: bool,
    /// The steps, in order.
    pub steps: Vec<String>,
    /// Redirect addresses to register.
    pub redirects: Vec<String>,
    /// Permissions, with what each is for.
    pub scopes: Vec<(String, String)>,
    /// What this provider's tokens do.
    pub lifetime: String,
}

/// Something an account can post to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct TargetView {
    /// The provider's id.
    pub id: ChildId,
    /// Its name.
    pub name: String,
    /// `page`, …
    pub kind: String,
    /// True if posting is allowed.
    pub can_post: bool,
}

/// What signing out brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct SignedOutView {
    /// The account after it.
    pub account: AccountView,
    /// True if the issuer confirmed that the token is dead.
    pub revoked: bool,
    /// The same in a sentence.
    pub sentence: String,
}

/// A post as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct PostView {
    /// Its number.
    pub id: PostId,
    /// Its account.
    pub account: AccountId,
    /// That account's name.
    pub account_name: String,
    /// The Page.
    pub target: ChildId,
    /// The Page's name, if known.
    pub target_name: String,
    /// The text.
    pub text: String,
    /// The link.
    pub link: Option<String>,
    /// The picture's file name.
    pub picture: Option<String>,
    /// When it is due.
    pub due: Instant,
    /// The zone that was chosen.
    pub zone: String,
    /// The time in that zone, `2026-12-24 18:00`.
    pub due_local: String,
    /// How late it may still go out by itself, in seconds.
    pub late_limit: i64,
    /// `queued`, `held`, `sending`, `posted`, `retrying`, `failed`, `uncertain`, `missed`, `cancelled`.
    pub state: String,
    /// The state in a sentence, with what to do where the person is needed.
    pub sentence: String,
    /// True if it waits for the person.
    pub needs_person: bool,
    /// When something happens next by itself.
    pub next_look: Option<Instant>,
    /// Attempts so far.
    pub attempts: u64,
    /// The service's id.
    pub remote_id: Option<String>,
    /// Where it can be seen.
    pub url: Option<String>,
}

/// What a run brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct RanView {
    /// Checks made.
    pub checked: usize,
    /// Posts that went out.
    pub posted: usize,
    /// Posts that are held now.
    pub held: usize,
    /// Posts whose fate is not known yet.
    pub uncertain: usize,
    /// Posts that wait for the person's decision.
    pub needs_person: usize,
    /// When something is due next.
    pub next: Option<Instant>,
    /// The first thing that could not be done; the rest was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// One line of the diary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DiaryView {
    /// When.
    pub at: Instant,
    /// Of which account.
    pub account: Option<AccountId>,
    /// Of which post.
    pub post: Option<PostId>,
    /// What, for machines.
    pub happening: Happening,
    /// What, in a sentence.
    pub sentence: String,
}

/// What was found here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DoctorView {
    /// The findings, in order.
    pub findings: Vec<Finding>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Finding {
    /// What was looked at: `keychain`, `database`, `clock`, …
    pub topic: String,
    /// `good`, `note` or `bad`.
    pub level: Level,
    /// What was found.
    pub sentence: String,
    /// What to do, if something is to be done.
    pub next_step: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn good(topic: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self {
            topic: topic.into(),
            level: Level::Good,
            sentence: sentence.into(),
            next_step: None,
        }
    }

    /// Worth knowing, with what can be done about it.
    pub fn note(
        topic: impl Into<String>,
        sentence: impl Into<String>,
        next_step: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Note,
            next_step: Some(next_step.into()),
            ..Self::good(topic, sentence)
        }
    }

    /// Something does not work, with what is to be done.
    pub fn bad(
        topic: impl Into<String>,
        sentence: impl Into<String>,
        next_step: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Bad,
            ..Self::note(topic, sentence, next_step)
        }
    }
}

/// How a [`Finding`] is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// All is well.
    Good,
    /// Worth knowing.
    Note,
    /// Something does not work.
    Bad,
}

/// Something that happened, as a watcher is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Notice {
    /// When.
    pub at: Instant,
    /// To which account.
    pub account: Option<AccountId>,
    /// To which post.
    pub post: Option<PostId>,
    /// What.
    pub happening: Happening,
}

/// Why a command could not be carried out: a code for machines, a sentence and hints for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[error("{message}")]
pub struct Problem {
    /// For machines; see [`Code`].
    pub code: Code,
    /// What is wrong, and where.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

impl Problem {
    /// A problem without a hint.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// The same with what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// The codes of [`Problem`]. Each is consumed by somebody: an exit code, a script, the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The command's own words are wrong.
    Usage,
    /// There is no such account.
    NoSuchAccount,
    /// There is no such post.
    NoSuchPost,
    /// There is no such Page, or posting there is not allowed.
    NoSuchTarget,
    /// There is no such provider.
    NoSuchProvider,
    /// A provider file is wrong.
    BadProviderFile,
    /// An app id or secret is needed.
    ClientNeeded,
    /// The app id or secret was refused.
    ClientRejected,
    /// The sign-in was cancelled or refused by the person.
    SignInCancelled,
    /// The sign-in failed.
    SignInFailed,
    /// Somebody else signed in.
    WrongIdentity,
    /// The account needs a new sign-in.
    NeedsLogin,
    /// The service cannot be reached or makes no sense.
    Unreachable,
    /// The post cannot be what it is to be.
    BadPost,
    /// The post is not in a state for that.
    NotNow,
    /// The keychain is locked.
    KeychainLocked,
    /// There is no keychain.
    KeychainAbsent,
    /// The keychain refuses.
    KeychainRefused,
    /// The keychain did not answer.
    KeychainTimedOut,
    /// An entry of the keychain is damaged.
    KeychainDamaged,
    /// The data folder belongs to another process right now.
    Busy,
    /// No keeper is at work, or it ended before it answered.
    NoKeeper,
    /// The database cannot be used.
    Database,
    /// The database is from a newer version.
    DatabaseNewer,
    /// The disk is full.
    DiskFull,
    /// A file cannot be read or written.
    File,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_survives_the_wire() {
        let command = Command::Post(NewPost {
            account: "x-1".into(),
            target: Some("5".into()),
            text: "Hällo".into(),
            link: None,
            picture: Some(PictureInput {
                name: "a.png".into(),
                bytes: vec![0, 159, 255],
            }),
            due: None,
            zone: "Europe/Berlin".into(),
            late_limit: Some(60),
        });
        let wire = serde_json::to_string(&command).unwrap();
        assert_eq!(serde_json::from_str::<Command>(&wire).unwrap(), command);
    }

    #[test]
    fn debug_of_a_connect_command_hides_the_app_secret() {
        let command = Command::Connect(Connect {
            provider: "p".into(),
            vars: BTreeMap::new(),
            client: Some(ClientInput {
                id: "1".into(),
                secret: Some(SecretInput(Secret::new("hush"))),
            }),
            remember: Remember::Always,
            paste: false,
        });
        assert!(!format!("{command:?}").contains("hush"));
    }
}

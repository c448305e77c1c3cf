//! What the window's pages and the window's program say to each other beside the commands.
//!
//! Declared here, so that the pages' types are made without building the window.

use serde::{Deserialize, Serialize};

use crate::Instant;
use crate::command::{Notice, PictureInput, Problem};
use crate::ids::{AccountId, ChildId, PostId};

/// A place in the window, as links, the tray and notifications name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Place {
    /// The page.
    pub page: Page,
    /// The account it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The post it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<PostId>,
}

/// The window's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Page {
    /// The accounts.
    Accounts,
    /// The queue.
    Queue,
    /// Writing a post.
    New,
    /// What happened.
    Activity,
    /// The settings.
    Settings,
    /// Connecting an account.
    Connect,
    /// Signing in again.
    SignIn,
}

impl Page {
    /// Every page.
    pub const ALL: [Self; 7] = [
        Self::Accounts,
        Self::Queue,
        Self::New,
        Self::Activity,
        Self::Settings,
        Self::Connect,
        Self::SignIn,
    ];

    /// Its name in links and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Queue => "queue",
            Self::New => "new",
            Self::Activity => "activity",
            Self::Settings => "settings",
            Self::Connect => "connect",
            Self::SignIn => "sign-in",
        }
    }

    /// The page of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.name() == name)
    }
}

/// The scheme of the window's links.
pub const SCHEME: &str = "evergrant";

/// A link longer than this is none of ours.
const LONGEST: usize = 300;

impl Place {
    /// A page as a whole.
    pub fn of(page: Page) -> Self {
        Self {
            page,
            account: None,
            post: None,
        }
    }

    /// Where a post is dealt with.
    pub fn of_post(post: PostId) -> Self {
        Self {
            post: Some(post),
            ..Self::of(Page::Queue)
        }
    }

    /// Where an account is signed in again.
    pub fn of_sign_in(account: AccountId) -> Self {
        Self {
            account: Some(account),
            ..Self::of(Page::SignIn)
        }
    }

    /// The place behind a link: `evergrant://queue`, `evergrant://post/5`,
    /// `evergrant://account/NAME`, `evergrant://sign-in/NAME`, and so on. A link comes from anywhere,
    /// so it can do no more than show a page.
    pub fn parse(link: &str) -> Option<Self> {
        if link.len() > LONGEST {
            return None;
        }
        let (scheme, rest) = link.split_once("://")?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return None;
        }
        // Browsers and desktops add a slash to a link that has no path.
        let rest = rest.trim_end_matches('/');
        let (page, detail) = match rest.split_once('/') {
            Some((page, detail)) => (page, Some(detail)),
            None => (rest, None),
        };
        match (page, detail) {
            (page, None) => Page::named(page).map(Self::of),
            ("post", Some(number)) => number.parse().ok().map(|id| Self::of_post(PostId(id))),
            (page, Some(account)) => {
                let page = match page {
                    "account" => Page::Accounts,
                    "sign-in" => Page::SignIn,
                    "new" => Page::New,
                    "activity" => Page::Activity,
                    _ => return None,
                };
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                account.chars().all(is_plain).then(|| Self {
                    account: Some(account.into()),
                    ..Self::of(page)
                })
            }
        }
    }

    /// The link to it.
    pub fn link(&self) -> String {
        let page = self.page.name();
        match (&self.account, self.post) {
            (_, Some(post)) => format!("{SCHEME}://post/{post}"),
            (Some(account), None) if self.page == Page::Accounts => {
                format!("{SCHEME}://account/{account}")
            }
            (Some(account), None) => format!("{SCHEME}://{page}/{account}"),
            (None, None) => format!("{SCHEME}://{page}"),
        }
    }
}

/// Who does the work behind the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct LinkView {
    /// The state.
    pub state: LinkState,
    /// The same in a sentence.
    pub sentence: String,
    /// Why nothing can be done now, with what helps.
    pub problem: Option<Problem>,
}

/// The states of the way from the window to whoever owns the data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// A keeper does the work.
    Keeper,
    /// This window owns the engine itself.
    Own,
    /// A keeper is being looked for or started; tried again by itself.
    Connecting,
    /// It cannot work now; tried again by itself.
    Refused,
}

/// What the window's program tells its page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WindowEvent {
    /// Something happened.
    Notice {
        /// What.
        notice: Notice,
    },
    /// So much happened that some of it was not told: all is to be read anew.
    Missed,
    /// Something the person should know, once.
    Note {
        /// In a sentence.
        sentence: String,
    },
    /// Who does the work behind the window, at first and whenever it changes.
    Link {
        /// Who.
        link: LinkView,
    },
    /// The browser was opened for the sign-in under way.
    Page {
        /// The account that signs in again; none if one is connected.
        account: Option<AccountId>,
    },
    /// The person has to open `page` and paste the address of the last page.
    PasteWanted {
        /// The sign-in page.
        page: String,
        /// What was wrong with the last text.
        mistake: Option<String>,
    },
    /// A link, the tray or a notification asks for a place.
    Go {
        /// Which.
        place: Place,
    },
}

/// A post that is being written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Draft {
    /// A UUID that the page made.
    pub id: String,
    /// The account it is to go out with.
    pub account: Option<AccountId>,
    /// The Page it is to go to.
    pub target: Option<ChildId>,
    /// The text so far.
    pub text: String,
    /// The link so far.
    pub link: String,
    /// The picture.
    pub picture: Option<PictureInput>,
    /// When it is to go out, as it was written.
    pub due: Option<String>,
    /// The IANA zone of that time.
    pub zone: String,
    /// The post that it is to change; none for a new one.
    pub edits: Option<PostId>,
    /// When it was changed last.
    pub changed_at: Instant,
}

/// Who starts the keeper at login.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct AutostartView {
    /// True if somebody does.
    pub installed: bool,
    /// `desktop` or `systemd`.
    pub way: Option<String>,
    /// Why nobody can tell, in a sentence.
    pub problem: Option<String>,
}

/// What this is and where it keeps things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct AboutView {
    /// The version.
    pub version: String,
    /// The data folder.
    pub data: String,
    /// The folder of the person's settings.
    pub config: String,
}

/// The practice network beside the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct PracticeView {
    /// Its address, to connect with.
    pub origin: String,
}

/// A page of the practice network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PracticePage {
    /// Where the posts are seen.
    Public,
    /// Where trouble is made.
    Control,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_the_place_it_was_made_from() {
        let account = |page| Place {
            account: Some("practice-10001".into()),
            ..Place::of(page)
        };
        let places = Page::ALL.map(Place::of).into_iter().chain([
            Place::of_post(PostId(5)),
            account(Page::Accounts),
            account(Page::SignIn),
            account(Page::New),
            account(Page::Activity),
        ]);
        for place in places {
            assert_eq!(
                Place::parse(&place.link()),
                Some(place.clone()),
                "{place:?}"
            );
        }
        assert_eq!(
            Place::parse("Evergrant://queue/"),
            Some(Place::of(Page::Queue))
        );
    }

    #[test]
    fn a_link_that_names_nothing_of_ours_leads_nowhere() {
        for link in [
            "",
            "evergrant://",
            "evergrant://nowhere",
            "evergrant://post/five",
            "evergrant://post/5/cancel",
            "evergrant://account/a b",
            "evergrant://account/../x",
            "evergrant:queue",
            "https://queue",
        ] {
            assert_eq!(Place::parse(link), None, "{link}");
        }
        assert_eq!(
            Place::parse(&format!("evergrant://account/{}", "x".repeat(400))),
            None
        );
    }
}

//! The sign-in dialog: what an app may ask for, what the person answers, and where that leads.

use url::Url;

use crate::graph::GraphError;
use crate::seed::{APP_ID, SCOPES};
use crate::world::{Code, DATA_ACCESS, World};
use crate::{Endpoint, Network};

/// An authorization code is good for ten minutes.
const CODE_LIFE: i64 = 600;

/// What a person answers on the consent page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// "Continue" with every box ticked.
    Everything,
    /// "Continue" with only these permissions ticked.
    Only(Vec<String>),
    /// "Cancel".
    Cancel,
}

/// Why the dialog could not be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialogError {
    /// Not an address of the dialog.
    #[error("this is no address of the sign-in dialog: {0}")]
    Address(String),
    /// No such person.
    #[error("nobody here is called \"{0}\"; the persons are ada and ben")]
    Person(String),
    /// The dialog refuses the request and shows the person an error page.
    #[error("the dialog shows an error page: {message}")]
    Refused {
        /// What the page says.
        message: String,
    },
    /// The dialog can't be reached because of trouble made on purpose.
    #[error("the sign-in dialog does not answer")]
    Unreachable,
    /// The state file could not be written.
    #[error("the practice network could not write its state file: {0}")]
    Save(#[from] std::io::Error),
}

impl Network {
    /// Does what a person does in the browser, in one step: signs in on the dialog at `address` as `user` and
    /// answers. Answers the address the browser is sent to, whoever listens there. A checkpoint is passed on the way.
    pub fn answer_dialog(
        &self,
        address: &str,
        user: &str,
        choice: &Choice,
    ) -> Result<String, DialogError> {
        let parsed =
            Url::parse(address).map_err(|error| DialogError::Address(error.to_string()))?;
        if !parsed
            .path()
            .trim_end_matches('/')
            .ends_with("/dialog/oauth")
        {
            return Err(DialogError::Address(format!(
                "its path is {}",
                parsed.path()
            )));
        }
        let asked = Asked::read(parsed.query().unwrap_or_default()).map_err(|error| {
            DialogError::Refused {
                message: error.message,
            }
        })?;
        self.change(|world, now| {
            world.count(Endpoint::Dialog, now);
            let plan = world.plan(Endpoint::Dialog, now);
            if plan.drop_request || plan.refusal.is_some() || plan.nonsense.is_some() {
                return Err(DialogError::Unreachable);
            }
            let person = world
                .person(user)
                .ok_or_else(|| DialogError::Person(user.to_owned()))?
                .id
                .clone();
            Ok(match choice {
                Choice::Cancel => asked.cancelled(),
                Choice::Everything => {
                    let all = world
                        .offers(&person, &asked)
                        .into_iter()
                        .map(|offer| offer.scope)
                        .collect::<Vec<_>>();
                    world.consent(&person, &asked, &all, now)
                }
                Choice::Only(scopes) => world.consent(&person, &asked, scopes, now),
            })
        })?
    }
}

/// A request to the dialog that may be shown to a person.
pub(crate) struct Asked {
    redirect: String,
    target: Url,
    state: Option<String>,
    scopes: Vec<String>,
    challenge: Option<String>,
    /// Ask again for what was declined before.
    rerequest: bool,
}

/// A permission on the consent page.
pub(crate) struct Offer {
    pub scope: String,
    pub allows: &'static str,
    pub granted_before: bool,
}

impl Asked {
    /// Reads the dialog's query. An error is shown to the person: there is nowhere safe to send it.
    pub fn read(query: &str) -> Result<Self, GraphError> {
        let value = |name: &str| {
            url::form_urlencoded::parse(query.as_bytes())
                .find(|(key, value)| key == name && !value.is_empty())
                .map(|(_, value)| value.into_owned())
        };
        match value("client_id").as_deref() {
            Some(APP_ID) => {}
            Some(_) => {
                return Err(GraphError::oauth(
                    101,
                    "Invalid App ID: The provided app ID does not look like a valid app ID.",
                ));
            }
            None => return Err(GraphError::oauth(101, "The parameter app_id is required")),
        }
        let redirect = value("redirect_uri")
            .ok_or_else(|| GraphError::oauth(191, "The parameter redirect_uri is required"))?;
        let target = Url::parse(&redirect).ok().filter(accepted).ok_or_else(|| {
            GraphError::oauth(
                191,
                "URL blocked: This redirect failed because the redirect URI is not white-listed in the app's client \
                 OAuth settings. The practice network sends people to http addresses on this computer only.",
            )
        })?;
        if let Some(other) = value("response_type").filter(|kind| kind != "code") {
            return Err(GraphError::parameter(format!(
                "response_type {other} is not supported; use code"
            )));
        }
        let challenge = value("code_challenge");
        if challenge.is_some() && value("code_challenge_method").as_deref() != Some("S256") {
            return Err(GraphError::parameter("code_challenge_method must be S256"));
        }
        let mut scopes: Vec<String> = Vec::new();
        for scope in value("scope")
            .unwrap_or_default()
            .split([',', ' '])
            .filter(|scope| !scope.is_empty())
        {
            if !SCOPES.iter().any(|(known, _)| *known == scope) {
                return Err(GraphError::parameter(format!(
                    "Invalid Scopes: {scope}. This message is only shown to developers."
                )));
            }
            if scope != "public_profile" && !scopes.iter().any(|listed| listed == scope) {
                scopes.push(scope.to_owned());
            }
        }
        let rerequest = value("auth_type")
            .is_some_and(|kinds| kinds.split(',').any(|kind| kind.trim() == "rerequest"));
        Ok(Self {
            redirect,
            target,
            state: value("state"),
            scopes,
            challenge,
            rerequest,
        })
    }

    /// Where "Cancel" leads.
    pub fn cancelled(&self) -> String {
        self.lead(&[
            ("error", "access_denied"),
            ("error_code", "200"),
            ("error_description", "Permissions error"),
            ("error_reason", "user_denied"),
        ])
    }

    fn lead(&self, pairs: &[(&str, &str)]) -> String {
        let mut target = self.target.clone();
        target.query_pairs_mut().extend_pairs(pairs);
        if let Some(state) = &self.state {
            target.query_pairs_mut().append_pair("state", state);
        }
        // Facebook's habit: some browsers would otherwise carry an older fragment along.
        target.set_fragment(Some("_=_"));
        target.into()
    }
}

impl World {
    /// The permissions the consent page asks for: not again what was declined, unless asked to.
    pub fn offers(&self, person: &str, asked: &Asked) -> Vec<Offer> {
        let before = self.persons.get(person).map(|person| &person.scopes);
        asked
            .scopes
            .iter()
            .filter_map(|scope| {
                let answered = before.and_then(|before| before.get(scope)).copied();
                if answered == Some(false) && !asked.rerequest {
                    return None;
                }
                let (_, allows) = SCOPES.iter().find(|(known, _)| known == scope)?;
                Some(Offer {
                    scope: scope.clone(),
                    allows,
                    granted_before: answered == Some(true),
                })
            })
            .collect()
    }

    /// The person continues with `allowed` ticked; answers where the browser goes.
    pub fn consent(&mut self, person: &str, asked: &Asked, allowed: &[String], now: i64) -> String {
        let offers = self.offers(person, asked);
        if let Some(person) = self.persons.get_mut(person) {
            person.scopes.insert("public_profile".to_owned(), true);
            for offer in offers {
                let ticked = allowed.contains(&offer.scope);
                person.scopes.insert(offer.scope, ticked);
            }
            person.data_access_until = now + DATA_ACCESS;
            // To get here the person has signed in, and a sign-in is what a checkpoint waits for.
            person.checkpoint = false;
        }
        let code = self.new_code();
        self.codes
            .retain(|_, code| code.expires_at > now - CODE_LIFE);
        let details = Code {
            person: person.to_owned(),
            redirect: asked.redirect.clone(),
            challenge: asked.challenge.clone(),
            expires_at: now + CODE_LIFE,
            used: false,
        };
        self.codes.insert(code.clone(), details);
        asked.lead(&[("code", &code)])
    }
}

/// Loopback over http, any port and path; that includes this network's own page for copying the address.
fn accepted(target: &Url) -> bool {
    let local = match target.host() {
        Some(url::Host::Ipv4(host)) => host.is_loopback(),
        Some(url::Host::Ipv6(host)) => host.is_loopback(),
        Some(url::Host::Domain(host)) => host == "localhost",
        None => false,
    };
    target.scheme() == "http"
        && local
        && target.fragment().is_none()
        && target.username().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(redirect: &str) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", APP_ID)
            .append_pair("redirect_uri", redirect)
            .finish()
    }

    #[test]
    fn loopback_redirects_are_taken() {
        for redirect in [
            "http://127.0.0.1:5000/cb",
            "http://[::1]:5000/cb/x",
            "http://localhost/",
            "http://127.0.0.1:1",
        ] {
            assert!(Asked::read(&query(redirect)).is_ok(), "{redirect}");
        }
    }

    #[test]
    fn other_redirects_are_refused() {
        for redirect in [
            "https://127.0.0.1/cb",
            "http://example.test/cb",
            "http://127.0.0.1.example.test/",
            "http://localhost.example.test/",
            "http://127.0.0.1@example.test/",
            "http://a@127.0.0.1/",
            "http://127.0.0.1/#x",
            "custom:/cb",
            "",
        ] {
            let error = Asked::read(&query(redirect)).err().map(|error| error.code);
            assert_eq!(error, Some(191), "{redirect}");
        }
    }

    #[test]
    fn an_unknown_permission_is_refused() {
        let query = format!("{}&scope=pages_show_list,fly", query("http://127.0.0.1/"));
        let error = Asked::read(&query).err().expect("refused");
        assert!(
            error.message.contains("Invalid Scopes: fly"),
            "{}",
            error.message
        );
    }

    #[test]
    fn the_redirect_keeps_its_own_query() {
        let Ok(asked) = Asked::read(&format!(
            "{}&state=a%20b",
            query("http://127.0.0.1:9/cb?x=1")
        )) else {
            panic!("refused")
        };
        let address = asked.cancelled();
        assert!(
            address.starts_with("http://127.0.0.1:9/cb?x=1&error=access_denied&"),
            "{address}"
        );
        assert!(address.ends_with("&state=a+b#_=_"), "{address}");
    }
}

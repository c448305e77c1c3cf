//! A provider in plain words, for the person who wants to know what will happen.

use super::{Absent, Lifecycle, Provider, Recover, RedirectRule};

impl Provider {
    /// What happens with this provider, one sentence a line.
    pub fn explain(&self) -> String {
        let mut lines = vec![format!(
            "{} (checked on {})",
            self.name(),
            self.facts_checked_on()
        )];
        lines.extend(self.redirects().iter().take(1).map(|first| match first {
            RedirectRule::Loopback { host, .. } => {
                format!("You sign in with your browser, which comes back to {}.", host.text())
            }
            RedirectRule::Paste { url } => format!(
                "You sign in with your browser and paste the address of the page it ends on ({url})."
            ),
        }));
        for scope in self.scopes() {
            lines.push(match self.scope_explanation(scope) {
                Some(words) => format!("It asks for {scope}: {words}"),
                None => format!("It asks for {scope}."),
            });
        }
        lines.extend(self.lifecycle().iter().map(|shape| self.life(*shape)));
        for kind in self.post_kinds() {
            let after = match &kind.recover {
                Recover::Lookup {
                    absent: Absent::Resend,
                    ..
                } => {
                    "if an answer is lost, the post is looked up and sent again only if it is not there"
                }
                Recover::Lookup {
                    absent: Absent::AskPerson,
                    ..
                } => {
                    "if an answer is lost, the post is looked up, and you are asked if it is not found"
                }
                Recover::AskPerson => "if an answer is lost, you are asked",
            };
            lines.push(format!(
                "It can post {} of at most {} characters; {after}.",
                kind.name, kind.limit.count
            ));
        }
        lines.push(if self.0.revoke.is_some() {
            "Signing out ends the sign-in at the service.".into()
        } else {
            "The service offers no way to end a sign-in from here; do it on its site.".into()
        });
        lines.join("\n")
    }

    fn life(&self, shape: Lifecycle) -> String {
        let about = self.exchange().and_then(|rules| rules.about);
        match shape {
            Lifecycle::Exchange => match about {
                Some(life) => format!(
                    "The sign-in is exchanged for one of about {} days; then you sign in again.",
                    life.num_days()
                ),
                None => "The sign-in is exchanged for a longer one; then you sign in again.".into(),
            },
            Lifecycle::SelfRenewing => {
                "The sign-in renews itself as long as it has not ended.".into()
            }
            Lifecycle::Derived => {
                "Tokens of Pages are fetched when needed and never stored.".into()
            }
            Lifecycle::Refresh | Lifecycle::Rotating | Lifecycle::OneTime | Lifecycle::JwtPair => {
                "The sign-in is renewed in the background.".into()
            }
            Lifecycle::RefreshFixedEnd => {
                "The sign-in is renewed in the background up to a fixed day.".into()
            }
            Lifecycle::VerifyOnly => "The sign-in has no announced end; it is checked.".into(),
            Lifecycle::SenderConstrained => {
                "The sign-in works only together with a key on this computer.".into()
            }
        }
    }
}

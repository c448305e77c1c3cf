//! How trouble strikes: what happens at once, and what waits for calls.

use serde::{Deserialize, Serialize};

use crate::Endpoint;
use crate::seed;
use crate::trouble::{Nonsense, OddExpiry, Trouble, TroubleError};
use crate::world::{Ended, Kind, World};

/// A trouble that waits for calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub trouble: Trouble,
    /// Calls left to strike; `None` until cleared or `until`.
    pub left: Option<u32>,
    /// Unix seconds of the issuer's clock at which it ends by itself.
    pub until: Option<i64>,
}

/// What is done to one call before it is answered, and with its answer.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub drop_request: bool,
    pub wait_milliseconds: u64,
    pub refusal: Option<Refusal>,
    pub nonsense: Option<Nonsense>,
}

/// A call that is refused whatever it says.
#[derive(Debug)]
pub(crate) enum Refusal {
    RateLimit {
        code: u32,
        minutes: u32,
    },
    Outage {
        status: u16,
    },
    Error {
        code: u32,
        subcode: Option<u32>,
        message: Option<String>,
        status: u16,
    },
}

impl World {
    /// Makes trouble.
    pub fn strike(&mut self, trouble: Trouble, now: i64) -> Result<(), TroubleError> {
        self.dirty = true;
        if let Some(aim) = trouble.aim().copied() {
            let until = match &trouble {
                Trouble::RateLimit { minutes, .. } if aim.calls.is_none() => {
                    Some(now + i64::from(*minutes) * 60)
                }
                _ => None,
            };
            self.standing.push(Standing {
                trouble,
                left: aim.calls,
                until,
            });
            return Ok(());
        }
        match trouble {
            Trouble::ExpireNow { person } => {
                let person = self.person_id(&person)?;
                for token in self.tokens.values_mut() {
                    if token.person == person && token.kind != Kind::Page && token.expires_at > now
                    {
                        token.expires_at = now;
                    }
                }
            }
            Trouble::ChangePassword { person, to } => {
                let person = self.person_id(&person)?;
                self.end_tokens(&person, Ended::PasswordChanged);
                if let (Some(person), Some(to)) = (self.persons.get_mut(&person), to) {
                    person.password = to;
                }
            }
            Trouble::RemoveApp { person } => {
                let person = self.person_id(&person)?;
                self.remove_app(&person);
            }
            Trouble::DropScope { person, scope } => self.set_scope(&person, scope, false)?,
            Trouble::RestoreScope { person, scope } => self.set_scope(&person, scope, true)?,
            Trouble::Checkpoint { person } => self.set_checkpoint(&person, true)?,
            Trouble::ClearCheckpoint { person } => self.set_checkpoint(&person, false)?,
            Trouble::TakeRole { person, page } => {
                let (person, page) = (self.person_id(&person)?, self.page_id(&page)?);
                if let Some(person) = self.persons.get_mut(&person) {
                    person.roles.remove(&page);
                }
            }
            Trouble::GiveRole { person, page } => {
                let (person, page) = (self.person_id(&person)?, self.page_id(&page)?);
                if let Some(person) = self.persons.get_mut(&person) {
                    person.roles.insert(page, seed::every_task());
                }
            }
            Trouble::EndDataAccess { person } => {
                let person = self.person_id(&person)?;
                if let Some(person) = self.persons.get_mut(&person) {
                    person.data_access_until = now;
                }
            }
            Trouble::SignOutEverywhere { person } => {
                let person = self.person_id(&person)?;
                self.end_tokens(&person, Ended::SignedOut);
            }
            Trouble::Duplicates { refuse } => self.refuse_duplicates = refuse,
            Trouble::Jump { seconds } => self.offset = self.offset.saturating_add(seconds),
            Trouble::Clear => {
                self.standing.clear();
                for person in self.persons.values_mut() {
                    person.checkpoint = false;
                }
            }
            // Everything else has an aim and was put up above.
            _ => {}
        }
        Ok(())
    }

    /// What waits for a call at `endpoint`; uses up one call of each trouble that strikes.
    pub fn plan(&mut self, endpoint: Endpoint, now: i64) -> Plan {
        let mut plan = Plan::default();
        if self.standing.is_empty() {
            return plan;
        }
        plan.drop_request = self
            .take(endpoint, now, |trouble| {
                matches!(trouble, Trouble::DropRequest { .. }).then_some(())
            })
            .is_some();
        if plan.drop_request {
            return plan;
        }
        let slow = |trouble: &Trouble| match trouble {
            Trouble::Slow { milliseconds, .. } => Some(*milliseconds),
            _ => None,
        };
        plan.wait_milliseconds = self.take(endpoint, now, slow).unwrap_or(0);
        plan.refusal = self.take_refusal(endpoint, now);
        if plan.refusal.is_none() {
            plan.nonsense = self.take(endpoint, now, |trouble| match trouble {
                Trouble::Nonsense { style, .. } => Some(*style),
                _ => None,
            });
        }
        plan
    }

    /// Whether the answer to a call that was carried out gets lost.
    pub fn loses_response(&mut self, endpoint: Endpoint, now: i64) -> bool {
        self.take(endpoint, now, |trouble| match trouble {
            Trouble::LoseResponse { on } if on.endpoint.is_some() || endpoint.publishes() => {
                Some(())
            }
            _ => None,
        })
        .is_some()
    }

    pub fn odd_expiry(&mut self, now: i64) -> Option<OddExpiry> {
        self.take(Endpoint::AccessToken, now, |trouble| match trouble {
            Trouble::OddExpiresIn { style, .. } => Some(*style),
            _ => None,
        })
    }

    pub fn zero_expires_at(&mut self, now: i64) -> bool {
        self.take(Endpoint::DebugToken, now, |trouble| {
            matches!(trouble, Trouble::ZeroExpiresAt { .. }).then_some(())
        })
        .is_some()
    }

    pub fn exchange_fails(&mut self, now: i64) -> Option<u32> {
        self.take(Endpoint::AccessToken, now, |trouble| match trouble {
            Trouble::ExchangeFails { code, .. } => Some(*code),
            _ => None,
        })
    }

    pub fn exchange_returns_short(&mut self, now: i64) -> bool {
        self.take(Endpoint::AccessToken, now, |trouble| {
            matches!(trouble, Trouble::ExchangeReturnsShort { .. }).then_some(())
        })
        .is_some()
    }

    fn take_refusal(&mut self, endpoint: Endpoint, now: i64) -> Option<Refusal> {
        // The minutes left of a limit that runs by the clock shrink as the clock moves.
        let left = self
            .standing
            .iter()
            .find(|standing| {
                matches!(standing.trouble, Trouble::RateLimit { .. })
                    && standing.until.is_some_and(|until| until > now)
            })
            .and_then(|standing| standing.until)
            .map(|until| u32::try_from((until - now + 59) / 60).unwrap_or(u32::MAX));
        self.take(endpoint, now, |trouble| match trouble {
            Trouble::Outage { status, .. } => Some(Refusal::Outage { status: *status }),
            Trouble::RateLimit { code, minutes, on } => Some(Refusal::RateLimit {
                code: code.unwrap_or(if endpoint.belongs_to_page() { 80001 } else { 4 }),
                minutes: if on.calls.is_none() {
                    left.unwrap_or(*minutes)
                } else {
                    *minutes
                },
            }),
            Trouble::Error {
                code,
                subcode,
                message,
                status,
                ..
            } => Some(Refusal::Error {
                code: *code,
                subcode: *subcode,
                message: message.clone(),
                status: *status,
            }),
            _ => None,
        })
    }

    /// Uses up one call of the first standing trouble that `pick` chooses and that is aimed at `endpoint`.
    fn take<T>(
        &mut self,
        endpoint: Endpoint,
        now: i64,
        pick: impl Fn(&Trouble) -> Option<T>,
    ) -> Option<T> {
        let before = self.standing.len();
        self.standing.retain(|standing| {
            standing.left != Some(0) && standing.until.is_none_or(|until| until > now)
        });
        self.dirty |= self.standing.len() != before;
        let (index, chosen) = self
            .standing
            .iter()
            .enumerate()
            .find_map(|(index, standing)| {
                let aimed = match standing.trouble.aim()?.endpoint {
                    None | Some(Endpoint::Any) => endpoint != Endpoint::Dialog,
                    Some(aim) => aim == endpoint,
                };
                aimed
                    .then(|| pick(&standing.trouble))
                    .flatten()
                    .map(|chosen| (index, chosen))
            })?;
        if let Some(left) = &mut self.standing[index].left {
            *left -= 1;
            self.dirty = true;
            if *left == 0 {
                self.standing.remove(index);
            }
        }
        Some(chosen)
    }

    fn person_id(&self, name: &str) -> Result<String, TroubleError> {
        self.person(name)
            .map(|person| person.id.clone())
            .ok_or_else(|| TroubleError::Person(name.to_owned()))
    }

    fn page_id(&self, name: &str) -> Result<String, TroubleError> {
        self.page(name)
            .map(|page| page.id.clone())
            .ok_or_else(|| TroubleError::Page(name.to_owned()))
    }

    fn set_scope(
        &mut self,
        person: &str,
        scope: String,
        granted: bool,
    ) -> Result<(), TroubleError> {
        if !seed::SCOPES.iter().any(|(known, _)| *known == scope) {
            return Err(TroubleError::Scope(scope));
        }
        let person = self.person_id(person)?;
        if let Some(person) = self.persons.get_mut(&person) {
            person.scopes.insert(scope, granted);
        }
        Ok(())
    }

    fn set_checkpoint(&mut self, person: &str, stopped: bool) -> Result<(), TroubleError> {
        let person = self.person_id(person)?;
        if let Some(person) = self.persons.get_mut(&person) {
            person.checkpoint = stopped;
        }
        Ok(())
    }
}

//! Names of things, as types that cannot be mixed up.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "types", derive(ts_rs::TS))]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

text_id! {
    /// One identity at one provider, as this computer calls it: `example-10001`.
    AccountId
}
text_id! {
    /// Something below an account that has a token of its own (a Page), by the provider's id.
    ChildId
}

impl AccountId {
    /// The id of `identity` at `provider`. Anything but letters, digits, `.`, `_` and `-` becomes
    /// `-`, so that it can be typed and used in names.
    pub fn of(provider: &str, identity: &str) -> Self {
        let clean: String = identity
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "._-".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        Self(format!("{provider}-{clean}"))
    }
}

/// A post's number on this computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct PostId(pub i64);

impl fmt::Display for PostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Rises with each new secret of an account; an answer that carries an old one changes nothing.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Generation(pub u64);

impl Generation {
    /// The one after this.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// One try of a sign-in, a renewal or a delivery; answers of another try are dropped.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Attempt(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_can_be_typed_whatever_the_identity_holds() {
        assert_eq!(
            AccountId::of("facebook", "10001").as_str(),
            "facebook-10001"
        );
        assert_eq!(
            AccountId::of("x", "did:plc:a b/c").as_str(),
            "x-did-plc-a-b-c"
        );
    }
}

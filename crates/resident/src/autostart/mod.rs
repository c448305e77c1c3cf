//! Starting with the session.

//! Years of sign-ins and posts in seconds, with everything going wrong, from one seed.

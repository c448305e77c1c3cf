//! Requests in the RFCs' own form, built by the `oauth2` crate. It is handed a "client" that only
//! keeps the request, so nothing is sent here.

use std::borrow::Cow;
use std::cell::RefCell;

use oauth2::basic::BasicClient;
use oauth2::{
    AccessToken, AuthType, AuthorizationCode, ClientId, ClientSecret, HttpRequest, HttpResponse,
    IntrospectionUrl, PkceCodeVerifier, RedirectUrl, RefreshToken, RevocationUrl,
    StandardRevocableToken, TokenUrl,
};
use url::Url;

use super::client::ClientAuth;
use super::values::{RenderError, Values, Variable};
use crate::Secret;
use crate::http::{Body, Method, Request};

/// Requests that have a standard form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standard {
    /// RFC 6749 section 4.1.3 with RFC 7636 section 4.5.
    Code,
    /// RFC 6749 section 6.
    Refresh,
    /// RFC 6749 section 4.4.2.
    ClientCredentials,
    /// RFC 7009: the refresh token where there is one, which ends the whole grant.
    Revoke,
    /// RFC 7662.
    Introspect,
}

impl Standard {
    pub fn build(
        self,
        url: &Url,
        values: &Values,
        auth: ClientAuth,
    ) -> Result<Request, RenderError> {
        let need = |variable: Variable| {
            values
                .text(&variable)
                .map(Cow::into_owned)
                .ok_or_else(|| RenderError::Missing(variable.name().to_owned()))
        };
        let mut client =
            BasicClient::new(ClientId::new(need(Variable::ClientId)?)).set_auth_type(match auth {
                ClientAuth::Form => AuthType::RequestBody,
                ClientAuth::Basic => AuthType::BasicAuth,
            });
        if let Some(secret) = values.text(&Variable::ClientSecret) {
            client = client.set_client_secret(ClientSecret::new(secret.into_owned()));
        }
        let kept = RefCell::new(None);
        let keep = |request: HttpRequest| -> Result<HttpResponse, Kept> {
            *kept.borrow_mut() = Some(request);
            Err(Kept)
        };
        // Each call "fails" with `Kept`, which is how the request gets out.
        match self {
            Self::Code => {
                let client = client.set_token_uri(TokenUrl::from_url(url.clone()));
                let redirect = RedirectUrl::new(need(Variable::RedirectUri)?)
                    .map_err(|_| RenderError::Address)?;
                let mut request = client
                    .exchange_code(AuthorizationCode::new(need(Variable::Code)?))
                    .set_redirect_uri(Cow::Owned(redirect));
                if let Some(verifier) = values.text(&Variable::Verifier) {
                    request =
                        request.set_pkce_verifier(PkceCodeVerifier::new(verifier.into_owned()));
                }
                let _ = request.request(&keep);
            }
            Self::Refresh => {
                let client = client.set_token_uri(TokenUrl::from_url(url.clone()));
                let token = RefreshToken::new(need(Variable::Refresh)?);
                let _ = client.exchange_refresh_token(&token).request(&keep);
            }
            Self::ClientCredentials => {
                let client = client.set_token_uri(TokenUrl::from_url(url.clone()));
                let _ = client.exchange_client_credentials().request(&keep);
            }
            Self::Revoke => {
                // The crate insists on https, also for a server on this computer; the address is
                // put right below, and the loader has refused http anywhere else.
                let stand_in = "https://localhost/"
                    .parse()
                    .map_err(|_| RenderError::Address)?;
                let client = client.set_revocation_url(RevocationUrl::from_url(stand_in));
                let token = match values.text(&Variable::Refresh) {
                    Some(token) => {
                        StandardRevocableToken::from(RefreshToken::new(token.into_owned()))
                    }
                    None => AccessToken::new(need(Variable::Access)?).into(),
                };
                let request = client
                    .revoke_token(token)
                    .map_err(|_| RenderError::Address)?;
                let _ = request.request(&keep);
            }
            Self::Introspect => {
                let client = client.set_introspection_url(IntrospectionUrl::from_url(url.clone()));
                let token = AccessToken::new(need(Variable::Access)?);
                let _ = client.introspect(&token).request(&keep);
            }
        }
        kept.into_inner()
            .map_or(Err(RenderError::Address), |request| ours(&request, url))
    }
}

/// Never sent; see [`Standard::build`].
#[derive(Debug, thiserror::Error)]
#[error("the request was kept")]
struct Kept;

fn ours(request: &HttpRequest, url: &Url) -> Result<Request, RenderError> {
    let mut headers = Vec::new();
    for (name, value) in request.headers() {
        // The body's kind says it.
        if name.as_str() != "content-type" {
            let value = value.to_str().map_err(|_| RenderError::Address)?;
            headers.push((name.as_str().to_owned(), Secret::new(value)));
        }
    }
    let form = std::str::from_utf8(request.body()).map_err(|_| RenderError::Address)?;
    Ok(Request {
        method: Method::Post,
        url: url.clone(),
        headers,
        body: Body::Form(Secret::new(form)),
    })
}

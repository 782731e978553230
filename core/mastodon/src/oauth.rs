//! An instance as authorization server: it registers applications, gives tokens, says whose they are, and ends them.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{StatusCode, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use url::Url;

use crate::{
    client::{Answer, Client, Settings, Watch, authorization, refused, refused_with},
    error::Error,
    scopes::Scopes,
    tokens::{App, Owner, Token},
};

/// The redirect that leads nowhere: the instance shows the code, and a person brings it.
pub const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";
/// The name under which a person sees the application at the instance.
const NAME: &str = "Tootmill";
/// The one way of PKCE that Mastodon has.
const S256: &str = "S256";
/// Fields of forms that are not repeated, whoever repeats them.
const SECRET_FIELDS: [&str; 4] = ["client_secret", "code", "code_verifier", "token"];

/// An instance as authorization server.
#[derive(Debug)]
pub struct AuthorizationServer {
    client: Client,
    metadata: Metadata,
}

/// `GET /.well-known/oauth-authorization-server`, as far as it is needed: since Mastodon 4.3.0 (RFC 8414).
#[derive(Debug, Default, Deserialize)]
struct Metadata {
    scopes_supported: Option<Vec<String>>,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
}

/// A person's permission that is being asked for.
pub struct Authorization {
    /// The page on which the person gives it.
    pub url: Url,
    /// What must come back with the code.
    pub state: String,
    verifier: Option<SecretString>,
    app: App,
    scopes: Scopes,
}

impl fmt::Debug for Authorization {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authorization").field("app", &self.app).finish_non_exhaustive()
    }
}

/// A token that works, as the instance sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whose it is.
    pub owner: Owner,
    /// What its application may do, and the token therefore at most, where the instance says it (since 4.3.0).
    pub at_most: Option<Scopes>,
}

/// `POST /oauth/token` (`methods/oauth.md#token`).
#[derive(Deserialize)]
struct Granted {
    access_token: SecretText,
    scope: Option<String>,
}

/// `POST /api/v1/apps` (`methods/apps.md#create`).
#[derive(Deserialize)]
struct Registered {
    client_id: String,
    client_secret: SecretText,
}

/// `GET /api/v1/apps/verify_credentials` (`methods/apps.md#verify_credentials`).
#[derive(Deserialize)]
struct Application {
    #[serde(default)]
    name: String,
    scopes: Option<Vec<String>>,
}

/// `GET /api/v1/accounts/verify_credentials` (`methods/accounts.md#verify_credentials`).
#[derive(Deserialize)]
struct Account {
    id: String,
    acct: String,
}

#[derive(Deserialize)]
#[serde(from = "String")]
struct SecretText(SecretString);

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl AuthorizationServer {
    /// Asks the instance at an address what it offers. No token stands in the requests but the one that is meant.
    pub fn of(instance: &str, settings: Settings, watch: Box<dyn Watch>) -> Result<Self, Error> {
        let client = Client::new(instance, Settings { token: None, ..settings }, watch)?;
        let metadata = metadata(&client)?;
        Ok(Self { client, metadata })
    }

    /// The instance's address.
    pub fn instance(&self) -> &str {
        self.client.base().as_str()
    }

    /// Set from outside to stop at the next opportunity.
    pub fn stop(&self) -> &Arc<AtomicBool> {
        &self.client.settings().stop
    }

    /// The least scopes that are enough for collecting, of those that the instance has.
    pub fn least(&self, of_a_user: bool) -> Scopes {
        Scopes::least(self.metadata.scopes_supported.as_deref(), of_a_user)
    }

    /// Registers an application. Each token gets one of its own: of the same application, account and scopes Mastodon
    /// gives the same token again (`reuse_access_token` in config/initializers/doorkeeper.rb), and to revoke the old
    /// one would be to revoke the new one.
    pub fn register(&self, redirect: &str, scopes: &Scopes) -> Result<App, Error> {
        let scopes = scopes.to_string();
        let form = [("client_name", NAME), ("redirect_uris", redirect), ("scopes", &scopes)];
        let Registered { client_id, client_secret } = self.post("/api/v1/apps", &form)?;
        Ok(App { client_id, client_secret: client_secret.0, redirect: redirect.into() })
    }

    /// Asks for a person's permission: the page to open, with PKCE where the instance has it.
    pub fn authorization(&self, app: App, scopes: Scopes) -> Result<Authorization, Error> {
        let state = random()?;
        let scope = scopes.to_string();
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", &app.client_id),
            ("redirect_uri", &app.redirect),
            ("scope", &scope),
            ("state", &state),
        ];
        let has_pkce = self.metadata.code_challenge_methods_supported.iter().any(|method| method == S256);
        let verifier = has_pkce.then(random).transpose()?;
        let challenge = verifier.as_deref().map(challenge).unwrap_or_default();
        if has_pkce {
            query.extend([("code_challenge", challenge.as_str()), ("code_challenge_method", S256)]);
        }
        let url = self.client.url("/oauth/authorize", &query)?;
        Ok(Authorization { url, state, verifier: verifier.map(SecretString::from), app, scopes })
    }

    /// The token for the code that the person's permission gave.
    pub fn user_token(&self, authorization: Authorization, code: &SecretString) -> Result<Token, Error> {
        let Authorization { verifier, app, scopes, .. } = authorization;
        let (scope, redirect) = (scopes.to_string(), app.redirect.clone());
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret().trim()),
            ("redirect_uri", &redirect),
            ("scope", &scope),
        ];
        if let Some(verifier) = &verifier {
            form.push(("code_verifier", verifier.expose_secret()));
        }
        self.token(app, &form, &scopes)
    }

    /// A token of the application's own.
    pub fn app_token(&self, app: App, scopes: &Scopes) -> Result<Token, Error> {
        self.token(app, &[("grant_type", "client_credentials"), ("scope", &scopes.to_string())], scopes)
    }

    fn token(&self, app: App, form: &[(&str, &str)], asked: &Scopes) -> Result<Token, Error> {
        let Granted { access_token, scope } = self.post("/oauth/token", &[form, &credentials(&app)].concat())?;
        // RFC 6749, section 5.1: without a scope it is the one that was asked for.
        let scopes = scope.map_or_else(|| asked.clone(), Scopes::from);
        Ok(Token { secret: access_token.0, scopes, owner: None, app })
    }

    /// Whose a token is; an error where it does not work.
    ///
    /// An application's own token is refused what is for accounts: with 422 by Mastodon, or 403 where the scope is looked
    /// at first. So is a user's token without the scope, but not where it asks for what its scope is for.
    pub fn verify(&self, secret: &SecretString) -> Result<Verified, Error> {
        let (told, application) = self.get::<Application>("/api/v1/apps/verify_credentials", secret)?;
        let (answer, account) = self.get::<Account>("/api/v1/accounts/verify_credentials", secret)?;
        let name = application.as_ref().map(|application| application.name.clone()).unwrap_or_default();
        let owner = match (account, answer.status.as_u16()) {
            (Some(Account { id, acct }), _) => Owner::Account { acct, id },
            (None, 401) if application.is_none() => return Err(refused_token(&told, secret)),
            (None, 401 | 422) => Owner::App { name },
            (None, 403) => self.hidden(secret, name)?,
            _ => return Err(refused_token(&answer, secret)),
        };
        let at_most = application.and_then(|application| application.scopes).map(|scopes| scopes.join(" ").into());
        Ok(Verified { owner, at_most })
    }

    /// Whose a token is that may not say it. `methods/markers.md#get`: a user's token with `read:statuses`.
    fn hidden(&self, secret: &SecretString, name: String) -> Result<Owner, Error> {
        let (answer, markers) = self.get::<serde::de::IgnoredAny>("/api/v1/markers", secret)?;
        match (markers, answer.status.as_u16()) {
            (Some(_), _) => Ok(Owner::Hidden),
            (None, 401 | 422) => Ok(Owner::App { name }),
            _ => Err(refused_token(&answer, secret)),
        }
    }

    /// Ends a token. One that is unknown, or was ended before, is no error.
    pub fn revoke(&self, token: &Token) -> Result<(), Error> {
        let form = [&credentials(&token.app)[..], &[("token", token.secret.expose_secret())]].concat();
        self.post::<serde::de::IgnoredAny>("/oauth/revoke", &form).map(|_| ())
    }

    fn get<T: DeserializeOwned>(&self, path: &str, secret: &SecretString) -> Result<(Answer, Option<T>), Error> {
        let (url, token) = (self.client.url(path, &[])?, authorization(secret)?);
        let request = |http: &reqwest::blocking::Client| http.get(url.clone()).header(AUTHORIZATION, token.clone());
        let parse = |answer: &Answer| answer.json().map_err(|_| "the answer is not what it should be".to_string());
        self.client.send(&url, request, |answer| answer.status.is_success().then(|| parse(answer)).transpose())
    }

    /// Sends a form. Its answer is read once: a code works once, and each try could make another token.
    fn post<T: DeserializeOwned>(&self, path: &str, form: &[(&str, &str)]) -> Result<T, Error> {
        let url = self.client.url(path, &[])?;
        let (answer, ()) = self.client.send(&url, |http| http.post(url.clone()).form(form), |_| Ok(()))?;
        if !answer.status.is_success() {
            return Err(without_secrets(refused_with(&answer, advice(answer.status)), form));
        }
        // The parser's own words may repeat a token.
        serde_json::from_slice(&answer.body).map_err(|_| Error::NoToken {
            instance: self.instance().into(),
            reason: format!("the answer of {path} is not what it should be"),
            advice: "is this the address of an instance?",
        })
    }
}

fn metadata(client: &Client) -> Result<Metadata, Error> {
    let url = client.url("/.well-known/oauth-authorization-server", &[])?;
    let (answer, metadata) =
        client.read(&url, |answer| Ok(answer.status.is_success().then(|| answer.json().ok()).flatten()))?;
    match (metadata, answer.status) {
        (Some(metadata), _) => Ok(metadata),
        // An older instance, or a page for browsers.
        (None, StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::OK) => Ok(Metadata::default()),
        (None, _) => Err(refused(&answer)),
    }
}

/// By what an application says that it is itself.
fn credentials(app: &App) -> [(&str, &str); 2] {
    [("client_id", &app.client_id), ("client_secret", app.client_secret.expose_secret())]
}

/// What can be done where a form is refused (`methods/oauth.md`).
fn advice(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "begin again: a code works once, for ten minutes",
        401 => "the instance does not know the application any more: `tootmill auth login` registers another",
        403 => "the token is another application's: revoke it at the instance, in the account's settings",
        422 => "the instance does not take such an application",
        _ => "ask the instance's administrators",
    }
}

/// The error of an answer that says no to a token.
fn refused_token(answer: &Answer, secret: &SecretString) -> Error {
    without_secrets(refused(answer), &[("token", secret.expose_secret())])
}

/// An instance's words, should they repeat what it was sent.
fn without_secrets(error: Error, form: &[(&str, &str)]) -> Error {
    let Error::Refused { url, code, answer, advice } = error else { return error };
    let secrets = form.iter().filter(|(name, value)| SECRET_FIELDS.contains(name) && !value.is_empty());
    let answer = secrets.fold(answer, |answer, (_, secret)| answer.replace(secret, "…"));
    Error::Refused { url, code, answer, advice }
}

/// 256 bits that nobody can guess, in the letters that RFC 7636 allows.
fn random() -> Result<String, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// RFC 7636, section 4.2.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests;

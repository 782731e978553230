//! For tests: what Mastodon answers as authorization server and mastodon-mock does not, as its documentation and code say.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use crate::{client::Settings, oauth::AuthorizationServer, scopes::Scopes};

/// A server, and the runtime that it needs.
pub(crate) struct Fake {
    server: MockServer,
    runtime: Runtime,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What it says of itself: nothing before 4.3.0.
    metadata: Option<Value>,
    apps: BTreeMap<String, RegisteredApp>,
    /// What persons have permitted, by the code.
    codes: HashMap<String, HashMap<String, String>>,
    tokens: BTreeMap<String, Issued>,
    counted: usize,
    fails: bool,
    /// Whether it repeats what it was sent in its refusals.
    echoes: bool,
}

struct RegisteredApp {
    secret: String,
    redirect: String,
    scopes: Scopes,
}

#[derive(PartialEq)]
struct Issued {
    app: String,
    of_a_user: bool,
    scopes: Scopes,
}

type Form = HashMap<String, String>;

impl Fake {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(MockServer::start());
        // As Mastodon 4.3.0 and later (methods/oauth.md#authorization-server-metadata).
        let metadata = json!({
            "issuer": server.uri(),
            "scopes_supported": ["read", "profile", "write", "read:accounts", "read:statuses", "push"],
            "code_challenge_methods_supported": ["S256"],
        });
        let state = Arc::new(Mutex::new(State { metadata: Some(metadata), ..State::default() }));
        let answers = Answers(Arc::clone(&state));
        runtime.block_on(Mock::given(any()).respond_with(answers).mount(&server));
        Self { server, runtime, state }
    }

    /// As before 4.3.0.
    pub(crate) fn old() -> Self {
        let fake = Self::start();
        fake.state().metadata = None;
        fake
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn instance(&self) -> String {
        self.server.uri()
    }

    pub(crate) fn server(&self) -> AuthorizationServer {
        let settings = Settings { patience: Duration::ZERO, ..Settings::default() };
        AuthorizationServer::of(&self.instance(), settings, Box::new(())).unwrap()
    }

    /// The person @miller says yes on a page, and gets a code.
    pub(crate) fn permit(&self, page: &Url) -> String {
        let asked: Form = page.query_pairs().into_owned().collect();
        let mut state = self.state();
        state.counted += 1;
        let code = format!("c0de-{}", state.counted);
        state.codes.insert(code.clone(), asked);
        code
    }

    pub(crate) fn works(&self, token: &str) -> bool {
        self.state().tokens.contains_key(token)
    }

    /// How many tokens work.
    pub(crate) fn working(&self) -> usize {
        self.state().tokens.len()
    }

    /// Whether it answers 503 to everything.
    pub(crate) fn fail(&self, fails: bool) {
        self.state().fails = fails;
    }

    pub(crate) fn echo(&self) {
        self.state().echoes = true;
    }

    /// What was asked so far: the method, the path, and the body.
    pub(crate) fn asked(&self) -> Vec<(String, String, String)> {
        let requests = self.runtime.block_on(self.server.received_requests()).unwrap();
        let shown = |request: Request| {
            let body = String::from_utf8(request.body).unwrap();
            (request.method.to_string(), request.url.path().to_string(), body)
        };
        requests.into_iter().map(shown).collect()
    }
}

struct Answers(Arc<Mutex<State>>);

impl Respond for Answers {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.fails {
            return ResponseTemplate::new(503);
        }
        let form: Form = url::form_urlencoded::parse(&request.body).into_owned().collect();
        let bearer = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).and_then(|token| state.tokens.get(token));
        let (status, body) = match (request.method.as_str(), request.url.path()) {
            ("GET", "/.well-known/oauth-authorization-server") => match &state.metadata {
                Some(metadata) => (200, metadata.clone()),
                None => (404, json!({"error": "Record not found"})),
            },
            ("POST", "/api/v1/apps") => state.register(&form),
            ("POST", "/oauth/token") => state.token(&form),
            ("POST", "/oauth/revoke") => state.revoke(&form),
            ("GET", "/api/v1/apps/verify_credentials") => match token {
                Some(token) => state.application(token),
                None if state.echoes => (401, json!({"error": bearer})),
                None => invalid(),
            },
            ("GET", "/api/v1/accounts/verify_credentials") => {
                let account = json!({"id": "7", "username": "miller", "acct": "miller"});
                for_users(token, &["profile", "read", "read:accounts"], &account)
            }
            ("GET", "/api/v1/markers") => for_users(token, &["read", "read:statuses"], &json!({})),
            _ => (404, json!({"error": "Record not found"})),
        };
        ResponseTemplate::new(status).set_body_json(body)
    }
}

fn invalid() -> (u16, Value) {
    (401, json!({"error": "The access token is invalid"}))
}

/// The scope is looked at first, then whether it is a user's (`doorkeeper_authorize!`, `require_user!`).
fn for_users(token: Option<&Issued>, scopes: &[&str], body: &Value) -> (u16, Value) {
    let Some(token) = token else { return invalid() };
    let held = token.scopes.to_string();
    if !held.split(' ').any(|held| scopes.contains(&held)) {
        return (403, json!({"error": "This action is outside the authorized scopes"}));
    }
    if !token.of_a_user {
        return (422, json!({"error": "This method requires an authenticated user"}));
    }
    (200, body.clone())
}

impl State {
    fn register(&mut self, form: &Form) -> (u16, Value) {
        self.counted += 1;
        let (id, secret) = (format!("client-{}", self.counted), format!("apps3cret-{}", self.counted));
        let (redirect, scopes) = (form["redirect_uris"].clone(), form["scopes"].as_str().into());
        let body = json!({"id": "1", "name": form["client_name"], "client_id": id, "client_secret": secret});
        self.apps.insert(id, RegisteredApp { secret, redirect, scopes });
        (200, body)
    }

    fn token(&mut self, form: &Form) -> (u16, Value) {
        let refused = |status, error: &str| (status, json!({"error": error, "error_description": self.words(form)}));
        let id = &form["client_id"];
        let Some(app) = self.apps.get(id).filter(|app| app.secret == form["client_secret"]) else {
            return refused(401, "invalid_client");
        };
        let scopes = Scopes::from(form["scope"].as_str());
        if !app.scopes.lacks(&scopes).is_empty() {
            return refused(400, "invalid_scope");
        }
        let of_a_user = form["grant_type"] == "authorization_code";
        if of_a_user {
            let challenge = form.get("code_verifier").map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)));
            let is_right = |asked: &Form| {
                let matches = ["redirect_uri", "scope", "client_id"].iter().all(|name| asked[*name] == form[*name]);
                matches && app.redirect == form["redirect_uri"] && asked.get("code_challenge") == challenge.as_ref()
            };
            if !self.codes.get(&form["code"]).is_some_and(is_right) {
                return refused(400, "invalid_grant");
            }
            self.codes.remove(&form["code"]);
        }
        let issued = Issued { app: id.clone(), of_a_user, scopes };
        // reuse_access_token in config/initializers/doorkeeper.rb
        let known = self.tokens.iter().find(|(_, token)| **token == issued).map(|(secret, _)| secret.clone());
        let secret = known.unwrap_or_else(|| format!("us3rt0ken-{}", self.counted + self.tokens.len() * 1000));
        let scope = issued.scopes.to_string();
        self.tokens.insert(secret.clone(), issued);
        (200, json!({"access_token": secret, "token_type": "Bearer", "scope": scope, "created_at": 1_573_979_017}))
    }

    fn revoke(&mut self, form: &Form) -> (u16, Value) {
        match self.tokens.get(&form["token"]) {
            Some(token) if token.app != form["client_id"] => {
                (403, json!({"error": "unauthorized_client", "error_description": self.words(form)}))
            }
            _ => {
                self.tokens.remove(&form["token"]);
                (200, json!({}))
            }
        }
    }

    fn application(&self, token: &Issued) -> (u16, Value) {
        let scopes = self.apps[&token.app].scopes.to_string();
        (200, json!({"name": "Tootmill", "scopes": scopes.split(' ').collect::<BTreeSet<_>>()}))
    }

    fn words(&self, form: &Form) -> String {
        if self.echoes { format!("{form:?}") } else { "You are not authorized".into() }
    }
}

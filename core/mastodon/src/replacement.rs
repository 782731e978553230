//! Replacing a token by another, so that at every moment the one that is kept works, and none is forgotten that does.

use secrecy::ExposeSecret;

use crate::{
    error::Error,
    oauth::AuthorizationServer,
    tokens::{Change, Kept, Owner, Token},
};

/// Puts a new token into use, if it works and is the same one's as before, where that matters; then revokes the one
/// before. Where it fails, the token in use stays and the new one is revoked, now or by the next.
pub fn replace(
    server: &AuthorizationServer,
    change: &Change,
    new: Token,
    expected: Option<&Owner>,
) -> Result<(Owner, LeftOver), Error> {
    let mut replacement = Replacement::begin(server, change, new)?;
    let owner = match replacement.verify(expected) {
        Ok(owner) => owner,
        Err(error) => {
            revoke_left_over(server, change)?;
            return Err(error);
        }
    };
    replacement.switch()?;
    Ok((owner, revoke_left_over(server, change)?))
}

/// A new token on its way into use. Each step is on the disk before the next begins; whoever is interrupted between
/// two of them leaves a token that works in use, and the other for [`revoke_left_over`].
#[derive(Debug)]
struct Replacement<'a> {
    server: &'a AuthorizationServer,
    change: &'a Change,
    new: Token,
}

/// What became of tokens that were to be revoked.
#[derive(Debug, Default)]
pub struct LeftOver {
    /// How many the instance ended.
    pub revoked: usize,
    /// Why others are given up: the instance will never end them at our word.
    pub given_up: Vec<Error>,
    /// Why others are still to be revoked.
    pub waiting: Vec<Error>,
}

impl<'a> Replacement<'a> {
    /// Notes the new token before anything can happen to it.
    fn begin(server: &'a AuthorizationServer, change: &'a Change, new: Token) -> Result<Self, Error> {
        let mut kept = change.kept(server.instance())?;
        let mut all = kept.token.iter().chain(&kept.left_over);
        if all.any(|token| token.secret.expose_secret() == new.secret.expose_secret()) {
            return Err(useless(server, "it gave a token that we have already".into()));
        }
        kept.left_over.push(new.clone());
        change.keep(server.instance(), kept)?;
        Ok(Self { server, change, new })
    }

    /// Checks that the new token works, and that it is the same one's as before, if it matters.
    fn verify(&mut self, expected: Option<&Owner>) -> Result<Owner, Error> {
        let owner = self.server.verify(&self.new.secret)?.owner;
        if expected.is_some_and(|expected| *expected != owner) {
            return Err(useless(self.server, format!("it is for {owner}, not for the one before")));
        }
        self.new.owner = Some(owner.clone());
        Ok(owner)
    }

    /// Puts the new token into use, and the one before among those to revoke.
    fn switch(self) -> Result<(), Error> {
        let Kept { token, left_over } = self.change.kept(self.server.instance())?;
        let is_new = |token: &Token| token.secret.expose_secret() == self.new.secret.expose_secret();
        let left_over = left_over.into_iter().filter(|token| !is_new(token)).chain(token).collect();
        self.change.keep(self.server.instance(), Kept { token: Some(self.new), left_over })
    }
}

fn useless(server: &AuthorizationServer, reason: String) -> Error {
    Error::NoToken {
        instance: server.instance().into(),
        reason,
        advice: "the token in use stays as it is; `tootmill auth revoke` and `login` begin anew",
    }
}

/// Takes the token out of use, and revokes all there are.
pub fn revoke(server: &AuthorizationServer, change: &Change) -> Result<LeftOver, Error> {
    let Kept { token, mut left_over } = change.kept(server.instance())?;
    left_over.extend(token);
    change.keep(server.instance(), Kept { token: None, left_over })?;
    revoke_left_over(server, change)
}

/// Revokes the tokens that are not in use, and forgets those that are revoked.
pub fn revoke_left_over(server: &AuthorizationServer, change: &Change) -> Result<LeftOver, Error> {
    let mut told = LeftOver::default();
    let Kept { token, left_over } = change.kept(server.instance())?;
    let mut waiting = Vec::new();
    for left in left_over {
        match server.revoke(&left) {
            Ok(()) => told.revoked += 1,
            // The instance's own words (RFC 6749, section 5.2), and not those of a wall before it: it will not be otherwise.
            Err(error @ Error::Refused { code: 400 | 401 | 403, .. }) if is_about_the_client(&error) => {
                told.given_up.push(error);
            }
            Err(error) => {
                told.waiting.push(error);
                waiting.push(left);
            }
        }
    }
    change.keep(server.instance(), Kept { token, left_over: waiting })?;
    Ok(told)
}

fn is_about_the_client(error: &Error) -> bool {
    let Error::Refused { answer, .. } = error else { return false };
    ["unauthorized_client", "invalid_client"].iter().any(|said| answer.starts_with(said))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        fake::Fake,
        oauth::OUT_OF_BAND,
        tokens::{Found, Tokens},
    };

    fn change(folder: &Path) -> Change {
        tokens(folder).change().unwrap()
    }

    fn tokens(folder: &Path) -> Tokens {
        Tokens::at(Some(&folder.join("tokens.json"))).unwrap()
    }

    /// A user's token, as the person gives it.
    fn user_token(fake: &Fake, server: &AuthorizationServer) -> Token {
        let scopes = server.least(true);
        let app = server.register(OUT_OF_BAND, &scopes).unwrap();
        let authorization = server.authorization(app, scopes).unwrap();
        let code = fake.permit(&authorization.url).into();
        server.user_token(authorization, &code).unwrap()
    }

    /// What a collector would find, which must work at every moment.
    fn in_use(fake: &Fake, folder: &Path) -> String {
        let Found { secret, .. } = Tokens::find(&fake.instance(), None, Some(tokens(folder).file())).unwrap().unwrap();
        let secret = secret.expose_secret().to_string();
        assert!(fake.works(&secret), "the token in use does not work");
        secret
    }

    #[test]
    fn a_rotation_that_breaks_off_anywhere_leaves_a_token_that_works_and_the_next_revokes_the_other() {
        for steps in 0..=4 {
            let fake = Fake::start();
            let folder = tempfile::tempdir().unwrap();
            let server = fake.server();
            replace(&server, &change(folder.path()), user_token(&fake, &server), None).unwrap();
            let old = in_use(&fake, folder.path());
            {
                let change = change(folder.path());
                let new = user_token(&fake, &server);
                if steps >= 1 {
                    let mut replacement = Replacement::begin(&server, &change, new).unwrap();
                    in_use(&fake, folder.path());
                    if steps >= 2 {
                        replacement.verify(None).unwrap();
                    }
                    if steps >= 3 {
                        replacement.switch().unwrap();
                        in_use(&fake, folder.path());
                    }
                    if steps >= 4 {
                        // It broke off when the instance had ended the token, and before that was noted.
                        let left = change.kept(&fake.instance()).unwrap().left_over;
                        server.revoke(&left[0]).unwrap();
                    }
                }
            }
            let before = in_use(&fake, folder.path());
            assert_eq!(before == old, steps < 3, "{steps}");
            let told = revoke_left_over(&server, &change(folder.path())).unwrap();
            assert_eq!(told.revoked, usize::from(steps > 0), "{steps}");
            assert_eq!(in_use(&fake, folder.path()), before);
            // Of a token that was asked for and not yet noted nobody knows: that moment cannot be closed.
            assert_eq!(fake.working(), if steps == 0 { 2 } else { 1 }, "{steps}");
            let (_, told) = replace(&server, &change(folder.path()), user_token(&fake, &server), None).unwrap();
            assert_eq!(told.revoked, 1);
            assert_ne!(in_use(&fake, folder.path()), before);
        }
    }

    #[test]
    fn a_new_token_that_does_not_work_or_is_another_ones_leaves_the_old_in_use() {
        let fake = Fake::start();
        let folder = tempfile::tempdir().unwrap();
        let server = fake.server();
        replace(&server, &change(folder.path()), user_token(&fake, &server), None).unwrap();
        let old = in_use(&fake, folder.path());
        let broken = Token { secret: "br0ken".into(), ..user_token(&fake, &server) };
        let refused = replace(&server, &change(folder.path()), broken, None).unwrap_err();
        assert!(matches!(refused, Error::Refused { code: 401, .. }), "{refused}");
        let somebody = Owner::Account { acct: "somebody".into(), id: "1".into() };
        let others = replace(&server, &change(folder.path()), user_token(&fake, &server), Some(&somebody)).unwrap_err();
        assert!(others.to_string().contains("@miller"), "{others}");
        assert_eq!(in_use(&fake, folder.path()), old);
        assert!(change(folder.path()).kept(&fake.instance()).unwrap().left_over.is_empty());
    }

    #[test]
    fn the_same_token_again_is_never_revoked() {
        // Mastodon gives it for the same application, account and scopes (reuse_access_token).
        let fake = Fake::start();
        let folder = tempfile::tempdir().unwrap();
        let server = fake.server();
        let token = user_token(&fake, &server);
        replace(&server, &change(folder.path()), token.clone(), None).unwrap();
        let authorization = server.authorization(token.app, token.scopes).unwrap();
        let code = fake.permit(&authorization.url).into();
        let same = server.user_token(authorization, &code).unwrap();
        let useless = replace(&server, &change(folder.path()), same, None).unwrap_err();
        assert!(useless.to_string().contains("have already"), "{useless}");
        in_use(&fake, folder.path());
    }

    #[test]
    fn what_is_revoked_is_forgotten_and_what_cannot_be_is_told() {
        let fake = Fake::start();
        let folder = tempfile::tempdir().unwrap();
        let server = fake.server();
        replace(&server, &change(folder.path()), user_token(&fake, &server), None).unwrap();
        let change = change(folder.path());
        // Another application's token: 403 unauthorized_client (methods/oauth.md#revoke).
        let mut kept = change.kept(&fake.instance()).unwrap();
        let theirs = Token { secret: user_token(&fake, &server).secret, ..kept.token.clone().unwrap() };
        kept.left_over.push(theirs);
        change.keep(&fake.instance(), kept).unwrap();
        let told = revoke(&server, &change).unwrap();
        assert_eq!((told.revoked, told.given_up.len(), told.waiting.len()), (1, 1, 0));
        assert!(told.given_up[0].to_string().contains("unauthorized_client"), "{:?}", told.given_up);
        assert!(Tokens::find(&fake.instance(), None, Some(tokens(folder.path()).file())).unwrap().is_none());
        assert_eq!(revoke(&server, &change).unwrap().revoked, 0, "again it does nothing");

        // An instance that is down: the tokens are kept until it is not.
        replace(&server, &change, user_token(&fake, &server), None).unwrap();
        fake.fail(true);
        let told = revoke(&server, &change).unwrap();
        assert_eq!((told.revoked, told.waiting.len()), (0, 1));
        fake.fail(false);
        assert_eq!(revoke(&server, &change).unwrap().revoked, 1);
    }
}

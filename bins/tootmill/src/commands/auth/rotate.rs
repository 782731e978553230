//! `tootmill auth rotate`: another token in place of the one in use.

use clap::Args;
use tootmill_mastodon::Owner;

use super::{
    GetArguments, clear,
    login::{app_token, put_into_use, user_token},
};
use crate::failure::Failure;

/// Replace the token of an instance by a new one.
///
/// The new one is checked, then kept in place of the old one, and only then is the old one revoked: at every moment the one
/// that is kept works, and a rotation that is interrupted is ended by the next. A person's token needs that person's
/// permission again, an application's does not.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  tootmill auth rotate --instance mastodon.example")]
pub(crate) struct Rotate {
    #[command(flatten)]
    get: GetArguments,
}

impl Rotate {
    pub(super) fn run(self) -> Result<(), Failure> {
        let GetArguments { asked, code, kept, outcome } = self.get;
        let change = kept.open()?.change()?;
        let Some(old) = change.kept(asked.address())?.token else {
            return Err(Failure::permanent(format!(
                "no token of {} is kept: `tootmill auth login` gets one; one from a variable or a secret store is \
                 replaced where it comes from",
                asked.address()
            )));
        };
        let server = asked.server(outcome.quiet)?;
        clear(&server, &change)?;
        let of_the_app = matches!(old.owner, Some(Owner::App { .. }));
        let new = if of_the_app { app_token(&server)? } else { user_token(&server, &code)? };
        // What could not be known of the old one cannot be compared.
        let expected = old.owner.as_ref().filter(|owner| **owner != Owner::Hidden);
        put_into_use(&server, &change, new, expected, outcome)
    }
}

//! How somebody names an account to a command: by its id or by its name.

/// An account, as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By its id on the instance.
    Id(String),
    /// By its name, as the instance writes it: in lower case, with the host only where it is another instance's.
    Name(String),
}

/// A text that names no account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no account: write its id (`109302436954721982`, or `id:…`), or its name (`user@host`, or `@user` of the instance)"
)]
pub struct NoAccount(String);

impl Named {
    /// Reads an id, which is of digits or stands behind `id:`, or a name, which has an `@` in it; for an instance, by its host. The
    /// address of a profile is none.
    pub fn parse(account: &str, instance: &str) -> Result<Self, NoAccount> {
        let wrong = || NoAccount(account.into());
        let is_id = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(id) = account.strip_prefix("id:").or(is_id.then_some(account)) {
            return Some(id).filter(|id| !id.is_empty()).map(|id| Self::Id(id.into())).ok_or_else(wrong);
        }
        let known = account.trim_start_matches('@').to_lowercase();
        let own = known.strip_suffix(&format!("@{}", instance.to_lowercase())).unwrap_or(&known);
        let parts: Vec<&str> = own.split('@').collect();
        if !account.contains('@') || own.contains(['/', ':']) || parts.len() > 2 || parts.contains(&"") {
            return Err(wrong());
        }
        Ok(Self::Name(own.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_and_a_name_are_told_apart() {
        let named = |account| Named::parse(account, "mill.example").unwrap();
        assert_eq!(named("42"), Named::Id("42".into()));
        assert_eq!(named("id:9xA"), Named::Id("9xA".into()));
        for own in ["@Ada", "ada@mill.example", "@ada@MILL.example"] {
            assert_eq!(named(own), Named::Name("ada".into()), "{own}");
        }
        assert_eq!(named("@42"), Named::Name("42".into()));
        assert_eq!(named("Ada@a.example"), Named::Name("ada@a.example".into()));
        for nobody in
            ["", "ada", "id:", "@", "a@", "@a@", "a@b@c", "https://mill.example/@ada", "mill.example/@ada", "a:b@c"]
        {
            assert!(Named::parse(nobody, "mill.example").is_err(), "{nobody}");
        }
    }
}

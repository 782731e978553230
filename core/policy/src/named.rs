//! How somebody names an account to a command: by its id or by its name.

/// An account, as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By its id on the instance.
    Id(String),
    /// By its name, as the instance writes it: in lower case, with the host only where it is another instance's.
    Name(String),
    /// By its id, with the name that it has in texts. Another account may have had that name before.
    Both {
        /// Its id on the instance.
        id: String,
        /// Its name, as the instance writes it.
        name: String,
    },
}

/// A text that names no account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no account: write its id (`109302436954721982`, or `id:…`), its name (`user@host`, or `@user` of the instance), or \
     both (`109302436954721982=@user`)"
)]
pub struct NoAccount(String);

impl Named {
    /// Reads an id, which is of digits or stands behind `id:`, a name, which has an `@` in it, or an id, `=` and a name; for an
    /// instance, by its host. The address of a profile is none.
    pub fn parse(account: &str, instance: &str) -> Result<Self, NoAccount> {
        let named = match account.split_once('=') {
            Some((id, name)) if name.contains('@') => {
                id_in(id).zip(name_in(name, instance)).map(|(id, name)| Self::Both { id, name })
            }
            _ => id_in(account).map(Self::Id).or_else(|| name_in(account, instance).map(Self::Name)),
        };
        named.ok_or_else(|| NoAccount(account.into()))
    }
}

fn id_in(text: &str) -> Option<String> {
    let is_id = text.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix("id:").or(is_id.then_some(text)).filter(|id| !id.is_empty()).map(Into::into)
}

fn name_in(text: &str, instance: &str) -> Option<String> {
    let known = text.trim_start_matches('@').to_lowercase();
    let own = known.strip_suffix(&format!("@{}", instance.to_lowercase())).unwrap_or(&known);
    let parts: Vec<&str> = own.split('@').collect();
    let is_none = !text.contains('@') || own.contains(['/', ':', '=']) || parts.len() > 2 || parts.contains(&"");
    (!is_none).then(|| own.into())
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
        for (both, id, name) in [
            ("42=@Ada", "42", "ada"),
            ("42=ada@mill.example", "42", "ada"),
            ("id:9xA=@ada@a.example", "9xA", "ada@a.example"),
        ] {
            assert_eq!(named(both), Named::Both { id: id.into(), name: name.into() }, "{both}");
        }
        let nobodies = "|ada|id:|@|a@|@a@|a@b@c|https://mill.example/@ada|mill.example/@ada|a:b@c|=@ada|42=|42=ada|42=@|ada=@ada|42=7=@a";
        for nobody in nobodies.split('|') {
            assert!(Named::parse(nobody, "mill.example").is_err(), "{nobody}");
        }
    }
}

//! Where tokens are: a file of ours that only its owner may read, what a secret store mounts, or the environment.

use std::{
    collections::BTreeMap,
    env, fmt,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{client::address, error::Error, scopes::Scopes};

/// The variable that may hold a token.
pub const TOKEN_VARIABLE: &str = "TOOTMILL_TOKEN";
/// A file with a token alone is not larger, in bytes.
const LONGEST_TOKEN: u64 = 10_000;

/// A token for an instance, and where it was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The token itself.
    pub secret: SecretString,
    /// Where it was found.
    pub source: Source,
    /// What is known of it, where it is one of those that we keep.
    pub kept: Option<Token>,
}

/// Where a token was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a file that holds nothing else, as secret stores mount it.
    File(PathBuf),
    /// In the variable `TOOTMILL_TOKEN`.
    Variable,
    /// In the file in which we keep tokens.
    Kept(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(formatter, "the file {}", file.display()),
            Self::Variable => write!(formatter, "the variable {TOKEN_VARIABLE}"),
            Self::Kept(file) => write!(formatter, "the tokens in {}", file.display()),
        }
    }
}

/// A token as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Token {
    /// The token itself.
    #[serde(with = "plain")]
    pub secret: SecretString,
    /// What it may do.
    pub scopes: Scopes,
    /// Whose it is; unknown until it is verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The application that it was given to, which alone may revoke it.
    pub app: App,
}

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// An account's: the token sees what the account sees.
    Account {
        /// The account's name on its instance.
        acct: String,
        /// The account's id.
        id: String,
    },
    /// An account's, which the token may not name.
    Hidden,
    /// The application's own.
    App {
        /// The application's name; may be empty.
        name: String,
    },
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account { acct, id } => write!(formatter, "the account @{acct} (id {id})"),
            Self::Hidden => formatter.write_str("an account that the token may not name"),
            Self::App { name } => write!(formatter, "the application {name}"),
        }
    }
}

/// An application that is registered at an instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct App {
    /// Its public name for programs.
    pub client_id: String,
    /// What proves that we are it.
    #[serde(with = "plain")]
    pub client_secret: SecretString,
    /// Where the instance sends the code to.
    pub redirect: String,
}

/// What is kept of one instance.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Kept {
    /// The token in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// Tokens that work, perhaps, and are to be revoked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_over: Vec<Token>,
}

impl Kept {
    fn is_empty(&self) -> bool {
        self.token.is_none() && self.left_over.is_empty()
    }
}

/// The file in which the tokens of all instances are kept. Whoever reads it finds it whole, as it was before a change
/// or after it.
#[derive(Clone, Debug)]
pub struct Tokens {
    file: PathBuf,
}

/// What is in the file: the instances by their addresses, `https://HOST`.
type Instances = BTreeMap<String, Kept>;

impl Tokens {
    /// The file at this place, or at the usual one: `tootmill/tokens.json` in the folder for configuration.
    pub fn at(file: Option<&Path>) -> Result<Self, Error> {
        let usual = || usual(env::var_os("XDG_CONFIG_HOME").map(PathBuf::from), env::home_dir());
        file.map(Path::to_owned).or_else(usual).map(|file| Self { file }).ok_or(Error::NoPlace)
    }

    /// The token for an instance, if there is one: that in `token_file`, or in the variable `TOOTMILL_TOKEN`, or the
    /// one kept in `tokens` (else in the usual place). The first two are not bound to an instance: whoever sets them
    /// says that they are for this one.
    ///
    /// A `token_file` may be readable by others, because secret stores mount it so; the kept file may not.
    pub fn find(instance: &str, token_file: Option<&Path>, tokens: Option<&Path>) -> Result<Option<Found>, Error> {
        let variable = env::var(TOKEN_VARIABLE).ok().filter(|token| !token.trim().is_empty());
        Self::find_with(variable, instance, token_file, tokens)
    }

    fn find_with(
        variable: Option<String>,
        instance: &str,
        token_file: Option<&Path>,
        tokens: Option<&Path>,
    ) -> Result<Option<Found>, Error> {
        if let Some(file) = token_file {
            let secret = token_in(file).map_err(unusable(file))?;
            return Ok(Some(Found { secret, source: Source::File(file.to_owned()), kept: None }));
        }
        if let Some(secret) = variable {
            return Ok(Some(Found { secret: secret.trim().into(), source: Source::Variable, kept: None }));
        }
        let tokens = match Self::at(tokens) {
            // Without a home nothing was ever kept.
            Err(Error::NoPlace) => return Ok(None),
            tokens => tokens?,
        };
        let token = tokens.kept(instance)?.token;
        Ok(token.map(|token| Found {
            secret: token.secret.clone(),
            source: Source::Kept(tokens.file.clone()),
            kept: Some(token),
        }))
    }

    /// Where the file is, or will be.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What is kept of an instance.
    pub fn kept(&self, instance: &str) -> Result<Kept, Error> {
        Ok(self.read()?.remove(&key(instance)?).unwrap_or_default())
    }

    /// Keeps others from changing the file, until the value is dropped. Reading it is always possible.
    pub fn change(self) -> Result<Change, Error> {
        let at = unusable(&self.file);
        let folder = folder(&self.file);
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(&at)?;
        // A lock on the file itself would be lost when it is replaced.
        let mut lock = self.file.clone().into_os_string();
        lock.push(".lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(lock).map_err(&at)?;
        match lock.try_lock() {
            Ok(()) => Ok(Change { tokens: self, _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => Err(Error::TokensInUse { file: self.file.display().to_string() }),
            Err(fs::TryLockError::Error(error)) => Err(at(error)),
        }
    }

    fn read(&self) -> Result<Instances, Error> {
        let at = unusable(&self.file);
        let mut file = match File::open(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Instances::new()),
            file => file.map_err(&at)?,
        };
        let mode = file.metadata().map_err(&at)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Error::Exposed { file: self.file.display().to_string(), mode });
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(&at)?;
        // The parser's own words may repeat a token.
        let wrong = |error: serde_json::Error| format!("line {}, column {}", error.line(), error.column());
        serde_json::from_str(&text).map_err(|error| Error::Tokens {
            file: self.file.display().to_string(),
            reason: format!("it is not what `tootmill auth login` writes, at {}", wrong(error)),
        })
    }

    fn write(&self, instances: &Instances) -> Result<(), Error> {
        let write = || {
            let folder = folder(&self.file);
            let only_ours = Permissions::from_mode(0o600);
            let mut aside = tempfile::Builder::new().permissions(only_ours).tempfile_in(folder)?;
            serde_json::to_writer_pretty(&mut aside, instances)?;
            aside.write_all(b"\n")?;
            aside.as_file().sync_all()?;
            aside.persist(&self.file)?;
            // Without this a loss of power may bring the file back that was before, with a token that is revoked.
            File::open(folder)?.sync_all()
        };
        write().map_err(unusable(&self.file))
    }
}

/// The right to change what is kept.
#[derive(Debug)]
pub struct Change {
    tokens: Tokens,
    _lock: File,
}

impl Change {
    /// What is kept of an instance.
    pub fn kept(&self, instance: &str) -> Result<Kept, Error> {
        self.tokens.kept(instance)
    }

    /// Keeps this of an instance, instead of what was kept before. When it returns, it is on the disk.
    pub fn keep(&self, instance: &str, kept: Kept) -> Result<(), Error> {
        let mut instances = self.tokens.read()?;
        let key = key(instance)?;
        if kept.is_empty() {
            instances.remove(&key)
        } else {
            instances.insert(key, kept)
        };
        self.tokens.write(&instances)
    }
}

/// The name under which an instance is kept.
fn key(instance: &str) -> Result<String, Error> {
    Ok(address(instance)?.origin().ascii_serialization())
}

/// The XDG rule: a variable that is empty or relative counts as unset.
fn usual(xdg: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let home = home.filter(|home| home.is_absolute()).map(|home| home.join(".config"));
    Some(xdg.filter(|xdg| xdg.is_absolute()).or(home)?.join("tootmill/tokens.json"))
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn unusable(file: &Path) -> impl Fn(io::Error) -> Error + use<> {
    let file = file.display().to_string();
    move |error| Error::Tokens { file: file.clone(), reason: error.to_string() }
}

/// The token in a file that holds nothing else.
fn token_in(file: &Path) -> io::Result<SecretString> {
    let mut text = String::new();
    File::open(file)?.take(LONGEST_TOKEN).read_to_string(&mut text)?;
    match text.trim() {
        "" => Err(io::Error::new(io::ErrorKind::InvalidData, "there is no token in it")),
        token => Ok(token.into()),
    }
}

/// A secret as plain text, in the one file that is for it.
mod plain {
    use secrecy::{ExposeSecret, SecretString};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose_secret())
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<SecretString, D::Error> {
        String::deserialize(deserializer).map(SecretString::from)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const MILL: &str = "mill.example";

    fn token(secret: &str) -> Token {
        let app =
            App { client_id: "client".into(), client_secret: "c1ientsecret".into(), redirect: "urn:example".into() };
        let owner = Some(Owner::Account { acct: "miller".into(), id: "7".into() });
        Token { secret: secret.into(), scopes: "profile read:statuses".into(), owner, app }
    }

    fn with_token(folder: &Path) -> Tokens {
        let tokens = Tokens::at(Some(&folder.join("a/b/tokens.json"))).unwrap();
        let change = tokens.clone().change().unwrap();
        change.keep(MILL, Kept { token: Some(token("s3cret")), left_over: vec![token("o1d")] }).unwrap();
        tokens
    }

    /// As in an environment without a token.
    fn find(instance: &str, token_file: Option<&Path>, tokens: Option<&Path>) -> Result<Option<Found>, Error> {
        Tokens::find_with(None, instance, token_file, tokens)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn tokens_are_kept_for_their_owner_alone_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = with_token(folder.path());
        let file = tokens.file();
        assert_eq!((mode(file), mode(folder.path().join("a/b").as_path())), (0o600, 0o700));
        let before = File::open(file).unwrap();
        let change = tokens.clone().change().unwrap();
        change.keep("https://other.example", Kept { token: Some(token("other")), left_over: Vec::new() }).unwrap();
        // Whoever had opened the file reads what was there before: it was not written over.
        let read = io::read_to_string(before).unwrap();
        assert!(read.contains("s3cret") && !read.contains("other.example"), "{read}");
        let kept = tokens.kept("https://MILL.example/").unwrap();
        assert_eq!(kept.left_over.len(), 1);
        assert_eq!(kept.token.unwrap().owner, token("").owner);
        change.keep(MILL, Kept::default()).unwrap();
        let text = fs::read_to_string(file).unwrap();
        assert!(!text.contains("mill.example") && text.contains("other.example"), "{text}");
        assert_eq!(mode(file), 0o600);
        let names = fs::read_dir(folder.path().join("a/b")).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["tokens.json", "tokens.json.lock"], "nothing else is left beside it");
    }

    #[test]
    fn tokens_that_others_may_read_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = with_token(folder.path());
        for wrong in [0o644, 0o640, 0o602] {
            fs::set_permissions(tokens.file(), Permissions::from_mode(wrong)).unwrap();
            let refused = tokens.kept(MILL).unwrap_err();
            assert!(matches!(refused, Error::Exposed { mode, .. } if mode == wrong), "{refused}");
            assert!(refused.to_string().contains("chmod 600"), "{refused}");
        }
        fs::set_permissions(tokens.file(), Permissions::from_mode(0o400)).unwrap();
        assert!(tokens.kept(MILL).unwrap().token.is_some());
    }

    #[test]
    fn one_changes_tokens_at_a_time_and_anybody_reads() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = with_token(folder.path());
        let change = tokens.clone().change().unwrap();
        let busy = tokens.clone().change().unwrap_err();
        assert!(matches!(busy, Error::TokensInUse { .. }), "{busy}");
        assert!(tokens.kept(MILL).unwrap().token.is_some());
        drop(change);
        assert!(tokens.change().is_ok());
    }

    #[test]
    fn a_token_is_found_in_its_file_before_it_is_found_among_those_that_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = with_token(folder.path());
        let alone = folder.path().join("token");
        fs::write(&alone, "mounted\n").unwrap();
        let kept = find(MILL, None, Some(tokens.file())).unwrap().unwrap();
        assert_eq!((kept.secret.expose_secret(), kept.source), ("s3cret", Source::Kept(tokens.file().into())));
        assert_eq!(kept.kept.unwrap().scopes, "read:statuses profile".into());
        let mounted = find(MILL, Some(&alone), Some(tokens.file())).unwrap().unwrap();
        assert_eq!((mounted.secret.expose_secret(), mounted.source), ("mounted", Source::File(alone.clone())));
        let variable =
            |alone| Tokens::find_with(Some(" set ".into()), MILL, alone, Some(tokens.file())).unwrap().unwrap();
        assert_eq!((variable(None).secret.expose_secret(), variable(None).source), ("set", Source::Variable));
        assert_eq!(variable(Some(&alone)).secret.expose_secret(), "mounted");
        assert!(find("other.example", None, Some(tokens.file())).unwrap().is_none());
        assert!(find(MILL, None, Some(&folder.path().join("none"))).unwrap().is_none());
        for empty in ["", " \n"] {
            fs::write(&alone, empty).unwrap();
            assert!(find(MILL, Some(&alone), None).is_err(), "a file that is named must have a token");
        }
        assert!(find(MILL, Some(Path::new("/no/such")), None).is_err());
    }

    #[test]
    fn no_error_repeats_what_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = with_token(folder.path());
        let good = fs::read_to_string(tokens.file()).unwrap();
        // A text where a structure should be is what parsers like to quote.
        for broken in [
            "\"s3cret\"".to_string(),
            good.replace("\"scopes\": \"profile read:statuses\"", "\"scopes\": {\"s3cret\": 1}"),
            good.replace("{\n    \"token\"", "\"s3cret\", \"token\""),
            good.replace("\"app\": {", "\"app\": \"s3cret\", \"other\": {"),
            good[..good.len() / 2].to_string(),
        ] {
            fs::write(tokens.file(), &broken).unwrap();
            let error = tokens.kept(MILL).unwrap_err();
            let said = format!("{error} {error:?}");
            assert!(!said.contains("s3cret") && said.contains("line"), "{said}");
        }
        let shown = format!("{:?}", token("s3cret"));
        assert!(!shown.contains("s3cret") && !shown.contains("c1ientsecret"), "{shown}");
    }

    #[test]
    fn the_usual_place_is_where_xdg_says() {
        let usual = |xdg: &str, home: &str| usual(Some(xdg.into()), Some(home.into()));
        assert_eq!(usual("/x", "/h"), Some("/x/tootmill/tokens.json".into()));
        assert_eq!(usual("", "/h"), Some("/h/.config/tootmill/tokens.json".into()));
        assert_eq!(usual("relative", "/h"), Some("/h/.config/tootmill/tokens.json".into()));
        assert_eq!(usual("", ""), None);
    }
}

//! Accounts and posts of which nothing is to be left, and what is left of a line without them.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde::{Deserialize, Serialize};
use sonic_rs::{LazyValue, to_array_iter, to_object_iter};
use tootmill_links::anchors;
use tootmill_metric::{About, BadLine, Line};

use crate::{account::id, fields::Unsound, named::Named, policy::NO_OBJECT, reduce::decoded};

/// Accounts and posts of which nothing is to be left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Whom {
    /// Ids of accounts.
    pub accounts: BTreeSet<String>,
    /// The names by which accounts are meant whose ids are not known: `USER` of the instance's own people, `USER@HOST` of others; in
    /// lower case.
    pub named: BTreeSet<String>,
    /// Those of the names by which accounts are meant with which some line tells an id.
    pub known: BTreeSet<String>,
    /// All their names, to be taken out of texts. Another account may have had one of them before.
    pub handles: BTreeSet<String>,
    /// The addresses of their profiles.
    pub addresses: BTreeSet<String>,
    /// Ids of posts: those that are meant themselves, and the accounts'.
    pub posts: BTreeSet<String>,
}

/// What is left of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// It, as it is.
    Same,
    /// It, without what told of somebody who is to be forgotten.
    Redacted(String),
    /// Nothing.
    Nothing,
}

/// Finds them in lines.
#[derive(Clone, Debug)]
pub struct Finder<'w> {
    whom: &'w Whom,
    /// Their ids, then their names and addresses, then what may hide one of these.
    any: AhoCorasick,
    /// How many ids that has, and how many ids, names and addresses.
    ids: usize,
    plain: usize,
    /// What is taken out of texts, and by what it is replaced.
    texts: AhoCorasick,
    replacements: Vec<String>,
}

/// Accounts and posts that are sought in lines. An id that is empty is none.
pub(crate) trait Sought {
    /// Whether an account is one of them, by its id or its name.
    fn has(&self, id: &str, acct: &str) -> bool;

    /// Whether a post is one of them.
    fn has_post(&self, id: &str) -> bool;
}

/// Too many of them, or none that can be looked for.
#[derive(Debug, thiserror::Error)]
#[error("cannot look for so many accounts and posts at once: {0}")]
pub struct TooMany(#[from] aho_corasick::BuildError);

impl Whom {
    /// Whether there is nobody and nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds others.
    pub fn add(&mut self, other: Self) {
        self.accounts.extend(other.accounts);
        self.named.extend(other.named);
        self.known.extend(other.known);
        self.handles.extend(other.handles);
        self.addresses.extend(other.addresses);
        self.posts.extend(other.posts);
    }

    /// Adds an account, as it was named.
    pub fn add_account(&mut self, account: Named) {
        match account {
            Named::Id(id) => {
                self.accounts.insert(id);
            }
            Named::Name(name) => {
                self.named.insert(name.clone());
                self.handles.insert(name);
            }
            Named::Both { id, name } => {
                self.accounts.insert(id);
                self.handles.insert(name);
            }
        }
    }

    fn add_post(&mut self, id: Option<Cow<'_, str>>) {
        self.posts.extend(id.map(Cow::into_owned).filter(|id| !["", "null"].contains(&&**id)));
    }

    /// Whether JSON that describes an account is of one of them.
    pub fn is_account(&self, json: &str) -> bool {
        Known::of(json).is_ok_and(|known| known.is_among(self))
    }

    /// Whether a key or a member of a metric is one of the accounts: its id where the metric keeps ids, its name where it keeps
    /// names, since a name may be what another one's id is, or a tag. Of a metric that is not known it may be either.
    pub fn is_kept_as(&self, text: &str, about: impl FnOnce() -> Option<About>) -> bool {
        let (is_id, is_name) = (self.accounts.contains(text), self.handles.contains(&text.to_lowercase()));
        // Few are, and what a metric says of itself is made anew each time.
        (is_id || is_name) && about().is_none_or(|about| is_id && about.keeps_ids() || is_name && about.keeps_names())
    }

    /// To look for them in lines of an instance, by its host.
    pub fn finder(&self, instance: &str) -> Result<Finder<'_>, TooMany> {
        let (mut texts, mut replacements) = (Vec::new(), Vec::new());
        let mut replace = |text: String, by: String| {
            texts.push(text);
            replacements.push(by);
        };
        for address in &self.addresses {
            let host = format!("{}/", address.split('/').take(3).collect::<Vec<_>>().join("/"));
            // The address of a host alone is what is left of one.
            if host.len() < address.len() {
                replace(address.clone(), host);
            }
        }
        for handle in &self.handles {
            let (user, host) = handle.split_once('@').unwrap_or((handle, instance));
            for of_user in [format!("@{user}"), format!("users/{user}")] {
                replace(format!("https://{host}/{of_user}"), format!("https://{host}/"));
            }
            let names = [format!("@{user}@{host}"), format!("{user}@{host}"), format!("@<span>{user}</span>")];
            names.into_iter().for_each(|name| replace(name, String::new()));
            if !handle.contains('@') {
                replace(format!("@{user}"), String::new());
            }
        }
        let (any, ids, plain) = self.needles(&texts);
        // The fastest kind takes about half a kilobyte for each byte that is looked for.
        let is_small = any.iter().map(String::len).sum::<usize>() < 1 << 19;
        let kind = is_small.then_some(AhoCorasickKind::DFA);
        let any = AhoCorasick::builder().ascii_case_insensitive(true).kind(kind).build(any)?;
        let mut found = AhoCorasick::builder();
        let texts = found.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(&texts)?;
        Ok(Finder { whom: self, any, ids, plain, texts, replacements })
    }

    /// What a line has in which something of them is: ids, names and texts, and what may hide one. Also how many are ids, and how
    /// many hide nothing.
    fn needles(&self, texts: &[String]) -> (Vec<String>, usize, usize) {
        let mut needles: Vec<String> = self.accounts.iter().chain(&self.posts).cloned().collect();
        let ids = needles.len();
        needles.extend(self.handles.iter().map(|handle| format!("\"{handle}\"")));
        // A tag may stand in JSON with escapes, as Mastodon writes it.
        let has_tag = texts.iter().filter(|text| text.contains('<'));
        needles.extend(has_tag.map(|text| text.replace('<', "\\u003c").replace('>', "\\u003e")));
        needles.extend_from_slice(texts);
        let plain = needles.len();
        needles.extend(disguises(self.accounts.iter().chain(&self.posts).chain(texts)));
        (needles, ids, plain)
    }

    /// Adds all that lines tell of them, by `each_line`, which goes through all lines. Who was meant by a name has an id then, by
    /// which there may be more, so that is done until there is none.
    pub fn learn<E: From<TooMany>>(
        &mut self,
        instance: &str,
        mut each_line: impl FnMut(&mut dyn FnMut(&str)) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let mut told = Self::default();
            let finder = self.finder(instance)?;
            each_line(&mut |line| told.add(finder.told_by(line)))?;
            let before = self.accounts.len();
            self.add(told);
            if self.accounts.len() == before {
                return Ok(());
            }
        }
    }
}

impl Sought for Whom {
    /// By its id, and by its name where it is meant by that, or has no id.
    fn has(&self, id: &str, acct: &str) -> bool {
        let acct = acct.to_lowercase();
        let is_named = self.named.contains(&acct) || id.is_empty() && self.handles.contains(&acct);
        is_named || !id.is_empty() && self.accounts.contains(id)
    }

    fn has_post(&self, id: &str) -> bool {
        !id.is_empty() && self.posts.contains(id)
    }
}

/// What is left of a line without those that are sought; of texts, without the names and addresses that a finder looks for. Also the
/// names and addresses of those who were taken out, as the line tells them.
pub(crate) fn left(line: &str, sought: &impl Sought, finder: Option<&Finder<'_>>) -> Result<(Left, Whom), Unsound> {
    let mut walk = Walk { sought, finder, taken: Whom::default() };
    // Nearly every line has nothing of them.
    if !walk.is_in_object(line, "", Line::DEPTH)? {
        return Ok((Left::Same, walk.taken));
    }
    let mut left = String::with_capacity(line.len());
    let is_left = walk.object(line, "", Line::DEPTH, &mut left)?;
    Ok((if is_left { Left::Redacted(left) } else { Left::Nothing }, walk.taken))
}

impl Finder<'_> {
    /// What is left of a line without them.
    pub fn left(&self, line: &str) -> Left {
        if !self.finds(line, usize::MAX) {
            return Left::Same;
        }
        let walked = if is_object(line) { left(line, self.whom, Some(self)) } else { Err(Unsound) };
        match walked {
            Ok((left, _)) => left,
            Err(Unsound) if self.finds(line, self.plain) && line != NO_OBJECT => Left::Redacted(NO_OBJECT.into()),
            Err(Unsound) => Left::Same,
        }
    }

    /// What a line tells of the accounts that are looked for, as its author or among those whom it mentions: their ids, names and
    /// addresses, and the ids of their posts.
    pub fn told_by(&self, line: &str) -> Whom {
        let mut told = Whom::default();
        if self.may_have(line) {
            // What cannot be read tells nothing.
            let _ = self.read_status(line, Line::DEPTH, &mut told);
        }
        told
    }

    /// A text without their names and addresses, where there are any.
    pub fn redacted(&self, text: &str) -> Option<String> {
        let (mut redacted, mut from) = (String::new(), 0);
        let mut links = Links { text, read: 0, address: None };
        for (found, replacement) in self.whole_in(text) {
            let is_markup = text.get(..found.end).is_some_and(|text| text.ends_with('>'));
            let is_of_another =
                is_markup && links.around(found.start).is_some_and(|address| !self.is_named_in(address));
            if found.start < from || is_of_another {
                continue;
            }
            let rest = text.get(found.end..).unwrap_or_default();
            redacted += text.get(from..found.start).unwrap_or_default();
            redacted += replacement;
            // Of an address goes what is behind it, too: it may tell a post.
            let is_end = |character: char| character.is_whitespace() || "\"'<>`".contains(character);
            let more = if replacement.is_empty() { 0 } else { rest.find(is_end).unwrap_or(rest.len()) };
            from = found.end + more;
        }
        (from > 0).then(|| redacted + text.get(from..).unwrap_or_default())
    }

    /// Where their names and addresses are in a text, and what is left of each; not where one is a part of another one's.
    fn whole_in<'t>(&'t self, text: &'t str) -> impl Iterator<Item = (Range<usize>, &'t str)> {
        self.texts.find_iter(text).filter_map(move |found| {
            let replacement = self.replacements.get(found.pattern().as_usize())?.as_str();
            let (before, rest) = (text.get(..found.start())?, text.get(found.end()..)?);
            let is_whole = is_whole(before, text.get(found.range())?, rest, replacement.is_empty());
            is_whole.then(|| (found.range(), replacement))
        })
    }

    /// Whether an address is one of theirs, or has a name of theirs in it.
    fn is_named_in(&self, address: &str) -> bool {
        self.whole_in(address).next().is_some()
    }

    /// The status of theirs that a line is: one that they wrote or boosted, or the one that somebody else boosted, without who.
    pub fn theirs<'l>(&self, line: &'l str) -> Option<&'l str> {
        let status = Status::of(Some(line).filter(|line| self.may_have(line))?).ok()?;
        if status.account.is_among(self.whom) {
            return Some(line);
        }
        status.boosted.filter(|boosted| Status::of(boosted).is_ok_and(|boosted| boosted.account.is_among(self.whom)))
    }

    /// Whether it is worth a closer look, and can have one.
    pub fn may_have(&self, line: &str) -> bool {
        self.finds(line, usize::MAX) && is_shallow(line)
    }

    /// Whether a line has one of the first so many needles. An id within a longer one is another one.
    fn finds(&self, line: &str, needles: usize) -> bool {
        self.any.find_overlapping_iter(line).any(|found| {
            let needle = found.pattern().as_usize();
            needle < needles && (needle >= self.ids || stands_alone(line, found.range()))
        })
    }

    /// Reads who wrote a status and which one it is, where it is theirs, and whom it mentions; also the one that it boosts, quotes or
    /// answers.
    fn read_status(&self, status: &str, depth: usize, told: &mut Whom) -> Result<(), Unsound> {
        let depth = depth.checked_sub(1).ok_or(Unsound)?;
        let Status { id, account, mentions, boosted, quoted, answered, answered_account } = Status::of(status)?;
        for other in [boosted, quoted].into_iter().flatten() {
            self.read_status(other, depth, told)?;
        }
        if answered_account.is_some_and(|account| self.whom.accounts.contains(&*account)) {
            told.add_post(answered);
        }
        if account.is_among(self.whom) {
            told.add_post(id);
        }
        let mut known = vec![account];
        for mention in mentions.map(to_array_iter).into_iter().flatten() {
            let mention = mention.map_err(|_| Unsound)?;
            if let Cow::Borrowed(raw) = mention.as_raw_cow()
                && raw.starts_with('{')
            {
                known.push(Known::of(raw)?);
            }
        }
        known.into_iter().filter(|known| known.is_among(self.whom)).for_each(|known| self.read_account(&known, told));
        Ok(())
    }

    /// Reads by what one of theirs is known.
    fn read_account(&self, account: &Known<'_>, told: &mut Whom) {
        if !account.id().is_empty() {
            told.known.extend(self.whom.named.get(&account.acct().to_lowercase()).cloned());
            told.accounts.insert(account.id().to_owned());
        }
        account.tell(told);
    }
}

/// The links of a text, which is read from its beginning on.
struct Links<'t> {
    text: &'t str,
    /// How many bytes of it are read.
    read: usize,
    /// The address of the link that is open there.
    address: Option<Cow<'t, str>>,
}

impl Links<'_> {
    /// The address of the link in which a place is that comes behind those before; `None` where it is in none.
    fn around(&mut self, place: usize) -> Option<&str> {
        let between = self.text.get(self.read..place).unwrap_or_default();
        self.read = place;
        let (is_closed, behind) = between.rsplit_once("</a>").map_or((false, between), |(_, behind)| (true, behind));
        let opened = anchors(behind).last();
        if is_closed || opened.is_some() {
            self.address = opened.and_then(|anchor| anchor.href());
        }
        self.address.as_deref()
    }
}

/// The parser must not be shown what is nested too deep, since it recurses.
fn is_shallow(line: &str) -> bool {
    !matches!(Line::parse(line), Err(BadLine::TooDeep))
}

/// Whether a line is one object of JSON, and nothing more, that the parser can be shown.
pub(crate) fn is_object(line: &str) -> bool {
    !matches!(Line::parse(line), Err(BadLine::TooDeep | BadLine::NotJson))
}

/// How JSON may write the characters of texts otherwise, but those of tags.
fn disguises<'t>(texts: impl Iterator<Item = &'t String>) -> BTreeSet<String> {
    let characters: BTreeSet<char> = texts.flat_map(|text| text.chars()).filter(|one| !"<>".contains(*one)).collect();
    let cases = characters.into_iter().flat_map(|one| one.to_lowercase().chain(one.to_uppercase()));
    let units = cases.flat_map(|one| one.encode_utf16(&mut [0; 2]).to_vec());
    units.map(|unit| format!("\\u{unit:04x}")).chain(["\\/".into()]).collect()
}

/// Whether what was found in a line is a whole word of letters and digits.
fn stands_alone(line: &str, found: Range<usize>) -> bool {
    let of_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = line.as_bytes();
    !of_word(found.start.checked_sub(1).and_then(|before| bytes.get(before))) && !of_word(bytes.get(found.end))
}

/// Whether what was found is no part of another name: of another one's, or of one of the same name elsewhere.
fn is_whole(before: &str, found: &str, rest: &str, is_name: bool) -> bool {
    let of_name = |character: char| character.is_alphanumeric() || "_-".contains(character);
    let is_local = found.strip_prefix('@').is_some_and(|user| !user.contains(['@', '<']));
    let mut rest = rest.chars();
    let goes_on = match rest.next() {
        Some('.') => rest.next().is_some_and(of_name),
        Some('@') => is_local && rest.next().is_some_and(of_name),
        next => next.is_some_and(of_name),
    };
    let of_another = |character: char| of_name(character) || is_local && character == '/';
    let begins_before = is_name && before.chars().next_back().is_some_and(of_another);
    !goes_on && !begins_before
}

/// What tells whose a status is, and of which others it is.
#[derive(Debug, Default)]
struct Status<'a> {
    id: Option<Cow<'a, str>>,
    account: Known<'a>,
    mentions: Option<&'a str>,
    boosted: Option<&'a str>,
    quoted: Option<&'a str>,
    answered: Option<Cow<'a, str>>,
    answered_account: Option<Cow<'a, str>>,
}

impl<'a> Status<'a> {
    fn of(json: &'a str) -> Result<Self, Unsound> {
        let mut status = Self::default();
        for entry in to_object_iter(json) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            let Cow::Borrowed(raw) = value.as_raw_cow() else { continue };
            match &*name {
                "id" => status.id = Some(id(raw)),
                "account" if raw.starts_with('{') => status.account = Known::of(raw)?,
                "mentions" if raw.starts_with('[') => status.mentions = Some(raw),
                "reblog" if raw.starts_with('{') => status.boosted = Some(raw),
                "quote" if raw.starts_with('{') => status.quoted = quoted_in(raw),
                "in_reply_to_id" => status.answered = Some(id(raw)),
                "in_reply_to_account_id" => status.answered_account = Some(id(raw)),
                _ => {}
            }
        }
        Ok(status)
    }
}

/// The status that stands within what says whether it may be shown.
fn quoted_in(quote: &str) -> Option<&str> {
    let (_, quoted) = to_object_iter(quote).map_while(Result::ok).find(|(name, _)| name == "quoted_status")?;
    match quoted.as_raw_cow() {
        Cow::Borrowed(raw) => Some(raw).filter(|raw| raw.starts_with('{')),
        Cow::Owned(_) => None,
    }
}

/// By what an account is known, or a post.
#[derive(Debug, Default)]
struct Known<'a> {
    id: Option<Cow<'a, str>>,
    acct: Option<Cow<'a, str>>,
    /// Its addresses, as they stand in JSON.
    url: Option<&'a str>,
    uri: Option<&'a str>,
}

impl<'a> Known<'a> {
    fn of(json: &'a str) -> Result<Self, Unsound> {
        let mut known = Self::default();
        for entry in to_object_iter(json) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            let Cow::Borrowed(raw) = value.as_raw_cow() else { continue };
            known.read(&name, raw);
        }
        Ok(known)
    }

    /// Reads one of its fields.
    fn read(&mut self, name: &str, raw: &'a str) {
        match name {
            "id" => self.id = Some(id(raw)),
            "acct" => self.acct = Some(decoded(raw)),
            "url" => self.url = Some(raw),
            "uri" => self.uri = Some(raw),
            _ => {}
        }
    }

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    fn acct(&self) -> &str {
        self.acct.as_deref().unwrap_or_default()
    }

    /// Whether it is an account that is sought.
    fn is_among(&self, sought: &impl Sought) -> bool {
        sought.has(self.id(), self.acct())
    }

    /// Whether it is an account or a post that is sought, as the name says under which it stands.
    fn is_sought(&self, under: &str, sought: &impl Sought) -> bool {
        let is_status = ["", "reblog", "quote", "quoted_status"].contains(&under);
        let is_account = self.acct.is_some() || ["account", "mentions"].contains(&under);
        is_status && sought.has_post(self.id()) || is_account && self.is_among(sought)
    }

    /// Tells its name and addresses.
    fn tell(&self, told: &mut Whom) {
        told.handles.extend(Some(self.acct().to_lowercase()).filter(|acct| !acct.is_empty()));
        let addresses = [self.url, self.uri].into_iter().flatten().map(|raw| decoded(raw).into_owned());
        told.addresses.extend(addresses.filter(|address| address.starts_with("http")));
    }
}

/// Looks for them in a line, and writes what is left of it. What is not changed stays as it stands.
struct Walk<'s, S> {
    sought: &'s S,
    finder: Option<&'s Finder<'s>>,
    /// The names and addresses of those who were taken out.
    taken: Whom,
}

impl<S: Sought> Walk<'_, S> {
    /// Whether something of them is in an object that stands under a name, so that there is something to write.
    fn is_in_object(&self, json: &str, under: &str, depth: usize) -> Result<bool, Unsound> {
        let depth = depth.checked_sub(1).ok_or(Unsound)?;
        let mut known = Known::default();
        for entry in to_object_iter(json) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            let Cow::Borrowed(raw) = value.as_raw_cow() else { return Err(Unsound) };
            known.read(&name, raw);
            if self.is_in(raw, &name, depth)? || under.is_empty() && self.is_deletion(&name, raw) {
                return Ok(true);
            }
        }
        Ok(known.is_sought(under, self.sought))
    }

    /// Whether something of them is in a value.
    fn is_in(&self, raw: &str, name: &str, depth: usize) -> Result<bool, Unsound> {
        match raw.as_bytes().first() {
            Some(b'{') => self.is_in_object(raw, name, depth),
            Some(b'[') => {
                let depth = depth.checked_sub(1).ok_or(Unsound)?;
                for item in to_array_iter(raw) {
                    if self.is_in(item.map_err(|_| Unsound)?.as_raw_str(), name, depth)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => Ok(self.is_sought_id(raw, name) || self.redacted(raw).is_some()),
        }
    }

    /// Writes an object that stands under a name; `false` where nothing of it is left.
    fn object(&mut self, json: &str, under: &str, depth: usize, out: &mut String) -> Result<bool, Unsound> {
        let depth = depth.checked_sub(1).ok_or(Unsound)?;
        if self.is_sought(json, under)? {
            return Ok(false);
        }
        out.push('{');
        let mut comma = "";
        for entry in to_object_iter(json) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            out.push_str(comma);
            match &name {
                Cow::Borrowed(name) => out.extend(["\"", name, "\""]),
                // It has escapes.
                Cow::Owned(name) => out.push_str(&serde_json::to_string(name).map_err(|_| Unsound)?),
            }
            out.push(':');
            if !self.value(&value, &name, depth, out)? {
                out.push_str("null");
            }
            comma = ",";
        }
        out.push('}');
        Ok(true)
    }

    /// Writes a value; `false` where nothing of it is left, and nothing was written.
    fn value(&mut self, value: &LazyValue<'_>, name: &str, depth: usize, out: &mut String) -> Result<bool, Unsound> {
        let raw = value.as_raw_str();
        match raw.as_bytes().first() {
            Some(b'{') => {
                let before = out.len();
                let is_left = self.object(raw, name, depth, out)?;
                if !is_left {
                    out.truncate(before);
                }
                return Ok(is_left);
            }
            Some(b'[') => self.list(raw, name, depth, out)?,
            _ if self.is_sought_id(raw, name) => return Ok(false),
            _ => match self.redacted(raw) {
                Some(text) => out.push_str(&serde_json::to_string(&text).map_err(|_| Unsound)?),
                None => out.push_str(raw),
            },
        }
        Ok(true)
    }

    fn list(&mut self, json: &str, name: &str, depth: usize, out: &mut String) -> Result<(), Unsound> {
        let depth = depth.checked_sub(1).ok_or(Unsound)?;
        out.push('[');
        let mut comma = "";
        for item in to_array_iter(json) {
            let item = item.map_err(|_| Unsound)?;
            let before = out.len();
            out.push_str(comma);
            if self.value(&item, name, depth, out)? {
                comma = ",";
            } else {
                out.truncate(before);
            }
        }
        out.push(']');
        Ok(())
    }

    /// Whether an object is one of the accounts, or of their posts, or the note that one was deleted. Who goes with it is noted.
    fn is_sought(&mut self, json: &str, under: &str) -> Result<bool, Unsound> {
        let (mut known, mut is_theirs) = (Known::default(), false);
        for entry in to_object_iter(json) {
            let (name, value) = entry.map_err(|_| Unsound)?;
            let Cow::Borrowed(raw) = value.as_raw_cow() else { return Err(Unsound) };
            known.read(&name, raw);
            match &*name {
                "account" if raw.starts_with('{') => is_theirs |= self.takes(&Known::of(raw)?, &name),
                "reblog" if under.is_empty() && raw.starts_with('{') => is_theirs |= self.is_sought(raw, &name)?,
                _ => is_theirs |= under.is_empty() && self.is_deletion(&name, raw),
            }
        }
        Ok(self.takes(&known, under) || is_theirs)
    }

    /// Whether it is sought; its name and addresses are noted then.
    fn takes(&mut self, known: &Known<'_>, under: &str) -> bool {
        let is_sought = known.is_sought(under, self.sought);
        if is_sought {
            known.tell(&mut self.taken);
        }
        is_sought
    }

    /// Whether a field of a line is the note that one of the posts was deleted.
    fn is_deletion(&self, name: &str, raw: &str) -> bool {
        name == "deleted" && self.sought.has_post(&id(raw))
    }

    /// Whether a plain value is the id of one of the accounts or posts, as its name says what it is.
    fn is_sought_id(&self, raw: &str, name: &str) -> bool {
        if !raw.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit()) {
            false
        } else if name.ends_with("account_id") {
            self.sought.has(&id(raw), "")
        } else if name.ends_with("_id") || name == "after" || name == "before" {
            self.sought.has_post(&id(raw))
        } else {
            false
        }
    }

    /// What is left of a text, where it has a name or an address of theirs.
    fn redacted(&self, raw: &str) -> Option<String> {
        self.finder.filter(|_| raw.starts_with('"'))?.redacted(&decoded(raw))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{
        collection::{btree_map, vec},
        prelude::*,
        sample::select,
    };
    use serde_json::{Value, json};

    use super::*;

    fn ada() -> Whom {
        let mut whom = Whom::default();
        whom.add_account(Named::parse("42", "mill.example").unwrap());
        whom.add_account(Named::parse("@Ada@a.example", "mill.example").unwrap());
        whom.add_account(Named::parse("@eva@mill.example", "mill.example").unwrap());
        whom.posts.insert("777".into());
        whom
    }

    fn left(line: &str) -> Left {
        ada().finder("mill.example").unwrap().left(line)
    }

    fn redacted(line: &Value) -> Value {
        match left(&line.to_string()) {
            Left::Redacted(line) => serde_json::from_str(&line).unwrap(),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn of_their_own_nothing_is_left() {
        for theirs in [
            json!({"id": "1", "account": {"id": "42"}}),
            json!({"id": "1", "account": {"id": 42}, "content": "x"}),
            json!({"id": "1", "account": {"id": "9", "acct": "ADA@a.example"}}),
            json!({"id": "1", "account": {"id": "9", "acct": "eva"}}),
            json!({"id": 777, "account": {"id": "9"}}),
            json!({"id": "1", "account": {"id": "9"}, "reblog": {"id": "2", "account": {"id": "42"}}}),
            json!({"deleted": "777", "observed": "2026-11-24"}),
        ] {
            assert_eq!(left(&theirs.to_string()), Left::Nothing, "{theirs}");
        }
        assert_eq!(left(r#"{"id":"1","account":{"id":"\u0034\u0032"}}"#), Left::Nothing);
    }

    #[test]
    fn an_id_is_looked_for_where_ids_are_kept_and_a_name_where_names_are() {
        let (ids, names) =
            (|| About::new("").personal_data(&["account.id"]), || About::new("").personal_data(&["account.acct"]));
        let is = |text: &str| {
            let ada = ada();
            [None, Some(ids()), Some(names()), Some(About::new(""))].map(|about| ada.is_kept_as(text, || about))
        };
        assert_eq!(is("42"), [true, true, false, false]);
        assert_eq!(is("Ada@a.example"), [true, false, true, false]);
        assert_eq!(is("777"), [false; 4]);
    }

    #[test]
    fn an_id_that_is_missing_or_empty_is_nobodys() {
        let empty: BTreeSet<String> = [String::new()].into();
        let whom = Whom { accounts: empty.clone(), posts: empty, ..Whom::default() };
        for line in [
            r#"{"policy":{"name":"default"},"observed":"2026-11-24"}"#,
            r#"{"deleted":"","gap":{"after":"","in_reply_to_account_id":""}}"#,
            r#"{"content":"\u0041","account":{"acct":"bob"},"mentions":[{"id":""}]}"#,
        ] {
            assert_eq!(whom.finder("mill.example").unwrap().left(line), Left::Same, "{line}");
        }
    }

    #[test]
    fn a_name_is_known_where_an_id_stands_with_it() {
        for (acct, id, known) in [("Eva", "9", 1), ("eva", "", 0), ("bob", "9", 0), ("x", "42", 0)] {
            let line = json!({"id": "1", "account": {"id": id, "acct": acct}});
            assert_eq!(ada().finder("mill.example").unwrap().told_by(&line.to_string()).known.len(), known, "{line}");
        }
    }

    #[test]
    fn what_is_of_others_stays_as_it_stands() {
        for others in [
            r#"{"id":"42","created_at":"2026-11-24","account":{"id":"777","acct":"ada@b.example"},"n":1.50,"t":"\ud83d"}"#,
            r#"{"id":"1","account":{"id":"4242"},"content":"adam@a.example nada@a.example ada@a.example.org @evan @eva@b.example https://b.example/@eva"}"#,
            r#"{"content":"<a href=\"https://b.example/@ada\" class=\"u-url mention\">@<span>ada</span></a>"}"#,
            r#"{"content":"\u003ca class='mention' data-href='x' href=https:\/\/b.example\/@ada>@\u003cspan\u003eada\u003c/span\u003e</a>"}"#,
            r#"{"content":"<a href=\"https://b.example/@ada\"><b>@<span>ada</span></b>, @<span>ada</span></a>"}"#,
            r#"{"policy":{"name":"default","left_out":42}}"#,
            r#"{"id":"1","content":"42 times 777, \u003cb\u003e","in_reply_to_id":"42","in_reply_to_account_id":"777"}"#,
            "not a JSON object",
            "nothing [",
        ] {
            assert_eq!(left(others), Left::Same, "{others}");
        }
    }

    #[test]
    fn others_posts_tell_nothing_of_them() {
        let post = json!({"id": "1", "account": {"id": "9", "acct": "bob"}, "in_reply_to_id": "777", "in_reply_to_account_id": "42",
            "mentions": [{"id": "42", "acct": "x"}, {"id": "8", "acct": "bob@b.example"}, {"id": 7, "acct": "Eva"}],
            "quote": {"state": "accepted", "quoted_status": {"id": "5", "account": {"id": "42"}, "content": "secret"}},
            "content": "<p><a href=\"https://a.example/@ada\" class=\"u-url mention\">@<span>ada</span></a> see https://a.example/@Ada/12?b and \
                @ada@a.example, @eva!</p>"});
        let left_of = left;
        let left = redacted(&post);
        assert_eq!((&left["in_reply_to_id"], &left["in_reply_to_account_id"]), (&Value::Null, &Value::Null));
        assert_eq!(left["mentions"], json!([{"id": "8", "acct": "bob@b.example"}]));
        assert_eq!(left["quote"], json!({"state": "accepted", "quoted_status": null}));
        let content =
            "<p><a href=\"https://a.example/\" class=\"u-url mention\"></a> see https://a.example/ and , !</p>";
        assert_eq!(left["content"], content);
        assert_eq!(left["account"], post["account"]);
        assert_eq!(
            redacted(&json!({"gap": {"after": "777", "before": "9"}})),
            json!({"gap": {"after": null, "before": "9"}})
        );
        for line in [r#"{"a": ada@a.example"#, r#"{"a":1} {"account":{"acct":"ada@a.example"}}"#] {
            assert_eq!(left_of(line), Left::Redacted(NO_OBJECT.into()), "{line}");
        }
    }

    #[test]
    fn markup_of_a_name_goes_where_its_link_leads_to_them_or_where_there_is_none() {
        let mut whom = ada();
        whom.addresses.insert("https://web.a.example/people/7".into());
        let finder = whom.finder("mill.example").unwrap();
        let (theirs, of_another) = ("@<span>Ada</span>", r#"<a href="https://b.example/@ada">@<span>ada</span></a>"#);
        for (begin, left) in [
            (
                r#"<a class="mention" href="https://A.example/users/ada">"#,
                r#"<a class="mention" href="https://a.example/">"#,
            ),
            ("<A HREF='https://web.a.example/people/7'><b>", "<A HREF='https://web.a.example/'><b>"),
            (
                "<a href='https://mill.example/@ada&#64;a.example'>",
                "<a href='https://mill.example/@ada&#64;a.example'>",
            ),
            ("<a href='https://mill.example/@ada@a.example'>", "<a href='https://mill.example/'>"),
            ("<a>", "<a>"),
            ("", ""),
        ] {
            let text = format!("{of_another} {begin}{theirs}</a> {of_another}");
            assert_eq!(finder.redacted(&text), Some(format!("{of_another} {left}</a> {of_another}")));
        }
    }

    #[test]
    fn their_names_and_posts_are_learned_from_what_they_wrote() {
        let mut whom = Whom::default();
        whom.add_account(Named::parse("42", "mill.example").unwrap());
        let line = json!({"id": "5", "account": {"id": "42", "acct": "Ada@a.example", "url": "https://a.example/@ada", "uri": "x"}});
        let told = whom.finder("mill.example").unwrap().told_by(&line.to_string());
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!((told.accounts.clone(), told.posts.clone()), (texts(&["42"]), texts(&["5"])));
        assert_eq!(
            (told.handles.clone(), told.addresses.clone()),
            (texts(&["ada@a.example"]), texts(&["https://a.example/@ada"]))
        );
        whom.add(told);
        let before =
            json!({"id": "7", "account": {"id": "9", "acct": "ada@a.example", "url": "https://a.example/@ada"}})
                .to_string();
        let finder = whom.finder("mill.example").unwrap();
        assert!(finder.told_by(&before).is_empty(), "another one had the name before");
        assert!(matches!(finder.left(&before), Left::Redacted(line) if line.contains("\"9\"")));
        let of_others = json!({"id": "6", "account": {"id": "9", "acct": "bob"}, "mentions": [{"id": "42"}]});
        assert!(whom.finder("mill.example").unwrap().told_by(&of_others.to_string()).posts.is_empty());
        // What they wrote may be known by the posts of others alone.
        let of_others = json!({"id": "6", "account": {"id": "9"}, "in_reply_to_id": "3", "in_reply_to_account_id": "42",
            "quote": {"state": "accepted", "quoted_status": {"id": "4", "account": {"id": "42"}}},
            "reblog": {"id": "5", "account": {"id": "42"}, "in_reply_to_id": null, "in_reply_to_account_id": "42"}});
        let told = whom.finder("mill.example").unwrap().told_by(&of_others.to_string());
        assert_eq!((told.accounts, told.posts), (texts(&["42"]), texts(&["3", "4", "5"])));
    }

    #[test]
    fn their_names_are_learned_from_who_mentions_them_where_their_posts_were_kept_without() {
        let own = json!({"id": "5", "account": {"id": "42"}, "remote": true, "reduced": "text"}).to_string();
        let content =
            r#"<a href="https://web.example/people/7" class="u-url mention">@<span>ada</span></a>, ada@a.example"#;
        let mut post = json!({"id": "6", "account": {"id": "9", "acct": "bob"}, "content": content,
            "mentions": ["x", {"id": "42", "acct": "Ada@a.example", "url": "https://web.example/people/7"}, {"id": "8", "acct": "eva"}]});
        let quoting = json!({"id": "7", "account": {"id": "9"}, "quote": {"quoted_status": post}}).to_string();
        for (named, line) in [("42", post.to_string()), ("ada@a.example", post.to_string()), ("42", quoting)] {
            let mut whom = Whom::default();
            whom.add_account(Named::parse(named, "mill.example").unwrap());
            whom.learn("mill.example", |each| {
                each(&own);
                each(&line);
                Ok::<_, TooMany>(())
            })
            .unwrap();
            let sets = [&whom.accounts, &whom.handles, &whom.addresses, &whom.posts];
            let found = sets.map(|set| set.iter().map(String::as_str).collect::<Vec<_>>().join(" "));
            assert_eq!(found, ["42", "ada@a.example", "https://web.example/people/7", "5"], "{named}: {line}");
            assert_eq!(whom.known, whom.named);
        }
        // Where no mentions are kept, the name is to be said.
        post.as_object_mut().unwrap().remove("mentions");
        post["content"] = r#"<a href="https://a.example/@ada">@<span>ada</span></a>, ada@a.example"#.into();
        let mut whom = Whom::default();
        whom.add_account(Named::parse("42=ada@a.example", "mill.example").unwrap());
        assert!(whom.named.is_empty(), "nobody who has the name now is taken for them");
        let namesake = json!({"id": "8", "account": {"id": "10", "acct": "ada@a.example"}}).to_string();
        whom.learn("mill.example", |each| {
            each(&own);
            each(&namesake);
            each(&post.to_string());
            Ok::<_, TooMany>(())
        })
        .unwrap();
        assert_eq!((whom.accounts.len(), whom.posts.len()), (1, 1));
        let finder = whom.finder("mill.example").unwrap();
        assert_eq!(finder.left(&own), Left::Nothing);
        assert!(matches!(finder.left(&post.to_string()), Left::Redacted(line) if !line.contains("ada")));
        assert!(matches!(finder.left(&namesake), Left::Redacted(line) if line.contains("\"10\"")));
    }

    #[test]
    fn of_an_address_the_host_is_left_and_not_looked_for_again() {
        for (address, left) in
            [("https://ada.example", None), ("https://ada.example/", None), ("https://ada.example/7", Some(""))]
        {
            let whom = Whom { addresses: [address.into()].into(), ..Whom::default() };
            let redacted = whom.finder("mill.example").unwrap().redacted(&format!("{address}/8"));
            assert_eq!(redacted, left.map(|path| format!("https://ada.example/{path}")), "{address}");
        }
    }

    #[test]
    fn they_are_found_however_json_writes_them_and_not_in_what_is_like_them() {
        let whom = ada();
        let finder = whom.finder("mill.example").unwrap();
        for line in [
            r#"{"a":"42"}"#,
            r#"{"a":142,"b": 42}"#,
            r#"{"acct":"EVA"}"#,
            r#"{"a":"\u0034\u0032"}"#,
            r#"{"a":"\u0041da@a.example"}"#,
            r#"{"a":"https:\/\/a.example\/@ada"}"#,
            r#"{"a":"@\u003cspan\u003eeva\u003C/span\u003e"}"#,
            "@<span>Eva</span>",
        ] {
            assert!(finder.may_have(line), "{line}");
        }
        for line in [
            r#"{"a":"142","b":421,"c":"a42"}"#,
            r#"{"a":"eva and nada \u003cb\u003e \u0026 \ud83d\ude00 \u2028 \n"}"#,
            r#"{"a":"https://b.example/ada"}"#,
        ] {
            assert!(!finder.may_have(line), "{line}");
        }
        let mut umlaut = Whom::default();
        umlaut.add_account(Named::parse("ada@bücher.example", "mill.example").unwrap());
        let finder = umlaut.finder("mill.example").unwrap();
        assert!(finder.may_have(r#"{"acct":"ada@b\u00FCcher.example"}"#) && !finder.may_have(r#"{"a":"\u00fd"}"#));
    }

    #[test]
    fn a_post_is_theirs_where_they_wrote_or_boosted_it_or_somebody_boosted_theirs() {
        let mut whom = ada();
        whom.posts.clear();
        let finder = whom.finder("mill.example").unwrap();
        let post = r#"{"id":"7","account":{"id":42,"acct":"Ad\u0061@a.example"}}"#;
        let boost = format!(r#"{{"id":"9","account":{{"id":"5"}},"reblog":{post}}}"#);
        assert_eq!((finder.theirs(post), finder.theirs(&boost)), (Some(post), Some(post)));
        for others in [
            r#"{"id":"42","account":{"id":"421","acct":"ada"}}"#,
            r#"{"id":"1","account":{"id":"5","acct":"ada@b.example"}}"#,
            r#"{"id":"1","account":{"url":"42"}}"#,
            "42",
            "[",
        ] {
            assert_eq!(finder.theirs(others), None, "{others}");
        }
        let deep = format!(r#"{{"id":"1","account":{{"id":"42"}},"x":{}1{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
        assert_eq!(finder.theirs(&deep), None);
        assert_eq!(finder.left(&deep), Left::Redacted(NO_OBJECT.into()));
        assert!(finder.told_by(&deep).is_empty());
    }

    /// Values in which something of them may be, or not.
    fn values() -> impl Strategy<Value = Value> {
        let texts = [
            "42",
            "777",
            "7",
            "",
            "ada@a.example",
            "Eva",
            "bob",
            "@eva and nada@a.example",
            "<a href='https://a.example/@ada'>@<span>ada</span>",
        ];
        let plain = prop_oneof![
            select(texts.to_vec()).prop_map(Value::from),
            select(vec![json!(null), json!(true), json!(42), json!(777), json!(1.5)]),
        ];
        let names = "id acct account mentions reblog quote quoted_status deleted in_reply_to_id in_reply_to_account_id after url \u{1}\"é x";
        let names: Vec<String> = names.split(' ').map(str::to_owned).collect();
        plain.prop_recursive(5, 40, 5, move |inner| {
            prop_oneof![
                1 => vec(inner.clone(), 0..4).prop_map(Value::from),
                3 => btree_map(select(names.clone()), inner, 0..5).prop_map(|fields| json!(fields)),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_is_written_otherwise_and_then_there_is_no_more(value in values()) {
            let line = json!({"x": value, "mentions": [value]}).to_string();
            let line = if value.is_object() { value.to_string() } else { line };
            let whom = ada();
            let finder = whom.finder("mill.example").unwrap();
            let mut walk = Walk { sought: &whom, finder: Some(&finder), taken: Whom::default() };
            let is_found = walk.is_in_object(&line, "", Line::DEPTH).unwrap();
            let mut written = String::new();
            let is_left = walk.object(&line, "", Line::DEPTH, &mut written).unwrap();
            prop_assert_eq!(is_found, !is_left || written != line);
            if is_found {
                prop_assert!(finder.may_have(&line), "{}", line);
                prop_assert_eq!(finder.left(&line), if is_left { Left::Redacted(written.clone()) } else { Left::Nothing });
            }
            prop_assert!(!is_left || finder.left(&written) == Left::Same, "{}", written);
        }
    }
}

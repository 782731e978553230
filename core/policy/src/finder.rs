//! Finds accounts and posts in lines and texts, and learns from lines by what they are known.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use sonic_rs::to_array_iter;
use tootmill_links::anchors;
use tootmill_metric::{BadLine, Line};

use crate::{
    fields::Unsound,
    left::{Left, left},
    policy::NO_OBJECT,
    status::{Known, Status},
    whom::Whom,
    words::Words,
};

/// Finds them in lines.
#[derive(Clone, Debug)]
pub struct Finder<'w> {
    whom: &'w Whom,
    /// The host of the instance, which names of its own people are without.
    instance: String,
    /// Their ids.
    ids: Words<'w>,
    /// Ids of theirs that are no words, then their names and addresses, then what may hide one of these.
    any: AhoCorasick,
    /// How many such ids that has, and how many ids, names and addresses.
    odd_ids: usize,
    plain: usize,
    /// What is taken out of texts, and by what it is replaced.
    texts: AhoCorasick,
    replacements: Vec<String>,
}

/// Too many of them, or none that can be looked for.
#[derive(Debug, thiserror::Error)]
#[error("cannot look for so many accounts and posts at once: {0}")]
pub struct TooMany(#[from] aho_corasick::BuildError);

impl Whom {
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
        let (ids, odd_ids) = Words::of(self.accounts.iter().chain(&self.posts));
        let (any, plain) = self.needles(&odd_ids, &texts);
        // The fastest kind takes about half a kilobyte for each byte that is looked for.
        let is_small = any.iter().map(String::len).sum::<usize>() < 1 << 19;
        let kind = is_small.then_some(AhoCorasickKind::DFA);
        let any = AhoCorasick::builder().ascii_case_insensitive(true).kind(kind).build(any)?;
        let mut found = AhoCorasick::builder();
        let texts = found.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(&texts)?;
        Ok(Finder {
            whom: self,
            instance: instance.into(),
            ids,
            any,
            odd_ids: odd_ids.len(),
            plain,
            texts,
            replacements,
        })
    }

    /// What a line has in which something of them is, beside ids that are words: other ids, names and texts, and what may hide one.
    /// Also how many hide nothing.
    fn needles(&self, odd_ids: &[&String], texts: &[String]) -> (Vec<String>, usize) {
        let mut needles: Vec<String> = odd_ids.iter().copied().cloned().collect();
        needles.extend(self.handles.iter().map(|handle| format!("\"{handle}\"")));
        // A tag may stand in JSON with escapes, as Mastodon writes it.
        let has_tag = texts.iter().filter(|text| text.contains('<'));
        needles.extend(has_tag.map(|text| text.replace('<', "\\u003c").replace('>', "\\u003e")));
        needles.extend_from_slice(texts);
        let plain = needles.len();
        needles.extend(disguises(self.accounts.iter().chain(&self.posts).chain(texts)));
        (needles, plain)
    }
}

impl Finder<'_> {
    /// Whom it finds.
    pub fn whom(&self) -> &Whom {
        self.whom
    }

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

    /// A text without their names and addresses, where there are any. Where markup is odd, one may come to light only once another is
    /// gone; of a text that is made to hide more of them so, nothing is left.
    pub fn redacted(&self, text: &str) -> Option<String> {
        const TIMES: usize = 8;
        let mut redacted = self.redacted_once(text)?;
        for _ in 0..TIMES {
            match self.redacted_once(&redacted) {
                Some(again) if again != redacted => redacted = again,
                _ => return Some(redacted),
            }
        }
        Some(String::new())
    }

    fn redacted_once(&self, text: &str) -> Option<String> {
        let (mut redacted, mut from) = (String::new(), 0);
        let mut links = Links { text, read: 0, address: None };
        for (found, replacement) in self.whole_in(text) {
            let markup = text.get(found.clone()).filter(|found| found.ends_with('>'));
            let is_of_another = markup.is_some_and(|markup| {
                links.around(found.start).is_some_and(|address| !self.is_named_in(address, markup))
            });
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

    /// Whether an address is one of theirs, has a name of theirs in it, or is at the host of whoever has the name in the markup
    /// that links there, or below that host: servers of other kinds have profiles at other paths.
    fn is_named_in(&self, address: &str, markup: &str) -> bool {
        let is_of_handle = |handle: &String| {
            let (user, host) = handle.split_once('@').unwrap_or((handle, &self.instance));
            let is_user = markup.to_lowercase().contains(&format!(">{user}<"));
            let of_address = address.split('/').nth(2).unwrap_or_default().to_lowercase();
            is_user && of_address.strip_suffix(host).is_some_and(|below| below.is_empty() || below.ends_with('.'))
        };
        self.whom.addresses.contains(address)
            || self.whole_in(address).next().is_some()
            || self.whom.handles.iter().any(is_of_handle)
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

    /// Whether a line of JSON that is no observation tells of them: whether one of its texts is an id of theirs or ends with one, or
    /// has a name or an address.
    pub fn is_told_by(&self, line: &str) -> bool {
        self.has_text(line, |_| true) || self.redacted(line).is_some()
    }

    /// The same of what has no ids but those of posts.
    pub fn is_told_by_posts(&self, line: &str) -> bool {
        self.has_text(line, |id| self.whom.posts.contains(id)) || self.redacted(line).is_some()
    }

    /// The same of what has no ids but those of accounts.
    pub fn is_told_by_accounts(&self, line: &str) -> bool {
        self.has_text(line, |id| self.whom.accounts.contains(id)) || self.redacted(line).is_some()
    }

    /// Whether a text of JSON is one of the ids that are meant, or ends with one.
    fn has_text(&self, line: &str, is_meant: impl Fn(&str) -> bool) -> bool {
        let is_text = |found: Range<usize>| {
            let before = line.get(..found.start).is_some_and(|before| before.ends_with(['"', ' ']));
            let behind = line.get(found.end..).is_some_and(|rest| rest.starts_with('"'));
            before && behind && line.get(found).is_some_and(&is_meant)
        };
        let odd = self.any.find_overlapping_iter(line).filter(|found| found.pattern().as_usize() < self.odd_ids);
        self.ids.find_iter(line).chain(odd.map(|found| found.range())).any(is_text)
    }

    /// Whether a line has an id, or one of the first so many needles. An id within a longer one is another one.
    fn finds(&self, line: &str, needles: usize) -> bool {
        if self.ids.find_iter(line).next().is_some() {
            return true;
        }
        if self.odd_ids == 0 && needles == usize::MAX {
            return self.any.is_match(line);
        }
        self.any.find_overlapping_iter(line).any(|found| {
            let needle = found.pattern().as_usize();
            needle < needles && (needle >= self.odd_ids || stands_alone(line, found.range()))
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
        let lower = between.to_ascii_lowercase();
        let is_end = |behind: &str| behind.starts_with(|next: char| next == '>' || next == '/' || next.is_whitespace());
        let mut ends = lower.rmatch_indices("</a").map(|(at, _)| at);
        let end = ends.find(|at| lower.get(at + 3..).is_some_and(is_end));
        let (is_closed, behind) = (end.is_some(), between.get(end.unwrap_or_default()..).unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{named::Named, whom::tests::ada};

    #[test]
    fn a_name_is_known_where_an_id_stands_with_it() {
        for (acct, id, known) in [("Eva", "9", 1), ("eva", "", 0), ("bob", "9", 0), ("x", "42", 0)] {
            let line = json!({"id": "1", "account": {"id": id, "acct": acct}});
            assert_eq!(ada().finder("mill.example").unwrap().told_by(&line.to_string()).known.len(), known, "{line}");
        }
    }

    #[test]
    fn markup_of_a_name_goes_where_its_link_leads_to_them_or_where_there_is_none() {
        let mut whom = ada();
        whom.addresses.extend(["https://web.a.example/people/7", "https://ada.example/"].map(str::to_owned));
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
            ("<a href='https://ada.example/'>", "<a href='https://ada.example/'>"),
            // Other kinds of servers have other paths, which stay where nothing told them.
            ("<a href='https://a.example/ada'>", "<a href='https://a.example/ada'>"),
            ("<a href='https://Web.a.example/7'>", "<a href='https://Web.a.example/7'>"),
            ("<A href='https://b.example/'>x</A>", "<A href='https://b.example/'>x</A>"),
            ("<a href='https://b.example/'>x</a >", "<a href='https://b.example/'>x</a >"),
            ("<a>", "<a>"),
            ("", ""),
        ] {
            let text = format!("{of_another} {begin}{theirs}</a> {of_another}");
            assert_eq!(finder.redacted(&text), Some(format!("{of_another} {left}</a> {of_another}")));
        }
    }

    #[test]
    fn names_within_names_go_and_of_a_text_that_has_too_many_nothing_is_left() {
        let whom = ada();
        let finder = whom.finder("mill.example").unwrap();
        for (times, left) in [(1, "x "), (2, "x "), (8, "x "), (9, ""), (10_000, "")] {
            let text = format!("x {}{}", "@".repeat(times), "<span>ada</span>".repeat(times));
            assert_eq!(finder.redacted(&text).as_deref(), Some(left), "{times}");
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
}
